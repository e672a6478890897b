"""Where iterated maps of one variable end: the basins of gradient descent with a step that is not small."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def share_below(
    slope: Callable[[Floats], Floats], rate: float, border: float, interval: tuple[float, float], points: int = 100_000
) -> float:
    """Share of starts in an interval from which x <- x - eta f'(x) ends below a border, after 500 steps.

    For a step that never jumps over the border it is (border - low) / (high - low).

    Args:
        slope: f', of arrays.
        rate: eta.
        border: such as a maximum between two minima.
        interval: (low, high).
        points: equidistant starts.
    """
    low, high = interval
    x = low + (high - low) * (np.arange(points) + 0.5) / points
    for _ in range(500):
        x = x - rate * slope(x)
    return float(np.mean(x < border))
