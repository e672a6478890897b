"""Turns programs into executables, ahead of their turn, in threads: tracing takes one core, and so does much of XLA."""

import functools
import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import jax

from bench.measure import heap
from bench.spec import Parts, Program, Table
from bench.train import Prepared, Stage, prepare

KEPT = 96  # executables kept for programs that share them
THREADS = 2  # programs compiled side by side
FORGET = 200  # programs that needed something new, after which memory that JAX, Python and malloc keep is given back
# Code in one piece, which takes a fifth fewer CPU seconds than many, at a level that compiles up to twice as fast as
# the default, to code that is no slower.
QUICK: dict[str, Any] = {"xla_backend_optimization_level": 1, "xla_cpu_parallel_codegen_split_count": 1}
# XLA's older kernels: a third faster still; the code is 5 % slower, 35 % in thin batches.
PLAIN: dict[str, Any] = QUICK | {"xla_cpu_use_fusion_emitters": False}
# Three to ten times as fast, to code that is four times as slow.
RAW: dict[str, Any] = PLAIN | {"xla_backend_optimization_level": 0}
THIN, SHORT, LONG = 8, 1e9, 1e12  # rows of a batch; floating-point operations of a program
LITTLE = 5e7  # products of rows and weights in all looks of a program, in less time than faster code takes to compile

Tables = Callable[[Program], Sequence[Table]]


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
        self._kept: OrderedDict[str, Future[Any]] = OrderedDict()  # key of a stage -> its executable, perhaps to come
        self._lock = threading.Lock()  # of what is kept
        self._begun: dict[str, Future[Compiled]] = {}  # key of a program that is expected
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="compile")
        self._made = itertools.count(1)  # programs that needed something new

    def __call__(self, program: Program, tables: Sequence[Table], fresh: bool = False) -> Compiled:
        """The executables of a program, compiled anew if they are to be `fresh`, so that their seconds are measured."""
        prepared, platform = prepare(program, self.parts, tables, self.devices), self.devices[0].platform
        wanted = {}
        for stage in prepared.stages:
            options = _options(program, stage, platform)
            wanted[f"{stage.key} {options}"] = stage, options
        executables, mine = self._claim(wanted, fresh)
        try:
            made, seconds, hit = _compile({key: wanted[key] for key in mine})
        except BaseException:
            self._leave(mine)
            raise
        for key, promise in mine.items():
            promise.set_result(made[key])
        if mine and next(self._made) % FORGET == 0:
            _forget()
        try:
            return Compiled(prepared, tuple(one.result() for one in executables), *seconds, cache_hit=hit)
        except CancelledError:  # another program was to make one of them and failed at one of its own
            return self(program, tables)

    def begin(self, program: Program, tables: Tables, fresh: bool = False) -> "Future[Compiled]":
        """Compiles a program in a thread, unless that has begun because it was expected."""
        begun = self._begun.pop(program.key, None)
        return begun if begun and not fresh else self._pool.submit(lambda: self(program, tables(program), fresh))

    def expect(self, program: Program, tables: Tables) -> None:
        """Begins with a program that is likely to come later."""
        if program.key not in self._begun:
            self._begun[program.key] = self._pool.submit(lambda: self(program, tables(program)))

    @property
    def expecting(self) -> int:
        """How many programs are expected that have not come."""
        return len(self._begun)

    def settle(self) -> None:
        """Waits for what was expected, so that what runs next is alone."""
        wait(self._begun.values())

    def close(self) -> None:
        """Begins with nothing more, and waits for what is being compiled while a signal can still end that."""
        self._pool.shutdown(cancel_futures=True)

    def _claim(self, keys: Iterable[str], fresh: bool) -> "tuple[list[Future[Any]], dict[str, Future[Any]]]":
        """The executables of stages, perhaps to come, and those among them that whoever asks has to make."""
        with self._lock:
            mine: dict[str, Future[Any]] = {key: Future() for key in keys if fresh or key not in self._kept}
            self._kept |= mine
            found = [self._kept[key] for key in keys]
            for key in keys:
                self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found, mine

    def _leave(self, promised: "Mapping[str, Future[Any]]") -> None:
        """Gives up what was to be made, which others may wait for and make themselves."""
        with self._lock:
            for key, promise in promised.items():
                if self._kept.get(key) is promise:
                    del self._kept[key]
                promise.cancel()


def _compile(
    stages: Mapping[str, tuple[Stage, Mapping[str, Any] | None]],
) -> tuple[dict[str, Any], tuple[float, float, float], bool]:
    """The executables of stages, the seconds to trace, lower and compile them, and whether JAX's cache had them all."""
    if not stages:
        return {}, (0.0, 0.0, 0.0), True
    with heap.uncollected():
        start = time.perf_counter()
        traced = {key: stage.function.trace(*stage.arguments()) for key, (stage, _) in stages.items()}
        traced_at = time.perf_counter()
        lowered = {key: one.lower() for key, one in traced.items()}
        lowered_at = time.perf_counter()
    with ThreadPoolExecutor(len(stages), thread_name_prefix="stage") as pool:
        waiting = {key: pool.submit(_executable, one, stages[key][1]) for key, one in lowered.items()}
        found = {key: one.result() for key, one in waiting.items()}
    seconds = (traced_at - start, lowered_at - traced_at, time.perf_counter() - lowered_at)
    return {key: executable for key, (executable, _) in found.items()}, seconds, all(hit for _, hit in found.values())


def _executable(lowered: Any, options: Mapping[str, Any] | None) -> tuple[Any, bool]:
    """What XLA makes of a stage, and whether JAX's persistent cache had it."""
    _listen()
    before = _hits.of_this_thread
    return lowered.compile(compiler_options=options), _hits.of_this_thread > before


def _forget() -> None:
    """Gives back what tracing leaves: JAX's caches, cycles of Python, and free memory where the C library keeps it."""
    jax.clear_caches()
    heap.give_back()


def _options(program: Program, stage: Stage, platform: str) -> dict[str, Any] | None:
    """The compiler's options: what saves more seconds of compiling than it costs of running."""
    if platform != "cpu":
        return None
    if stage.works == "once" or stage.products < LITTLE:
        return _known(RAW)
    if stage.works == "checkpoints":
        return _known(PLAIN)
    thin = isinstance(program.static["batch_size"], int) and program.static["batch_size"] < THIN
    return _known(PLAIN if program.flops < (SHORT if thin else LONG) else QUICK)


def _known(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some options that this version of XLA has."""
    return {name: value for name, value in options.items() if _has(name, value)}


@functools.cache
def _has(option: str, value: Any) -> bool:
    try:
        jax.jit(lambda x: x + 1).lower(0.0).compile(compiler_options={option: value})
    except jax.errors.JaxRuntimeError:
        return False
    return True


class _Hits(threading.local):
    """Hits of JAX's persistent compilation cache, by the thread that compiled."""

    of_this_thread = 0


_hits = _Hits()


@functools.cache
def _listen() -> None:
    """JAX reports cache hits through a process-wide listener only; from here on."""
    jax.monitoring.register_event_listener(_count)


def _count(event: str, **_: Any) -> None:
    _hits.of_this_thread += event == "/jax/compilation_cache/cache_hits"
