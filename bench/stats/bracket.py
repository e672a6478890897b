"""Locating a threshold by rounds of lanes: one round of 64 lanes is worth six bisection steps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def bracket(values: ArrayLike, below: ArrayLike) -> tuple[float, float] | None:
    """The gap that holds the threshold: (largest value of the near side, smallest value of the far side).

    Args:
        values: where it was looked, in any order, (n,).
        below: whether the near side was seen there, (n,).

    Returns:
        The bracket, or None where one side was never seen or the sides do not separate.
    """
    v, near = np.asarray(values, float), np.asarray(below, bool)
    if near.all() or not near.any():
        return None
    low, high = float(v[near].max()), float(v[~near].min())
    return (low, high) if low < high else None


def inside(low: float, high: float, lanes: int) -> Sequence[float]:
    """Evenly spaced values of the next round, strictly between the ends of a bracket."""
    return np.linspace(low, high, lanes + 2)[1:-1].tolist()
