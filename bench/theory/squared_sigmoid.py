"""The squared error of a sigmoid output, J = mean of (sigma(w x) - y)^2: its curvature and stationary points."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit

Floats = NDArray[np.float64]

INFLECTION = float(np.log(2))
"""For label 0 the squared error (sigma(z))^2 is convex below this z and concave above: 2 - 3 sigma changes sign."""


def loss(x: Floats, y: ArrayLike, weight: ArrayLike) -> Floats:
    """J at every weight: rows x (m,), labels y (m,), weights of any shape."""
    a = expit(np.multiply.outer(np.asarray(weight, float), x))
    return np.mean((a - np.asarray(y, float)) ** 2, axis=-1)


def slope(x: Floats, y: ArrayLike, weight: ArrayLike) -> Floats:
    """dJ/dw = mean of 2 (a - y) a (1 - a) x, a = sigma(w x) (Nielsen 2015, chapter 3, eq. 55), like `weight`."""
    a = expit(np.multiply.outer(np.asarray(weight, float), x))
    return np.mean(2 * (a - np.asarray(y, float)) * a * (1 - a) * x, axis=-1)


def curvature(z: ArrayLike, y: ArrayLike) -> Floats:
    """d^2/dz^2 (a - y)^2 = 2 a (1 - a) (a (1 - a) + (a - y) (1 - 2 a)), a = sigma(z).

    For y = 0 it is 2 a^2 (1 - a) (2 - 3 a), negative where a > 2/3, that is z > ln 2.
    """
    a, y = expit(np.asarray(z, float)), np.asarray(y, float)
    return 2 * a * (1 - a) * (a * (1 - a) + (a - y) * (1 - 2 * a))


def entropy_minimiser(x: Floats, y: ArrayLike, reach: float = 100.0) -> float:
    """The one weight w with mean of (sigma(w x) - y) x = 0, where the cross-entropy of the same rows is least."""
    return _root(lambda w: np.mean((expit(w * x) - np.asarray(y, float)) * x), -reach, reach)


def _root(function: Callable[[float], Any], low: float, high: float) -> float:
    found: Any = brentq(function, low, high, xtol=1e-15)
    return float(found)


def stationary(x: Floats, y: ArrayLike, low: float, high: float, points: int = 20_001) -> list[tuple[float, bool]]:
    """The weights in [low, high] with dJ/dw = 0, ascending, and whether each is a minimum.

    Args:
        x, y: rows and labels, (m,).
        low, high: where to look.
        points: of the grid whose sign changes are refined by `scipy.optimize.brentq`.
    """
    weights = np.linspace(low, high, points)
    signs = np.sign(slope(x, y, weights))
    found = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    return [(_root(lambda w: slope(x, y, w), weights[i], weights[i + 1]), bool(signs[i] < 0)) for i in found]
