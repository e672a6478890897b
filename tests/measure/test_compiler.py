"""What is compiled once, what with which options, and what is there before it is asked for."""

import dataclasses
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bench.measure import Compiler, execute, runner
from bench.measure import compiler as module
from bench.train import prepare


@pytest.mark.slow
@pytest.mark.parametrize(
    ("axes", "stages"),
    [
        ({"steps": 4}, set()),
        ({"checkpoints": 1}, set()),
        ({"probes": "norms"}, {"look"}),
        ({"init": "normal"}, {"begin"}),
        ({"schedule": "inverse_time"}, {"advance"}),
        ({"optimizer": "momentum"}, {"begin", "advance"}),
        ({"dtype": "float64"}, {"begin", "advance", "look"}),
        ({"l2": 0.1}, {"begin", "advance", "look"}),
        ({"data": "wine"}, {"begin", "advance", "look"}),
    ],
)
def test_programs_that_differ_otherwise_share_what_stays_the_same(axes, stages, programs, parts, devices, tables):
    compiler = Compiler(parts, devices)
    (plain,), (other,) = programs({}), programs(axes)
    before = compiler(plain, tables(plain))
    after = compiler(other, tables(other))
    again = [one is two for one, two in zip(before.executables, after.executables, strict=True)]
    assert again == [name not in stages for name in ("begin", "advance", "look")]
    alone = Compiler(parts, devices)(other, tables(other))
    shared, own = (one.prepared.outcome(one.prepared.run(one.executables)) for one in (after, alone))
    for table in ("runs", "curves", "layers"):
        for name, array in getattr(own, table).items():
            np.testing.assert_array_equal(getattr(shared, table)[name], array)


@pytest.mark.slow
def test_programs_of_other_compiler_options_are_compiled_each(programs, parts, devices, tables):
    """Else a run's last bits would depend on what ran before it in the same process."""
    compiler = Compiler(parts, devices)
    (program,) = programs({})
    if module._known(module.PLAIN) == module._known(module.QUICK):
        pytest.skip("this version of XLA knows one set of options only")
    short, long = (compiler(dataclasses.replace(program, flops=flops), tables(program)) for flops in (1.0, 1e15))
    assert short.executables[1] is not long.executables[1]


@pytest.mark.parametrize(("products", "chosen"), [(0.9, module.RAW), (1.1, module.PLAIN)])
def test_what_little_is_looked_at_is_compiled_at_level_0(products, chosen, programs, parts, devices, tables):
    (program,) = programs({"seed": [0, 1]})
    table = tables(program)
    begin, advance, look = prepare(program, parts, table, devices).stages
    rows, weights = len(table[0].x), 4 * 3 + 3
    assert look.products == rows * weights * program.width * len(program.checkpoints)
    assert begin.products == advance.products == math.inf
    limit = look._replace(products=products * module.LITTLE)
    assert module._options(program, limit, "cpu") == module._known(chosen)
    assert module._options(program, limit, "gpu") is None


@pytest.mark.slow
def test_few_executables_are_kept(programs, parts, devices, tables, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    compiler = Compiler(parts, devices)
    for program in programs(*({"steps": steps} for steps in (3, 4, 5))):
        next(execute([program], tables, compiler))
    assert len(compiler._kept) == 2


def test_threads_that_need_the_same_stages_compile_them_once(programs, parts, devices, tables, monkeypatch):
    made = []
    real = module._executable
    monkeypatch.setattr(module, "_executable", lambda *given: made.append(given) or real(*given))
    compiler, (program,) = Compiler(parts, devices), programs({})
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: compiler(program, tables(program)), range(4)))
    assert len(made) == 3
    assert all(one.executables == found[0].executables for one in found)
    assert sum(one.compile_seconds > 0 for one in found) == 1


def test_a_program_that_fails_takes_none_down_that_shares_stages_with_it(programs, parts, devices, tables, monkeypatch):
    compiler, (good, bad) = Compiler(parts, devices), programs({}, {"schedule": "inverse_time"})
    real, claimed = module._compile, threading.Event()

    def fails_slowly(stages):
        if any("inverse_time" in key for key in stages):
            claimed.set()
            time.sleep(0.5)  # the other one comes to wait for its begin and look
            raise MemoryError
        return real(stages)

    monkeypatch.setattr(module, "_compile", fails_slowly)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(compiler, bad, tables(bad))
        claimed.wait()
        other = pool.submit(compiler, good, tables(good))
    assert isinstance(one.exception(), MemoryError)
    assert other.result().compile_seconds > 0


@pytest.mark.slow
def test_programs_that_are_expected_are_compiled_while_the_last_ones_run(programs, parts, devices, tables):
    compiler = Compiler(parts, devices)
    now, next_ = programs({"steps": 3}), programs({"steps": 4, "width": 3, "model": "mlp"})
    expected = iter([(program, tables) for program in next_])
    list(execute(now, tables, compiler, expected=expected))
    begun = compiler._begun[next_[0].key]
    assert begun.result().compile_seconds > 0
    (done,) = execute(next_, tables, compiler)
    assert compiler.expecting == 0
    assert done.ledger.compile_seconds == begun.result().compile_seconds


def test_nothing_is_compiled_beside_programs_whose_seconds_matter(programs, parts, devices, tables):
    compiler, done = Compiler(parts, devices), []
    (now,), (next_,) = programs({"steps": 3}), programs({"steps": 4, "optimizer": "adam"})
    compiler.expect(next_, tables)

    def looked(program):
        done.append(compiler._begun[next_.key].done())
        return tables(program)

    later = iter([(next_, tables)])
    list(execute([now], looked, compiler, timed=True, expected=later))
    assert done == [True]
    assert next(later)[0] is next_


def test_of_what_is_expected_no_more_is_compiled_than_of_what_is_asked_for(programs, parts, devices, tables):
    compiler = Compiler(parts, devices)
    some = programs(*({"steps": steps} for steps in range(3, 12)))
    expected = iter([(program, tables) for program in some[1:]])
    list(execute(some[:1], tables, compiler, expected=expected))
    assert compiler.expecting == runner.AHEAD


def test_a_closed_compiler_begins_with_nothing_more(programs, parts, devices, tables):
    compiler = Compiler(parts, devices)
    started, go_on = threading.Event(), threading.Event()

    def slow(program):
        started.set()
        go_on.wait()
        return tables(program)

    for program in programs(*({"steps": steps} for steps in range(3, 3 + module.THREADS + 1))):
        compiler.expect(program, slow)
    started.wait()
    threading.Timer(0.2, go_on.set).start()
    compiler.close()
    *running, last = compiler._begun.values()
    assert all(one.result() for one in running)
    assert last.cancelled()
