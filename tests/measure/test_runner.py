"""Running programs: order, failures, what is compiled once, and an honest ledger."""

import dataclasses

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from bench.measure import Compiler, execute, runner
from bench.parts import Catalogue
from bench.spec import Ledger


def test_results_come_in_the_order_of_the_programs(programs, tables, parts, devices):
    some = programs({"steps": 3}, {"steps": 4}, {"steps": 5}, {"steps": 6}, {"steps": 7})
    done = list(execute(some, tables, Compiler(parts, devices)))
    assert [one.program.key for one in done] == [program.key for program in some]
    assert all(one.outcome is not None and not one.error for one in done)


def test_programs_run_beside_no_threads_of_blas(programs, tables, parts, devices):
    seen = []

    def looked(program):
        seen.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
        return tables(program)

    list(execute(programs({"steps": 3}, {"steps": 4}), looked, Compiler(parts, devices)))
    assert seen == [{1}, {1}]


def test_one_failure_does_not_stop_the_others(programs, parts, devices, tables):
    some = programs({"steps": 3}, {"steps": 4}, {"steps": 5})

    def fails(program):
        if program.steps == 4:
            raise OSError("disk gone")
        return tables(program)

    done = list(execute(some, fails, Compiler(parts, devices)))
    assert [one.error for one in done] == ["", "OSError: disk gone", ""]
    assert done[1].outcome is None
    assert done[1].ledger is None


@pytest.mark.slow
def test_programs_that_differ_in_their_lanes_alone_are_compiled_once(programs, parts, devices, tables):
    compiler = Compiler(parts, devices)
    one, other = programs({"learning_rate": [0.1, 0.2]}), programs({"learning_rate": [0.3, 0.4]})
    first = next(execute(one, tables, compiler))
    second = next(execute(other, tables, compiler))
    assert first.ledger.compile_seconds > 0
    assert (second.ledger.compile_seconds, second.ledger.cache_hit) == (0, True)
    alone = next(execute(other, tables, Compiler(parts, devices)))
    np.testing.assert_array_equal(second.outcome.curves["train_loss"], alone.outcome.curves["train_loss"])


@pytest.mark.slow
def test_timing_is_warm_repeated_and_always_compiled_anew(programs, parts, devices, tables):
    compiler = Compiler(parts, devices)
    for _ in range(2):
        (done,) = execute(programs({}), tables, compiler, timed=True)
        ledger = done.ledger
        assert ledger.timed
        assert ledger.repeats == runner.TIMED_REPEATS
        assert ledger.compile_seconds > 0
        assert ledger.run_seconds > 0
        assert ledger.run_seconds_spread >= 0


def test_the_ledger_is_complete(programs, parts, devices, tables):
    (done,) = execute(programs({}), tables, Compiler(parts, devices))
    ledger = dataclasses.asdict(done.ledger)
    assert set(ledger) == {field.name for field in dataclasses.fields(Ledger)}
    assert all(value >= 0 for value in ledger.values())
    assert (ledger["devices"], ledger["repeats"], ledger["timed"]) == (len(devices), 1, False)
    assert ledger["first_run_seconds"] == ledger["run_seconds"]


@pytest.mark.slow
def test_repeated_executions_must_agree_to_the_last_bit(programs, parts, devices, tables, monkeypatch):
    (done,) = execute(programs({"repeats": 3}), tables, Compiler(parts, devices))
    assert not done.error
    monkeypatch.setattr(runner, "_same", lambda one, other: False)
    (done,) = execute(programs({"repeats": 3}), tables, Compiler(parts, devices))
    assert done.error == "AssertionError: two executions of one program differ"


def test_the_seconds_of_a_repeated_program_leave_out_the_execution_that_warms_up(programs, parts, devices, tables):
    (done,) = execute(programs({"repeats": 4}), tables, Compiler(parts, devices))
    assert done.ledger is not None
    assert (done.ledger.repeats, done.ledger.timed) == (3, False)


def test_leaving_early_cancels_what_waits(programs, parts, devices, tables):
    running = execute(programs({"steps": 3}, {"steps": 4}, {"steps": 5}), tables, Compiler(parts, devices))
    assert next(running).outcome is not None
    running.close()


def test_a_catalogue_of_other_parts_is_never_shared(parts):
    assert Catalogue(parts).tables is not Catalogue(parts).tables
