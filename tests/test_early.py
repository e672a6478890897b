"""What is refused before anything is compiled: folders that cannot be written, a full disk, too little memory."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import early
from bench.errors import InputError
from bench.pipeline import run_study
from bench.plan import planner
from bench.plan.memory import LAID_OUT, ON_DEVICE, ORDER_BYTES
from bench.planning import Settings, planned
from bench.spec import Grid

ROOT = Path(__file__).parents[1]
COPIES = LAID_OUT + ON_DEVICE  # on one device
GRID = Grid({"data": "iris", "model": "mlp", "steps": 30, "learning_rate": [0.1, 0.2, 0.3], "checkpoints": 10})


@pytest.fixture
def programs(catalogue, trial, tmp_path, devices):
    return planned(trial(GRID), catalogue, Settings("quick", tmp_path, devices)).programs


def run(parts, trial, tmp_path, devices, **more):
    compiled = []
    with pytest.raises(InputError) as refused:
        run_study(trial(GRID), parts, Settings("quick", tmp_path / "out", devices, **more), compiled.append)
    assert not compiled
    assert not (tmp_path / "out").exists()
    return str(refused.value)


def test_a_disk_without_room_for_the_tables_is_refused(parts, trial, tmp_path, devices, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    said = run(parts, trial, tmp_path, devices)
    assert "the tables need about 0.0 MB, and the disk has 0.0 MB free; make room, or choose another folder" in said


@pytest.mark.parametrize(("workers", "words"), [(0, "--lanes, or fewer seeds"), (2, "--lanes or fewer --workers, or")])
def test_memory_that_the_largest_program_does_not_fit_into_is_refused(
    workers, words, parts, trial, tmp_path, devices, monkeypatch
):
    monkeypatch.setattr(early, "free_memory", lambda: 1000.0)
    said = run(parts, trial, tmp_path, devices, workers=workers)
    assert " (1 runs, 1 computed together) needs about " in said  # nothing smaller is left
    assert f" of memory, and 0.0 MB are free: give a smaller {words}" in said


def test_where_the_system_does_not_say_how_much_memory_there_is_nothing_is_refused(programs, devices, monkeypatch):
    monkeypatch.setattr(early, "free_memory", lambda: None)
    early.room(early.Path(), programs, devices)


@pytest.mark.slow
def test_what_is_saved_needs_no_room(parts, trial, tmp_path, devices, monkeypatch):
    settings = Settings("quick", tmp_path, devices)
    run_study(trial(GRID), parts, settings)
    monkeypatch.setattr(early, "free_memory", lambda: 1000.0)
    assert run_study(trial(GRID), parts, settings).trained == 0


def test_the_memory_of_a_gpu_is_what_it_says(programs, tmp_path):
    gpu = SimpleNamespace(platform="gpu", memory_stats=lambda: {"bytes_limit": 100})
    with pytest.raises(InputError, match=r"of memory, and 0\.0 MB are free"):
        early.room(tmp_path, programs, [gpu])


def test_more_runs_seeds_and_checkpoints_need_more_memory(programs):
    (program,) = programs
    needed = early.memory_of(program, 1)
    assert early.memory_of(dataclasses.replace(program, record_bytes=2 * program.record_bytes), 1) > needed
    minibatch = dataclasses.replace(program, static={**program.static, "batch_size": 8})
    assert early.memory_of(minibatch, 1) == needed + COPIES * 30 * 8 * ORDER_BYTES


def test_the_rows_that_every_seed_has_for_itself_count_once_per_seed(catalogue, trial, tmp_path, devices):
    """2000 measurements of a thousand targets in float64 are 16 MB; a table that all seeds share is one."""
    axes = {"data.rows": 2000, "data.draws": 1000, "dtype": "float64", "model": "linear", "steps": 1, "probes": "off"}
    axes |= {"batch_size": 1, "checkpoints": "end", "seed": [0, 1, 2]}
    rows = 2000 * 8 * 1e3
    for data, size in (("measurements", 3 * rows), ("pool", rows)):
        (program,) = planned(
            trial(Grid({"data": data, **axes})), catalogue, Settings("quick", tmp_path, devices)
        ).programs
        assert early.memory_of(program, 1) == pytest.approx(COPIES * size, rel=0.1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="NOT RUN: no /proc to read memory from")
def test_the_estimate_of_a_stream_is_what_a_process_takes(tmp_path):
    """40 seeds of 500 measurements of 500 targets, 80 MB: the largest that the process becomes, and the estimate."""
    here = {"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "cwd": tmp_path}
    found = subprocess.run([sys.executable, "-c", STREAM], capture_output=True, text=True, check=True, **here)
    estimate, grown = map(float, found.stdout.split())
    assert 0.5 * grown < estimate < 2.5 * grown


STREAM = """
from pathlib import Path
from bench.measure import Compiler, execute
from bench.parts import Catalogue, default_parts
from bench.plan import memory_of, plan
from bench.spec import Grid
from bench.train import configure
grown = lambda: int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
devices, catalogue = configure(), Catalogue(default_parts())
axes = {"data": "measurements", "data.rows": 500, "data.draws": 500, "split": "own", "scaling": "raw"}
axes |= {"model": "linear", "batch_size": 1, "order": "sequential", "steps": 500, "checkpoints": "end"}
axes |= {"probes": "off", "dtype": "float64"}
(program,) = plan([Grid({**axes, "seed": list(range(40))})], catalogue.describe, "x").programs
before = grown()
(done,) = execute([program], lambda p: catalogue.tables(p.static, p.lanes["seed"]), Compiler(catalogue.parts, devices))
assert done.outcome, done.error
print(memory_of(program, len(devices)), 1024 * (grown() - before))
"""


@pytest.mark.slow
def test_a_program_that_would_return_too_much_is_split_and_gives_the_same(parts, trial, tmp_path, devices, monkeypatch):
    study = trial(dataclasses.replace(GRID, axes={**GRID.axes, "lanes": 1}))
    whole = run_study(study, parts, Settings("quick", tmp_path / "whole", devices[:1]))
    monkeypatch.setattr(planner, "MOST_RECORDS", 2 * whole.plan[0].record_bytes)
    split = run_study(study, parts, Settings("quick", tmp_path / "split", devices[:1]))
    assert ([p.width for p in whole.plan], [p.width for p in split.plan]) == ([3], [2, 1])
    losses = [one.evidence.runs.set_index("learning_rate")["final_train_loss"].to_dict() for one in (whole, split)]
    assert losses[0] == losses[1]


def test_folders_of_all_studies_are_looked_at_first(tmp_path, monkeypatch):
    early.folders(tmp_path / "new" / "results", ["a", "b"], "full")
    assert not list(tmp_path.iterdir())
    (tmp_path / "b").write_text("a file")
    with pytest.raises(InputError, match=r"cannot write .*/b: Not a directory; choose another folder with --out"):
        early.folders(tmp_path, ["a", "b"], "full")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="Permission denied"):
        early.folders(tmp_path, ["a"], "full")


def test_a_manifest_of_a_later_version_is_refused_before_another_study_is_trained(tmp_path):
    folder = tmp_path / "b" / "full"
    folder.mkdir(parents=True)
    (folder / "manifest-0.json").write_text('{"programs": [], "schema": 999}')
    with pytest.raises(InputError, match="is of schema 999"):
        early.folders(tmp_path, ["a", "b"], "full")
