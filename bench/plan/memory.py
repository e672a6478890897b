"""How much memory a program needs, and how lanes are split into programs that fit into what there is."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.spec import Program

ORDER_BYTES = 4  # of the number of a row


class Room(NamedTuple):
    """Memory that one program may take: bytes, and the devices that its lanes are spread over."""

    bytes: float
    devices: int


class Needs(NamedTuple):
    """Estimated bytes: of a lane in a step, of what a lane returns, and of the order of the rows of a seed."""

    working_set: int
    record: int
    order: int

    def of(self, width: int, chunk: int, devices: int, seeds: int) -> float:
        """Of a program of `width` lanes and so many seeds, `chunk` lanes of it computed together on each device."""
        together = min(chunk * devices, width)
        return float(together * self.working_set + width * self.record + seeds * self.order)


def order_bytes(steps: int, batch_size: int | str) -> int:
    """Of the order in which a seed visits the rows; none where every step takes all of them."""
    return steps * batch_size * ORDER_BYTES if isinstance(batch_size, int) else 0


def memory_of(program: Program, devices: int) -> float:
    """Estimated bytes that a program needs: what is computed together, its records, and the orders of the rows.

    Args:
        program: planned.
        devices: that its lanes are spread over.
    """
    order = order_bytes(program.steps, program.static["batch_size"])
    needs = Needs(program.working_set, program.record_bytes, order)
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
