"""The noise of batch gradients and the moments of stochastic descent on least squares, exact for a given sample."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def row_noise(x: Floats, delta: Floats) -> tuple[Floats, float]:
    """The gradient G of a mean of rows and the trace of the covariance of theirs, for an affine model without bias.

    A row's gradient is x_i delta_i^T, so that tr Sigma = mean ||x_i||^2 ||delta_i||^2 - ||G||^2 (McCandlish et al.
    2018, eq. 2.6).

    Args:
        x: rows, (m, d).
        delta: derivative of each row's loss with respect to its outputs, (m, K).

    Returns:
        G, (d, K), and tr Sigma.
    """
    mean = x.T @ delta / len(x)
    squares = np.sum(x**2, axis=1) * np.sum(delta**2, axis=1)
    return mean, float(squares.mean() - np.sum(mean**2))


def batch_noise(trace: float, size: int, rows: int, replacement: bool) -> float:
    """E ||g_B - G||^2 = tr Sigma / B, times (m - B) / (m - 1) without replacement (Cochran 1977, theorem 2.2).

    Args:
        trace: tr Sigma of single rows.
        size: B.
        rows: m.
        replacement: whether rows are drawn independently.
    """
    return trace / size * (1 if replacement else (rows - size) / (rows - 1))
