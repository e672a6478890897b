"""Searching a box by a grid of points, all at once or from coarse to fine."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def error_bound(curvature: float, dimensions: ArrayLike, spacing: ArrayLike) -> Floats:
    """L d h^2 / 8 bounds J - J* at the best point of a grid of spacing h in d dimensions around the minimum.

    No coordinate is further than h / 2 from a point, and J - J* <= L/2 ||x - x*||^2 (Nesterov 2004, section 1.1.3, for
    functions with bounded slopes).

    Args:
        curvature: L.
        dimensions: d.
        spacing: h.
    """
    return np.asarray(curvature * np.asarray(dimensions, float) * np.asarray(spacing, float) ** 2 / 8, np.float64)


def well(x: Floats, centre: ArrayLike, width: float) -> Floats:
    """1 - exp(-(x - c)^2 / (2 w^2)) + x^2 / 10, a narrow well in a wide bowl."""
    offset = (x - np.asarray(centre)) / width
    return 1 - np.exp(-0.5 * offset**2) + 0.1 * x**2


def share_found(width: float, nodes: Floats, points: int = 100_000) -> float:
    """Share of the wells with a centre in [-1, 1] that are within one spacing of the best node of a coarse grid.

    Only then are they in the box of the next, finer round. A well that no node falls into is found by chance alone.

    Args:
        width: w.
        nodes: equidistant, (N,).
        points: equidistant centres.
    """
    centre = -1 + 2 * (np.arange(points) + 0.5) / points
    best = nodes[np.argmin(well(nodes[None, :], centre[:, None], width), axis=1)]
    return float(np.mean(np.abs(best - centre) <= nodes[1] - nodes[0]))


def steps_below(curvatures: Floats, offset: float, learning_rate: float, target: float, most: int = 1000) -> int:
    """Least k at which 1/2 sum a_i (1 - eta a_i)^(2k) e^2 < target: gradient descent (Nesterov 2004, section 1.2).

    Args:
        curvatures: a, (d,).
        offset: e, of every coordinate at the start.
        learning_rate: eta.
        target: of J - J*, reached within `most` steps.
        most: where to give up.
    """
    k = np.arange(most)[:, None]
    loss = 0.5 * np.sum(curvatures * (1 - learning_rate * curvatures) ** (2 * k), axis=1) * offset**2
    return int(np.argmax(loss < target))
