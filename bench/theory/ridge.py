"""Gradient descent with an L2 penalty l2 / (2m) ||w||^2 that leaves the bias free; parameters bias first."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shrunk_step(theta: Floats, slope: Floats, learning_rate: float, l2: float, rows: int) -> Floats:
    """w <- (1 - eta l2 / m) w - eta dL/dw, b <- b - eta dL/db: weight decay (Krogh and Hertz 1992).

    Args:
        theta: parameters, (..., d + 1).
        slope: gradient of the loss without its penalty, (..., d + 1).
        learning_rate: eta.
        l2: penalty.
        rows: m.

    Returns:
        The parameters after the step, (..., d + 1).
    """
    factor = np.full(theta.shape[-1], 1 - learning_rate * l2 / rows)
    factor[0] = 1
    return factor * theta - learning_rate * slope


def mode_factors(x: Floats, learning_rate: float, l2: float) -> Floats:
    """Factors per step of the error on centred columns: 1 - eta for the bias, then 1 - eta (lambda_i + l2 / m).

    Args:
        x: rows with centred columns, (m, d).
        learning_rate: eta.
        l2: penalty.

    Returns:
        (d + 1,), lambda_i the ascending eigenvalues of x^T x / m.
    """
    eigenvalues = np.linalg.eigvalsh(x.T @ x / len(x))
    return np.concatenate([[1 - learning_rate], 1 - learning_rate * (eigenvalues + l2 / len(x))])
