"""The union of results of one plan: complete, only if all agree, and without what is damaged."""

import json
import shutil

import pandas as pd
import pyarrow as pa
import pytest

import bench
from bench import merge
from bench.store import Folder

AXES = {
    "data": "iris",
    "model": "softmax",
    "steps": 4,
    "learning_rate": [0.1, 0.2],
    "scaling": ["raw", "standard", "minmax"],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, devices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESCENTBENCH_CACHE", "off")
        return bench.run_grid(AXES, name="mine", out=tmp_path_factory.mktemp("results")).path


@pytest.fixture
def shards(whole, tmp_path):
    """Two results that hold the programs 0, 1 and 1, 2."""
    paths = []
    for name, without in (("a", 2), ("b", 0)):
        path = tmp_path / name / "mine" / "full"
        shutil.copytree(whole, path)
        (path / "programs" / f"{Folder(path).saved()[without]}.zip").unlink()
        paths.append(path)
    return paths


def merged(shards, tmp_path):
    return merge.main([*map(str, shards), "--out", str(tmp_path / "c")])


def test_the_union_is_the_whole_result(whole, shards, tmp_path, capsys):
    assert merged([shards[0].parent, shards[1]], tmp_path) == 0
    assert "3 of 3 programs" in capsys.readouterr().out
    found = bench.load("mine", out=tmp_path / "c")
    for name in ("runs", "curves"):
        pd.testing.assert_frame_equal(found[name], pd.read_parquet(whole / f"{name}.parquet"))
    assert merged(shards, tmp_path) == 0  # again, into what is there


def test_copies_that_disagree_stop_it_before_anything_is_written(shards, tmp_path, capsys):
    key = Folder(shards[0]).saved()[1]
    tables = Folder(shards[1]).tables(key)
    other = tables["curves"].set_column(0, "run", tables["curves"]["run"])
    losses = pa.array(tables["curves"]["train_loss"].to_numpy() + 1)
    other = other.set_column(other.column_names.index("train_loss"), "train_loss", losses)
    (shards[1] / "programs" / f"{key}.zip").unlink()
    Folder(shards[1]).commit(key, {**tables, "curves": other})
    assert merged(shards, tmp_path) == 2
    assert "differ in the table 'curves' of program" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_what_is_damaged_is_named_and_replaced_by_a_whole_copy(shards, tmp_path, capsys):
    first, both = Folder(shards[0]).saved()
    (shards[0] / "programs" / f"{both}.zip").write_bytes(b"PK")
    assert merged(shards, tmp_path) == 0
    assert f"left aside: {shards[0] / 'programs' / both}.zip is damaged" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "c")
    (shards[0] / "programs" / f"{first}.zip").write_bytes(b"PK")
    assert merged(shards, tmp_path) == 3  # the only copy
    assert "2 of 3 programs" in capsys.readouterr().out


def test_other_plans_are_refused(shards, tmp_path, capsys):
    path = shards[1] / "manifest-0.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"code": "other"}))
    assert merged(shards, tmp_path) == 2
    assert "are of different plans (different: code); merge results of one plan" in capsys.readouterr().err
    assert merge.main([str(shards[0]), "--out", str(tmp_path / "c")]) == 2
    assert merge.main([str(shards[0]), str(tmp_path), "--out", str(tmp_path / "c")]) == 2
    assert not (tmp_path / "c").exists()
