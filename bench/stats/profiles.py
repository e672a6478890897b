"""Performance profiles over several problems, and the one number that their area gives."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_RATIO = 4.0
"""Where the area ends: AlgoPerf's limit (Dahl et al. 2023)."""


def ratios(costs: ArrayLike) -> NDArray[np.float64]:
    """Cost over the lowest cost of the problem (Dolan and More 2002, section 2).

    Args:
        costs: (contestants, problems, ...), positive; infinite where a contestant does not solve the problem.

    Returns:
        The same shape, 1 for the best; infinite where unsolved.
    """
    c = np.asarray(costs, np.float64)
    best = c.min(axis=0)
    return np.divide(c, best, out=np.full(c.shape, np.inf), where=np.isfinite(c) & np.isfinite(best))


def profile(costs: ArrayLike, at: ArrayLike) -> NDArray[np.float64]:
    """Share of the problems that a contestant solves within so many times the lowest cost.

    Args:
        costs: (contestants, problems).
        at: ratios, (points,).

    Returns:
        (contestants, points).
    """
    return (ratios(costs)[:, :, None] <= np.asarray(at, np.float64)).mean(axis=1)


def profile_score(costs: ArrayLike, most: float = MOST_RATIO) -> NDArray[np.float64]:
    """The integral of the profile from 1 to `most`, over its length: 1 for the fastest on every problem.

    The integral of a step function needs no grid: a problem with ratio r adds (most - r) / (most - 1), or 0 beyond.

    Args:
        costs: (contestants, problems, ...), such as a last axis of seeds.
        most: upper limit of the integral, above 1.

    Returns:
        (contestants, ...), the mean over problems.
    """
    return (np.clip(most - ratios(costs), 0, None) / (most - 1)).mean(axis=1)
