"""Which rows a batch holds, and how the gradients of batches add up."""

import numpy as np
from numpy.typing import NDArray


def sequential(rows: int, size: int, steps: int) -> list[NDArray[np.int64]]:
    """Row numbers of each batch when the rows are taken in order, epoch after epoch; the last batch may be short.

    Args:
        rows: m.
        size: batch size B.
        steps: number of batches.

    Returns:
        `steps` arrays of at most B row numbers.
    """
    epoch = [np.arange(start, min(start + size, rows)) for start in range(0, rows, size)]
    return [epoch[step % len(epoch)] for step in range(steps)]
