"""How lanes are arranged on the axes of a program: chunks of seeds x lanes of that seed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Layout(NamedTuple):
    """`lane[c, s, k]` is the lane at place k of seed place s in chunk c; padding repeats a lane of the same seed.

    `seed[c, s]` is the position of the seed among the distinct seeds.
    """

    lane: NDArray[np.int64]
    seed: NDArray[np.int32]

    def restore(self, lanes: int) -> NDArray[np.int64]:
        """Flat position of each lane, (lanes,): `array.reshape(-1, ...)[restore]` puts outcomes in lane order."""
        place = np.empty(lanes, np.int64)
        flat = self.lane.reshape(-1)
        place[flat[::-1]] = np.arange(len(flat))[::-1]  # of a lane and its padding, the first place
        return place


def arrange(seeds: NDArray[np.int64], chunk: int, devices: int) -> Layout:
    """Arranges lanes so that those of one seed lie together and share their batches.

    The shape of a chunk depends on the lanes and the chunk width alone, never on the devices: results are
    bit-identical over any number of devices.

    Args:
        seeds: seed of each lane, (lanes,).
        chunk: wanted number of lanes computed together.
        devices: chunks are padded to a multiple of it.

    Returns:
        The layout.
    """
    distinct, position, counts = np.unique(seeds, return_inverse=True, return_counts=True)
    order = np.argsort(position, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    most = int(counts.max())
    pieces = -(-most // chunk)
    width = -(-most // pieces)  # lanes of one seed in a chunk
    blocks, block_seeds = [], []
    for seed in range(len(distinct)):
        own = order[starts[seed] : starts[seed] + counts[seed]]
        for piece in range(-(-len(own) // width)):
            block = own[piece * width : (piece + 1) * width]
            blocks.append(np.concatenate([block, np.full(width - len(block), block[0])]))
            block_seeds.append(seed)
    together = max(1, chunk // width) if pieces == 1 else 1  # seeds in a chunk
    together = -(-len(blocks) // -(-len(blocks) // together))
    chunks = -(-len(blocks) // together)
    chunks = -(-chunks // devices) * devices
    missing = chunks * together - len(blocks)
    blocks += blocks[:1] * missing
    block_seeds += block_seeds[:1] * missing
    return Layout(
        np.stack(blocks).reshape(chunks, together, width),
        np.asarray(block_seeds, np.int32).reshape(chunks, together),
    )
