"""How seconds grow with the number of runs, with depth, with width and with the batch, beside the peers."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

from bench.peers.compare import PEERS, Timed, one_thread
from bench.peers.work import SEEDS, Cell, Ours

STEPS = 200
NET = {"model": "mlp", "data": "digits", "activation": "tanh", "init": "glorot", "depth": 4, "width": 32}
RATES = 16

VALUES: dict[str, tuple[int | str, ...]] = {
    "runs": (8, 80, 800, 8_000, 100_000),
    "depth": (1, 4, 16, 64),
    "width": (8, 32, 128, 512),
    "batch_size": (1, 8, 32, 128, 512, "full"),
}


class Point(NamedTuple):
    """Seconds of all runs at one value of what grows, rows of a batch where that is all; compiling apart."""

    axis: str
    value: int
    trainer: str
    seconds: float
    compile_seconds: float
    extrapolated: bool


def cells() -> Iterator[tuple[str, int | str, Cell]]:
    """What is trained: 64 runs of 200 steps of a network of depth 4 and width 32 at B = 32, but for what grows.

    The number of runs grows on logistic regression, for the peers' sake.
    """
    for axis, values in VALUES.items():
        for value in values:
            if axis == "runs":
                axes = {"model": "logistic", "data": "breast_cancer", "batch_size": 32}
                assert isinstance(value, int)
                yield axis, value, Cell(f"runs-{value}", axes, value // len(SEEDS))
            else:
                yield axis, value, Cell(f"{axis}-{value}", {**NET, "batch_size": 32, axis: value}, RATES)


def grow(peers: Sequence[str], devices: Sequence[Any], repeats: int = 3) -> Iterator[Point]:
    """Times every cell by the suite and by peers, in turn.

    Args:
        peers: names in `PEERS`.
        devices: of the suite; there are as many worker processes.
        repeats: timings of each; the fastest counts.

    Yields:
        A point per cell and trainer.
    """
    with ProcessPoolExecutor(len(devices), multiprocessing.get_context("spawn"), one_thread) as pool:
        for axis, size, cell in cells():
            ours = Ours(cell, devices, STEPS)
            work, compiling = ours.work(), ours.compile()
            value = work.batch if size == "full" else int(size)
            timed = {name: Timed(name, work, pool, len(devices)) for name in peers}
            first = {name: one.settle() for name, one in timed.items()}
            ours.run()
            taken: dict[str, list[float]] = {"descentbench": [], **{name: [] for name in peers}}
            for _ in range(repeats):
                taken["descentbench"].append(ours.run())
                for name, one in timed.items():
                    taken[name].append(one.seconds())
            yield Point(axis, value, "descentbench", min(taken["descentbench"]), compiling, False)
            for name, one in timed.items():
                once = PEERS[name].whole and not PEERS[name].processes
                more = max(0.0, first[name] - min(taken[name]) / one.scale) if once else 0.0
                yield Point(axis, value, name, min(taken[name]), more, one.extrapolated)
