"""Interleaved timings of the suite and its peers, and the ratios with their intervals."""

import importlib
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bench.peers.work import Cell, Ours, Work
from bench.stats import pairs

SAMPLED = 4  # runs of a peer that trains one run after the other; the rest is extrapolated
CHECKED = 50  # steps after which losses must agree
SECONDS = 1.0  # aim for one timing of a peer


class Peer(NamedTuple):
    """Somebody else's training loop.

    Attributes:
        build: `module:function` with `work -> (runs, steps) -> losses`; not imported before it is asked for.
        title: in words.
        processes: one process per core, each with one thread.
        together: trains all runs at once.
        whole: trains the whole length only, because it compiles for it.
        own_start: its random numbers are its own, so that losses agree in the median only.
        suits: whether it can train a work; None where it can train all.
    """

    build: str
    title: str
    processes: bool = False
    together: bool = False
    whole: bool = False
    own_start: bool = False
    suits: Callable[[Work], bool] | None = None


def _scikit_suits(work: Work) -> bool:
    """SGDClassifier trains one classifier per class, and takes single rows."""
    linear = len(work.starts[0]) == 1
    return work.batch == 1 and work.task != "softmax" if linear else True


PEERS = {
    "pytorch": Peer("bench.peers.pytorch:eager", "PyTorch, eager loop, a process per core", processes=True),
    "pytorch-vmap": Peer("bench.peers.pytorch:ensemble", "PyTorch, torch.func ensemble", together=True),
    "jax-loop": Peer("bench.peers.plain_jax:loop", "JAX, loop over a jitted step"),
    "jax-scan": Peer("bench.peers.plain_jax:scan", "JAX, lax.scan per run", whole=True),
    "jax-vmap": Peer(
        "bench.peers.plain_jax:vmapped", "JAX, jit(vmap(train))", together=True, whole=True, own_start=True
    ),
    "scikit-learn": Peer(
        "bench.peers.scikit:estimators",
        "scikit-learn, a process per core",
        processes=True,
        whole=True,
        own_start=True,
        suits=_scikit_suits,
    ),
}


class Ratio(NamedTuple):
    """A row of the result: the peer's seconds over ours, for all runs of a cell."""

    cell: str
    peer: str
    ratio_median: float
    ratio_low: float  # ends of the 95 % interval of the median; of 5 repeats their range, which covers 94 %
    ratio_high: float
    compile_included: bool
    extrapolated: bool
    ours_seconds: float
    peer_seconds: float


def suits(peer: Peer, work: Work) -> bool:
    """Whether the peer can do this work."""
    return peer.suits is None or peer.suits(work)


Train = Callable[[Sequence[int], int], list[float]]
"""`(runs, steps) -> train losses after the last step`."""


def build(peer: Peer, work: Work) -> Train:
    """The peer's training of this work."""
    module, _, name = peer.build.partition(":")
    return getattr(importlib.import_module(module), name)(work)


def one_thread() -> None:
    """What a worker process begins with."""
    threadpool_limits(1)


_BUILT: dict[tuple[str, str], Train] = {}
"""In a worker process: the training of the last work."""


def _share(name: str, work: Work, runs: Sequence[int], steps: int) -> list[float]:
    key = (name, work.cell)
    if key not in _BUILT:
        _BUILT.clear()
        _BUILT[key] = build(PEERS[name], work)
    return _BUILT[key](runs, steps)


class Timed:
    """A peer at work on a cell: how much of it is run for one timing, and what the whole would take."""

    def __init__(
        self, name: str, work: Work, pool: ProcessPoolExecutor, workers: int, seconds: float = SECONDS
    ) -> None:
        self.name, self.work, self.pool, self.workers, self.aim = name, work, pool, workers, seconds
        self.peer = peer = PEERS[name]
        self.train = None if peer.processes else build(peer, work)
        everything = np.arange(len(work.rates))
        # Spread evenly over rates and seeds: every k-th run, so that fast and slow ones are there alike.
        self.runs = everything.tolist() if peer.together else everything[:: max(1, len(everything) // SAMPLED)].tolist()
        self.steps = work.steps

    def __call__(self, steps: int) -> list[float]:
        """Trains the sampled runs."""
        if self.train is not None:
            return self.train(self.runs, steps)
        shares = [self.runs[i :: self.workers] for i in range(self.workers)]
        parts = [self.pool.submit(_share, self.name, self.work, share, steps) for share in shares]
        found: dict[int, float] = {}
        for share, part in zip(shares, parts, strict=True):
            found |= dict(zip(share, part.result(), strict=True))
        return [found[run] for run in self.runs]

    def settle(self) -> float:
        """Warms up and chooses the steps of one timing; returns the seconds of the first call, compilation included."""
        start = time.perf_counter()
        self(self.steps if self.peer.whole else 2)
        first = time.perf_counter() - start
        if not self.peer.whole:
            start = time.perf_counter()
            self(few := min(20, self.steps))
            per_step = (time.perf_counter() - start) / few
            self.steps = int(min(self.work.steps, max(few, self.aim / per_step)))
        return first

    def seconds(self) -> float:
        """One timing, scaled to all runs and steps of the cell."""
        start = time.perf_counter()
        self(self.steps)
        return (time.perf_counter() - start) * self.scale

    @property
    def extrapolated(self) -> bool:
        """Whether less is timed than the cell has."""
        return self.scale > 1.0001

    @property
    def scale(self) -> float:
        """How much larger the cell is than what is timed."""
        return len(self.work.rates) / len(self.runs) * self.work.steps / self.steps


def compare(cell: Cell, peers: Sequence[str], devices: Sequence[Any], repeats: int = 5) -> Iterator[Ratio]:
    """Times a cell by the suite and by peers, in turn, `repeats` times.

    Args:
        cell: what is trained.
        peers: names in `PEERS`.
        devices: of the suite; there are as many worker processes.
        repeats: timings of each.

    Yields:
        For each peer that can train the cell, its ratio without and, where it compiles, with compilation.

    Raises:
        AssertionError: a peer ends at other losses, so that it did not do the same work.
    """
    ours = Ours(cell, devices)
    work = ours.work()
    short = Ours(cell, devices, min(CHECKED, work.steps))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(devices), context, one_thread) as pool:
        timed = {name: Timed(name, work, pool, len(devices)) for name in peers if suits(PEERS[name], work)}
        compiling, first = ours.compile(), {name: one.settle() for name, one in timed.items()}
        wanted, final = short.losses(), ours.losses()
        for name, one in timed.items():
            check(name, one, min(CHECKED, work.steps), wanted, final)
        ours.run()
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in timed}
        for _ in range(repeats):
            for name, one in timed.items():
                rows[name].append((ours.run(), one.seconds()))
        for name, timings in rows.items():
            one, added = timed[name], (compiling, 0.0)
            if one.peer.whole and not one.peer.processes:
                added = (compiling, max(0.0, first[name] - timings[0][1] / one.scale))
            yield _ratio(cell.name, name, timings, one.extrapolated, None)
            yield _ratio(cell.name, name, timings, one.extrapolated, added)


def check(name: str, one: Timed, short: int, wanted: Any, final: Any) -> None:
    """Holds a peer's losses against ours: run by run after `short` steps where both start alike, else medians."""
    if one.peer.own_start:
        theirs, ours = np.median(one(one.work.steps)), np.median(np.asarray(final)[one.runs])
        assert abs(theirs / ours - 1) < 0.35, f"{name}: median loss {theirs:.4g}, ours {ours:.4g}"
        return
    # No longer than this: thousands of float32 steps on single rows amplify the last bit until runs part.
    theirs = np.asarray(one(short))
    worst = float(np.max(np.abs(theirs / np.asarray(wanted)[one.runs] - 1)))
    assert worst < 1e-3, f"{name}: losses differ by {worst:.2g}"


def _ratio(
    cell: str, peer: str, timings: Sequence[tuple[float, float]], extrapolated: bool, added: tuple[float, float] | None
) -> Ratio:
    ours_more, theirs_more = added or (0.0, 0.0)
    low_and_high = pairs.median_interval([(theirs + theirs_more) / (ours + ours_more) for ours, theirs in timings])
    ours, theirs = (statistics.median(column) for column in zip(*timings, strict=True))
    seconds = (ours + ours_more, theirs + theirs_more)
    return Ratio(cell, peer, *low_and_high, added is not None, extrapolated, *seconds)
