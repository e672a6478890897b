"""Compiles and runs programs, and keeps the time ledger of each.

While one program runs, the next ones are compiled in a thread (compilation releases the interpreter lock). When the
point is the timing, nothing overlaps: a program is alone, warm and repeated, and the clock stops when every output is
ready.
"""

import functools
import statistics
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from bench.spec import Ledger, Outcome, Parts, Program, Table
from bench.train import Prepared, Stage, prepare

TIMED_REPEATS = 5
AHEAD = 2  # programs compiled ahead of the one that runs
KEPT = 96  # executables kept for programs that share them
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


class Compiled(NamedTuple):
    """A program, what its stages were compiled to, and what that took."""

    prepared: Prepared
    executables: tuple[Any, ...]
    trace_seconds: float
    lower_seconds: float
    compile_seconds: float
    cache_hit: bool

    @property
    def cost(self) -> tuple[float, float]:
        """Floating-point operations and bytes accessed by XLA's analysis, which counts the body of a loop once."""
        found = [executable.cost_analysis() or {} for executable in self.executables]
        flops, accessed = (sum(float(one.get(name, 0)) for one in found) for name in ("flops", "bytes accessed"))
        return flops, accessed

    @property
    def peak_bytes(self) -> float:
        """The most memory that one of them takes, with what it reads and returns."""
        found = [memory for one in self.executables if (memory := one.memory_analysis()) is not None]
        sizes = (m.temp_size_in_bytes + m.argument_size_in_bytes + m.output_size_in_bytes for m in found)
        return float(max(sizes, default=0))


class Compiler:
    """Turns programs into executables, and keeps the last ones for programs that share them.

    Whoever holds it decides how long: one study with its rounds of refinement, or several.
    """

    def __init__(self, parts: Parts, devices: Sequence[Any]) -> None:
        self.parts, self.devices = parts, devices
        self.kept: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, program: Program, tables: Sequence[Table], fresh: bool = False) -> Compiled:
        """The executables of a program, compiled anew if they are to be `fresh`, so that their seconds are measured."""
        prepared, platform = prepare(program, self.parts, tables, self.devices), self.devices[0].platform
        keys, missing, hits = [], {}, _cache_hits()
        for stage in prepared.stages:
            options = _options(program, stage, platform)
            keys.append(f"{stage.key} {options}")
            if fresh or keys[-1] not in self.kept:
                missing[keys[-1]] = stage, options
        compiled, seconds = _compile(missing)
        self.kept |= compiled
        for key in keys:
            self.kept.move_to_end(key)
        calls = tuple(self.kept[key] for key in keys)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return Compiled(prepared, calls, *seconds, cache_hit=_cache_hits() - hits >= len(missing))


def _compile(stages: Mapping[str, tuple[Stage, Mapping[str, Any] | None]]) -> tuple[dict[str, Any], tuple[float, ...]]:
    """The executables of stages, and the seconds to trace, lower and compile them; the compiler takes all at once."""
    if not stages:
        return {}, (0.0, 0.0, 0.0)
    start = time.perf_counter()
    traced = {key: stage.function.trace(*stage.arguments()) for key, (stage, _) in stages.items()}
    traced_at = time.perf_counter()
    lowered = {key: one.lower() for key, one in traced.items()}
    lowered_at = time.perf_counter()
    with ThreadPoolExecutor(max_workers=len(stages), thread_name_prefix="compile") as pool:
        waiting = {key: pool.submit(one.compile, compiler_options=stages[key][1]) for key, one in lowered.items()}
        compiled = {key: one.result() for key, one in waiting.items()}
    return compiled, (traced_at - start, lowered_at - traced_at, time.perf_counter() - lowered_at)


def _options(program: Program, stage: Stage, platform: str) -> dict[str, Any] | None:
    """The compiler's options: what saves more seconds of compiling than it costs of running."""
    if platform != "cpu":
        return None
    if not stage.trains:
        return _plain()
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

    def compiled(program: Program) -> Compiled:
        return compiler(program, tables(program), fresh=timed)

    # LAPACK in a program is one device's own work: threads of BLAS beside it wait busily, at 10 times its cost.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(max_workers=1, thread_name_prefix="compile") as pool:
        waiting: list[Future[Compiled]] = []
        alone = timed or any(program.static["repeats"] > 1 for program in programs)  # their seconds may matter too
        ahead = 0 if alone else AHEAD
        try:
            for position, program in enumerate(programs):
                while len(waiting) <= ahead and position + len(waiting) < len(programs):
                    waiting.append(pool.submit(compiled, programs[position + len(waiting)]))
                yield _finish(program, waiting.pop(0), compiler.devices, timed)
        finally:
            pool.shutdown(cancel_futures=True)


def _finish(program: Program, compiled: "Future[Compiled]", devices: Sequence[Any], timed: bool) -> Executed:
    try:
        outcome, ledger = _run(compiled.result(), devices, timed, program.static["repeats"])
    except Exception as error:  # one program's failure must not lose the others
        return Executed(program, None, None, f"{type(error).__name__}: {error}")
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
