"""Runs programs, and keeps the time ledger of each.

While one program runs, the next ones are compiled in threads (compilation releases the interpreter lock). When the
point is the timing, nothing overlaps: a program is alone, warm and repeated, and the clock stops when every output is
ready.
"""

import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Any, NamedTuple

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from bench.errors import named
from bench.measure.compiler import Compiled, Compiler, Tables
from bench.spec import Ledger, Outcome, Program

TIMED_REPEATS = 5
AHEAD = 2  # programs compiled ahead of the one that runs


class Executed(NamedTuple):
    """A program, what it returned and what it cost; `error` instead of an outcome where it failed."""

    program: Program
    outcome: Outcome | None
    ledger: Ledger | None
    error: str = ""


def execute(
    programs: Sequence[Program],
    tables: Tables,
    compiler: Compiler,
    timed: bool = False,
    expected: Iterable[tuple[Program, Tables]] = (),
) -> Iterator[Executed]:
    """Trains programs in order.

    Args:
        programs: what to train.
        tables: the table that the seeds of a program share, or one per distinct seed.
        compiler: has the parts and the devices, and what was compiled before.
        timed: whether the timing is the point: no overlap, a warm-up, and repeats.
        expected: programs that are likely to be asked for later, with their tables: they are compiled where no program
            is left to compile.

    Yields:
        One result per program. A program that fails yields its error and the next one goes on.
    """
    alone = timed or any(program.static["repeats"] > 1 for program in programs)  # their seconds may matter too
    if alone:
        compiler.settle()
    ahead = 0 if alone else AHEAD
    own, later = iter(programs), iter(() if alone else expected)
    waiting: deque[Future[Compiled]] = deque()
    # LAPACK in a program is one device's own work: threads of BLAS beside it wait busily, at 10 times its cost.
    with threadpool_limits(1, "blas"):
        try:
            for program in programs:
                waiting += [compiler.begin(one, tables, timed) for one in islice(own, 1 + ahead - len(waiting))]
                for one in islice(later, max(0, 1 + ahead - len(waiting) - compiler.expecting)):
                    compiler.expect(*one)
                yield _finish(program, waiting.popleft(), compiler.devices, timed)
        finally:
            for future in waiting:
                future.cancel()


def _finish(program: Program, compiled: "Future[Compiled]", devices: Sequence[Any], timed: bool) -> Executed:
    try:
        outcome, ledger = _run(compiled.result(), devices, timed, program.static["repeats"])
    except Exception as error:  # one program's failure must not lose the others
        return Executed(program, None, None, named(error))
    return Executed(program, outcome, ledger)


def _run(compiled: Compiled, devices: Sequence[Any], timed: bool, repeats: int) -> tuple[Outcome, Ledger]:
    def once() -> tuple[float, Any]:
        start = time.perf_counter()
        raw = jax.block_until_ready(compiled.prepared.run(compiled.executables))
        return time.perf_counter() - start, raw

    first, raw = once()
    again = [once() for _ in range(TIMED_REPEATS if timed else repeats - 1)]
    for _, other in again:
        if not timed and not all(map(_same, jax.tree.leaves(raw), jax.tree.leaves(other))):
            raise AssertionError("two executions of one program differ")
    seconds = [one for one, _ in again] or [first]
    start = time.perf_counter()
    outcome = compiled.prepared.outcome(raw)
    transfer = time.perf_counter() - start
    flops, accessed = compiled.cost
    return outcome, Ledger(
        compiled.trace_seconds,
        compiled.lower_seconds,
        compiled.compile_seconds,
        first,
        statistics.median(seconds),
        max(seconds) - min(seconds),
        transfer,
        len(seconds),
        len(devices),
        compiled.cache_hit,
        timed,
        flops,
        accessed,
        compiled.peak_bytes,
    )


def _same(one: Any, other: Any) -> bool:
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()
