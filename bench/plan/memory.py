"""How much memory a program needs, and how lanes are split into programs that fit into what there is."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.spec import Program, Rows

ORDER_BYTES = 4  # of the number of a row
LAID_OUT, ON_DEVICE = 3, 2
"""How often what is read is in the memory of the host, and of each device; on CPUs both are one."""


class Room(NamedTuple):
    """Memory that one program may take: bytes, and the devices that its lanes are spread over."""

    bytes: float
    devices: int


class Needs(NamedTuple):
    """Estimated bytes: of a lane in a step, of what a lane returns, of what a seed reads, and of what all seeds read.

    What is read is there several times: while it is laid out, as the program's input, and on every device with what is
    gathered from it. Programs on two devices took 3.5 to 7.3 times its size.
    """

    working_set: int
    record: int
    seed: int
    shared: int = 0

    def of(self, width: int, chunk: int, devices: int, seeds: int) -> float:
        """Of a program of `width` lanes and so many seeds, `chunk` lanes of it computed together on each device."""
        together = min(chunk * devices, width)
        read = (LAID_OUT + ON_DEVICE * devices) * (seeds * self.seed + self.shared)
        return float(together * self.working_set + width * self.record + read)


def order_bytes(steps: int, batch_size: int | str) -> int:
    """Of the order in which a seed visits the rows; none where every step takes all of them."""
    return steps * batch_size * ORDER_BYTES if isinstance(batch_size, int) else 0


def needs_of(working_set: int, record: int, steps: int, static: Mapping[str, Any], rows: Rows) -> Needs:
    """What lanes of a program need.

    Args:
        working_set, record: bytes of a lane in a step, and of what it returns.
        steps: length of the run.
        static: the axes; `batch_size` says whether there are orders.
        rows: the data.
    """
    order = order_bytes(steps, static["batch_size"])
    return Needs(working_set, record, order + rows.per_seed * rows.bytes, (not rows.per_seed) * rows.bytes)


def memory_of(program: Program, devices: int) -> float:
    """Estimated bytes that a program needs: what is computed together, its records, the rows, and their orders.

    Args:
        program: planned.
        devices: that its lanes are spread over.
    """
    needs = needs_of(program.working_set, program.record_bytes, program.steps, program.static, program.rows)
    return needs.of(program.width, program.chunk, devices, len(np.unique(program.lanes["seed"])))


def pieces(
    seeds: NDArray[np.int64], chunk: Callable[[int], int], needs: Needs, room: Room | None
) -> Iterator[NDArray[np.int64]]:
    """Positions of lanes, split into programs that fit: all of them where they do.

    Lanes are put into the order of their seeds and halved until a part fits, into the largest power of two below what
    there is, so that hosts with nearly the same free memory split alike. A lane that does not fit alone stays alone.

    Args:
        seeds: of each lane, (lanes,).
        chunk: lanes computed together in a program of so many lanes.
        needs: of a lane.
        room: what there is; everything fits where that is not known.
    """

    def needed(own: NDArray[np.int64]) -> float:
        return needs.of(len(own), chunk(len(own)), room.devices if room else 1, len(np.unique(seeds[own])))

    whole = np.arange(len(seeds))
    if room is None or needed(whole) <= room.bytes:
        yield whole
        return
    most = 2.0 ** math.floor(math.log2(max(room.bytes, 1.0)))
    waiting = [np.argsort(seeds, kind="stable")]
    while waiting:
        own = waiting.pop()
        if len(own) == 1 or needed(own) <= most:
            yield own
        else:
            half = -(-len(own) // 2)
            waiting += [own[half:], own[:half]]
