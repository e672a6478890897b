"""Single-row descent where some parameters fit every row: the noise of the gradients vanishes at the solution."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shrinkage(x: Floats, learning_rate: float) -> float:
    """1 - eta (2 - eta R^2) s^2 / m, R^2 = max ||x_i||^2, s the least singular value of X that is not 0.

    A step of SGD on half the squared error of one of the m rows, drawn uniformly, multiplies E ||theta - theta*||^2 by
    at most this much in the row space of X, for eta <= 1 / R^2 and X theta* = y. For rows of one norm and eta = 1 / R^2
    it is that of randomised Kaczmarz, 1 - s^2 / ||X||_F^2 (Strohmer and Vershynin 2009, theorem 2).

    Args:
        x: rows, (m, d).
        learning_rate: eta.
    """
    singular, reach = np.linalg.svd(x, compute_uv=False), float(np.max(np.sum(x * x, axis=1)))
    least = float(singular[singular > 1e-10 * singular[0]][-1])
    return 1 - learning_rate * (2 - learning_rate * reach) * least**2 / len(x)


def limit(x: Floats, y: Floats, start: Floats) -> Floats:
    """X^+ y + (I - X^+ X) theta_0: the interpolation nearest to the start, (m, d), (m,), (d,) -> (d,)."""
    inverse = np.linalg.pinv(x)
    return np.asarray(inverse @ y + start - inverse @ (x @ start), np.float64)
