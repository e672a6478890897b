"""Event files have the curves of the tables, run by run."""

import numpy as np
import pandas as pd
import pytest
from tensorboardX.proto.event_pb2 import Event

from bench import run, track

GRID = """
[grid]
data = "classes"
"data.rows" = 24
scaling = "raw"
model = "softmax"
steps = 4
checkpoints = 2
learning_rate = [0.1, 0.2]
"""


def scalars(folder):
    """`{(name, step): value}` of the one event file in a folder."""
    (path,) = folder.iterdir()
    data, found, place = path.read_bytes(), {}, 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 8], "little")
        event = Event.FromString(data[place + 12 : place + 12 + size])
        found |= {(v.tag, event.step): v.simple_value for v in event.summary.value if v.HasField("simple_value")}
        place += 12 + size + 4
    return found


@pytest.mark.slow
def test_every_finite_point_of_every_curve_is_there(tmp_path, capsys):
    path = tmp_path / "tiny.toml"
    path.write_text(GRID)
    for _ in range(2):  # the second time replaces the first
        assert run.main([str(path), "--track", "tensorboard", "--out", str(tmp_path)]) == 0
        assert "wrote 2 runs for `tensorboard --logdir" in capsys.readouterr().out
    curves = pd.read_parquet(tmp_path / "tiny" / "full" / "curves.parquet")
    for folder in (tmp_path / "tiny" / "full" / "tensorboard").iterdir():
        found, own = scalars(folder), curves[curves["run"].astype(str) == folder.name]
        for name in ("train_loss", "train_accuracy"):
            want = dict(zip(own["step"], own[name], strict=True))
            assert {step: value for (tag, step), value in found.items() if tag == name} == pytest.approx(want)
        assert not any(name == "ewma_loss" and step == 0 for name, step in found)


def test_runs_beyond_the_limit_are_left_out_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(track, "MOST", 1)
    runs = pd.DataFrame({"run": ["a-0", "a-1"], "learning_rate": [0.1, 0.2], "seed": [0, 0]})
    curves = pd.DataFrame({"run": ["a-0", "a-1"], "step": [0, 0], "train_loss": [1.0, np.inf]})
    assert "1 more runs were left out" in track.tensorboard(runs, curves, tmp_path)
    assert [path.name for path in (tmp_path / "tensorboard").iterdir()] == ["a-0"]


def test_bad_input_is_one_sentence(capsys, monkeypatch):
    assert run.main(["--track", "tensorbord"]) == 2
    assert "Did you mean 'tensorboard'" in capsys.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run.main(["--track", "tensorboard"]) == 2
    assert ".[track]" in capsys.readouterr().err
