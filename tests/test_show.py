"""What people see of a single run, and that the command it names gives that run again."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench import run, show, studies
from bench.spec import Grid

GRID = Grid({"data": "iris", "model": "softmax", "steps": 2, "checkpoints": 1, "learning_rate": [0.1, 0.123456789]})


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path, devices, trial):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(studies, "select", lambda asked: [trial(GRID)])


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--seed", "3"], ["--lanes", "1", "--profile", "quick"]])
def test_a_run_shows_its_axes_its_curve_and_a_command_that_gives_it_again(options, capsys):
    assert run.main(["trial", *options]) == 0
    (path,) = Path("results/trial").glob("*/runs.parquet")
    name = pd.read_parquet(path)["run"].astype(str).iloc[1]
    capsys.readouterr()
    assert run.main(["--show", name]) == 0
    text = capsys.readouterr().out
    for part in (name, "learning_rate", "0.123456789", "softmax", "train_loss", "final_train_accuracy"):
        assert part in text
    assert len(re.findall(r"^ +[012] +\d", text, re.MULTILINE)) == 3
    command = text.splitlines()[-1].removeprefix("reproduce: ")
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "bench.run", "trial"]
    assert run.main(words[3:]) == 0
    capsys.readouterr()
    assert run.main(["--show", name, "--out", "again"]) == 0
    drop = lambda lines: [line for line in lines if "seconds" not in line and not re.match(r"^ +\d", line)]  # noqa: E731
    assert drop(capsys.readouterr().out.splitlines()) == drop(text.splitlines())


def test_a_grid_of_ones_own_is_reproduced_by_a_call(capsys):
    made = bench.run_grid(GRID, name="mine")
    name = made["runs"]["run"].astype(str).iloc[0]
    assert run.main(["--show", name]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "reproduce: bench.run_grid(grid, name='mine', out='again') with the same grid"


@pytest.mark.slow
def test_a_run_of_a_program_that_has_others_is_refused(capsys):
    assert run.main(["trial"]) == 0
    (path,) = Path("results/trial").glob("*/runs.parquet")
    key = pd.read_parquet(path)["run"].astype(str).iloc[0].split("-")[0]
    assert run.main(["--show", f"{key}-00099"]) == 2
    assert "has others" in capsys.readouterr().err


def test_the_size_of_a_table_does_not_depend_on_who_reads_it(capsys):
    show.catalogue([studies.get("A02")], ())
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= show.WIDTH for line in lines)
    assert len({len(line) for line in lines[:4]}) == 1
