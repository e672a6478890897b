"""Compiles and runs programs, and keeps the time ledger of each.

While one program runs, the next ones are compiled in a thread (compilation releases the interpreter lock). When the
point is the timing, nothing overlaps: a program is alone, warm and repeated, and the clock stops when every output is
ready.
"""

import functools
import statistics
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from bench.spec import Ledger, Outcome, Parts, Program, Table
from bench.train import Prepared, prepare

TIMED_REPEATS = 5
AHEAD = 2  # programs compiled ahead of the one that runs
KEPT = 32  # executables kept for programs of the same shapes
QUICK: dict[str, Any] = {"xla_backend_optimization_level": 1}  # compiles up to twice as fast, and the code is no slower
# A third faster still; the code is 5 % slower, 35 % in thin batches.
PLAIN: dict[str, Any] = QUICK | {"xla_cpu_use_fusion_emitters": False}
THIN, SHORT, LONG = 8, 1e9, 1e12  # rows of a batch; floating-point operations of a program


class Executed(NamedTuple):
    """A program, what it returned and what it cost; `error` instead of an outcome where it failed."""

    program: Program
    outcome: Outcome | None
    ledger: Ledger | None
    error: str = ""


class _Compiled(NamedTuple):
    prepared: Prepared
    executable: Any
    trace_seconds: float
    lower_seconds: float
    compile_seconds: float
    cache_hit: bool


class Compiler:
    """Turns programs into executables, and keeps the last ones for programs that differ in their lanes alone.

    Whoever holds it decides how long: one study with its rounds of refinement, or several.
    """

    def __init__(self, parts: Parts, devices: Sequence[Any]) -> None:
        self.parts, self.devices = parts, devices
        self.kept: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, program: Program, tables: Sequence[Table], fresh: bool = False) -> _Compiled:
        """The executable of a program, compiled anew if it is to be `fresh`, so that its seconds are measured."""
        prepared = prepare(program, self.parts, tables, self.devices)
        shapes = jax.tree.map(lambda a: (a.shape, str(a.dtype)), prepared.inputs)
        options = _options(program, self.devices[0].platform)
        static = sorted((axis, str(value)) for axis, value in program.static.items())
        key = str((static, shapes, program.checkpoints, options))
        if key in self.kept and not fresh:
            self.kept.move_to_end(key)
            return _Compiled(prepared, self.kept[key], 0.0, 0.0, 0.0, True)
        hits = _cache_hits()
        start = time.perf_counter()
        traced = prepared.function.trace(prepared.inputs)
        traced_at = time.perf_counter()
        lowered = traced.lower()
        lowered_at = time.perf_counter()
        executable = lowered.compile(compiler_options=options)
        compiled_at = time.perf_counter()
        self.kept[key] = executable
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return _Compiled(
            prepared,
            executable,
            traced_at - start,
            lowered_at - traced_at,
            compiled_at - lowered_at,
            _cache_hits() > hits,
        )


def _options(program: Program, platform: str) -> dict[str, Any] | None:
    """The compiler's options: what saves more seconds of compiling than it costs of running."""
    if platform != "cpu":
        return None
    thin = isinstance(program.static["batch_size"], int) and program.static["batch_size"] < THIN
    return _plain() if program.flops < (SHORT if thin else LONG) else QUICK


@functools.cache
def _plain() -> dict[str, Any]:
    """`PLAIN` where this version of XLA knows it, else `QUICK`."""
    try:
        jax.jit(lambda x: x + 1).lower(0.0).compile(compiler_options=PLAIN)
    except jax.errors.JaxRuntimeError:
        return QUICK
    return PLAIN


def execute(
    programs: Sequence[Program],
    tables: Callable[[Program], Sequence[Table]],
    compiler: Compiler,
    timed: bool = False,
) -> Iterator[Executed]:
    """Trains programs in order.

    Args:
        programs: what to train.
        tables: the table that the seeds of a program share, or one per distinct seed.
        compiler: has the parts and the devices, and what was compiled before.
        timed: whether the timing is the point: no overlap, a warm-up, and repeats.

    Yields:
        One result per program. A program that fails yields its error and the next one goes on.
    """

    def compiled(program: Program) -> _Compiled:
        return compiler(program, tables(program), fresh=timed)

    # LAPACK in a program is one device's own work: threads of BLAS beside it wait busily, at 10 times its cost.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(max_workers=1, thread_name_prefix="compile") as pool:
        waiting: list[Future[_Compiled]] = []
        alone = timed or any(program.static["repeats"] > 1 for program in programs)  # their seconds may matter too
        ahead = 0 if alone else AHEAD
        try:
            for position, program in enumerate(programs):
                while len(waiting) <= ahead and position + len(waiting) < len(programs):
                    waiting.append(pool.submit(compiled, programs[position + len(waiting)]))
                yield _finish(program, waiting.pop(0), compiler.devices, timed)
        finally:
            pool.shutdown(cancel_futures=True)


def _finish(program: Program, compiled: "Future[_Compiled]", devices: Sequence[Any], timed: bool) -> Executed:
    try:
        outcome, ledger = _run(compiled.result(), devices, timed, program.static["repeats"])
    except Exception as error:  # one program's failure must not lose the others
        return Executed(program, None, None, f"{type(error).__name__}: {error}")
    return Executed(program, outcome, ledger)


def _run(compiled: _Compiled, devices: Sequence[Any], timed: bool, repeats: int) -> tuple[Outcome, Ledger]:
    def once() -> tuple[float, Any]:
        start = time.perf_counter()
        raw = jax.block_until_ready(compiled.executable(compiled.prepared.inputs))
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
    flops, accessed = _cost(compiled.executable)
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
        _peak_bytes(compiled.executable),
    )


def _same(one: Any, other: Any) -> bool:
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


def _cost(executable: Any) -> tuple[float, float]:
    analysis = executable.cost_analysis() or {}
    return float(analysis.get("flops", 0.0)), float(analysis.get("bytes accessed", 0.0))


def _peak_bytes(executable: Any) -> float:
    memory = executable.memory_analysis()
    if memory is None:
        return 0.0
    return float(memory.temp_size_in_bytes + memory.argument_size_in_bytes + memory.output_size_in_bytes)


_hits = 0


def _cache_hits() -> int:
    """Hits of the persistent compilation cache so far; listens from the first call on."""
    if not _cache_hits.__dict__.get("listening"):
        jax.monitoring.register_event_listener(_count)
        _cache_hits.__dict__["listening"] = True
    return _hits


def _count(event: str, **_: Any) -> None:
    global _hits  # noqa: PLW0603 - JAX reports cache hits through a process-wide listener only
    _hits += event == "/jax/compilation_cache/cache_hits"
