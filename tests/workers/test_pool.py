"""Worker processes: the same bits as here, one that is lost costs its own program alone, and none is left behind."""

import os
import signal
import time

import jax
import numpy as np
import pytest

from bench.errors import InputError
from bench.measure import Compiler, InProcess
from bench.parts import Catalogue
from bench.pipeline import run_study
from bench.plan import plan
from bench.planning import Settings
from bench.spec import Grid
from bench.workers import Work, Workers, packed, pool, shares

pytestmark = pytest.mark.slow  # a process that imports JAX takes seconds to start
LOOK = {"data": "iris", "split": "120/30", "model": "mlp", "depth": 1, "batch_size": 8, "epochs": 2, "seed": [0, 1]}
LOOK |= {"learning_rate": [0.01, 0.1, 1e30], "probes": [("norms", "parameters")]}


def programs_of(parts, *axes):
    catalogue = Catalogue(parts)
    programs = plan([Grid(LOOK | own) for own in axes], catalogue.describe, "x").programs
    return programs, lambda program: catalogue.tables(program.static, program.lanes["seed"])


def bits(executor, programs, tables):
    """Key of a program -> every array that it returned, as bytes."""
    found = {}
    for done in executor(programs, tables):
        assert not done.error
        kinds = (done.outcome.runs, done.outcome.curves, done.outcome.layers, done.outcome.values)
        found[done.program.key] = {name: array.tobytes() for kind in kinds for name, array in kind.items()}
    return found


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_and_two_workers_give_the_same_bits_as_this_process(parts, devices, start):
    programs, tables = programs_of(parts, *({"width": width} for width in (2, 3, 4)))
    here = bits(InProcess(Compiler(parts, devices[:1])), programs, tables)
    assert len(here) == 3
    assert bits(start(parts, 1), programs, tables) == here
    assert bits(start(parts, 2), programs, tables) == here


def test_a_worker_with_several_devices_and_all_cores_gives_the_bits_of_this_process(parts, devices):
    programs, tables = programs_of(parts, {"width": 2}, {"width": 3})
    own = shares(1, devices)
    with Workers(parts, Work(packed(parts), "cpu", own[0].devices, None, False), own) as workers:
        found = bits(workers, programs, tables)
    assert found == bits(InProcess(Compiler(parts, devices)), programs, tables)


def test_it_does_not_matter_which_worker_trains_a_wide_network(parts, devices):
    """Large matrix products are arranged by the cores that there are, and every worker has as many."""
    wide = {"data": "digits", "split": "all", "depth": 2, "width": 128, "batch_size": "full", "epochs": 3}
    programs, tables = programs_of(parts, wide | {"learning_rate": 0.1})
    found = []
    for own in shares(len(devices), devices):
        with Workers(parts, Work(packed(parts), "cpu", own.devices, None, False), [own]) as workers:
            found.append(bits(workers, programs, tables))
    assert len(found) == len(devices)
    assert all(one == found[0] for one in found)


@pytest.fixture(scope="module")
def one(parts, devices):
    """One worker, for several tests."""
    with Workers(parts, Work(packed(parts), "cpu", 1, None, False), shares(1, devices[:1])) as workers:
        yield workers


def test_a_worker_is_used_again_and_its_ledger_says_how_many_there_were(parts, one):
    programs, tables = programs_of(parts, {"width": 6})
    (first,), (second,) = (list(one(programs, tables)) for _ in range(2))
    assert first.ledger.workers == 1
    assert first.ledger.compile_seconds > 0
    assert second.ledger.compile_seconds == 0
    assert np.isfinite(second.outcome.curves["train_loss"][0]).all()


def test_a_worker_is_replaced_after_many_programs(acting, tmp_path, start):
    parts = acting(lambda: None)
    programs, tables = programs_of(parts, *({"width": width, "optimizer": "acting"} for width in (2, 3, 4)))
    assert len(bits(start(parts, 1, renewed=1), programs, tables)) == 3
    assert len(set((tmp_path / "acted").read_text().split())) == 3


def test_a_worker_that_dies_loses_its_own_program_alone(acting, trial, tmp_path, devices, start):
    parts = acting(lambda: os.kill(os.getpid(), signal.SIGSEGV))
    grids = [Grid(LOOK | {"width": width}) for width in (2, 3, 4)]
    study = trial(*grids, Grid(LOOK | {"width": 5, "optimizer": "acting"}))
    events = []
    with pytest.warns(UserWarning, match="is tried again: its worker process was lost: killed by SIGSEGV") as warned:
        judged = run_study(
            study, parts, Settings("quick", tmp_path, devices), events.append, executor=start(parts, len(devices))
        )
    assert len(warned) == pool.RETRIES
    assert len((tmp_path / "acted").read_text().split()) == 1 + pool.RETRIES
    assert (judged.trained, judged.failed) == (4, 1)
    (error,) = [event.facts["message"] for event in events if event.kind == "error"]
    assert error == "its worker process was lost: killed by SIGSEGV (3 times in a row)"
    status = judged.evidence.programs.set_index("steps")["status"]
    assert sorted(status) == ["crashed", "done", "done", "done"]


def test_a_program_whose_worker_was_lost_once_comes_out_the_same(acting, tmp_path, devices, start):
    """One that is stopped, and killed after its time, is among the faults."""
    parts = acting(lambda: os.kill(os.getpid(), signal.SIGKILL), times=1)
    programs, tables = programs_of(parts, {"width": 2}, {"width": 3, "optimizer": "acting"}, {"width": 4})
    here = bits(InProcess(Compiler(parts, devices[:1])), programs, tables)
    with pytest.warns(UserWarning, match="killed by SIGKILL") as warned:
        assert bits(start(parts, 1), programs, tables) == here
    assert len(warned) == 1
    first, *_, last = (int(pid) for pid in (tmp_path / "acted").read_text().split())
    assert first != last
    assert not alive(first)


def test_who_stops_early_leaves_no_worker_and_may_go_on(parts, start):
    programs, tables = programs_of(parts, *({"width": width, "epochs": 50} for width in (2, 3, 4)))
    workers = start(parts, 1)
    some = workers(programs, tables)
    first = next(some)
    process = workers._processes[0]
    began = time.monotonic()
    some.close()
    assert time.monotonic() - began < 10
    assert not alive(process._process.pid)
    rest = [program for program in programs if program.key != first.program.key]
    assert len(bits(workers, rest, tables)) == 2


def test_programs_that_are_repeated_run_alone_and_last(parts, one):
    programs, tables = programs_of(parts, {"width": 2, "repeats": 2}, {"width": 3}, {"width": 4})
    done = [found.program.static["repeats"] for found in one(programs, tables)]
    assert done == [1, 1, 2]


def test_an_error_of_a_program_is_its_own_and_is_not_tried_again(parts, start):
    def make(hyper):
        raise NotImplementedError("no such hardware")

    broken = parts.added("methods", "broken", parts.methods["sgd"]._replace(make=make))
    programs, tables = programs_of(broken, {"width": 2, "optimizer": "broken"}, {"width": 3})
    done = {one.program.static["width"]: one.error for one in start(broken, 1)(programs, tables)}
    assert done == {2: "NotImplementedError: no such hardware", 3: ""}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "MemoryError"),
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out"), "JaxRuntimeError: RESOURCE_EXHAUSTED: Out"),
    ],
)
def test_a_worker_whose_memory_ran_out_is_replaced(error, said, acting, start, tmp_path):
    def starve():
        raise error

    parts = acting(starve, times=1)
    programs, tables = programs_of(parts, *({"width": width, "optimizer": "acting"} for width in (2, 3)))
    assert [done.error for done in start(parts, 1)(programs, tables)] == [said, ""]
    first, *_, last = (tmp_path / "acted").read_text().split()
    assert first != last


def test_tables_that_cannot_be_made_fail_their_program_alone(parts, one):
    programs, tables = programs_of(parts, {"width": 2}, {"width": 3})

    def fails(program):
        if program.static["width"] == 2:
            raise OSError("disk gone")
        return tables(program)

    done = {found.program.static["width"]: found.error for found in one(programs, fails)}
    assert done == {2: "OSError: disk gone", 3: ""}


def test_warnings_of_a_worker_are_told_here(acting, start):
    def warn():
        import warnings  # noqa: PLC0415 - in another process

        warnings.warn("overflow in exp", RuntimeWarning, stacklevel=1)

    parts = acting(warn)
    programs, tables = programs_of(parts, {"width": 2, "optimizer": "acting"})
    with pytest.warns(UserWarning, match="RuntimeWarning: overflow in exp"):
        bits(start(parts, 1), programs, tables)


def test_a_worker_with_other_sources_is_refused(parts, start, monkeypatch):
    programs, tables = programs_of(parts, {"width": 2}, {"width": 3})
    workers = start(parts, 1)
    monkeypatch.setattr(workers, "_work", workers._work._replace(parcel=workers._work.parcel._replace(suite="x")))
    with pytest.raises(InputError, match="the sources of the suite have changed"):
        list(workers(programs, tables))
    assert not any(workers._processes) or not alive(workers._processes[0]._process.pid)


def test_programs_of_no_grid_start_no_worker(parts, start):
    workers = start(parts, 1)
    assert not list(workers([], lambda program: []))
    assert workers._processes == [None]
