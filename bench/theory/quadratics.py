"""Gradient descent on linear least squares, J = 1/(2m) ||X theta - y||^2 (+ l2/(2m) ||w||^2), in its eigenbasis.

Design matrices carry a first column of ones for the bias, as `design` makes them; it is the order in which the suite
records the parameters of linear models.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def design(x: Floats, bias: bool = True) -> Floats:
    """Rows with a first column of ones: (m, d) -> (m, d + 1)."""
    return np.column_stack([np.ones(len(x)), x]) if bias else x


def hessian(x: Floats, l2: float = 0.0, bias: bool = True) -> Floats:
    """H = X^T X / m + (l2 / m) diag(0, 1, ..., 1), (d + 1, d + 1)."""
    a = design(x, bias)
    penalty = np.full(a.shape[1], l2 / len(x))
    if bias:
        penalty[0] = 0
    return a.T @ a / len(x) + np.diag(penalty)


def extremes(x: Floats, l2: float = 0.0, bias: bool = True) -> tuple[float, float]:
    """Smallest and largest eigenvalue (mu, L) of the Hessian."""
    values = np.linalg.eigvalsh(hessian(x, l2, bias))
    return float(values[0]), float(values[-1])


def minimiser(x: Floats, y: Floats, l2: float = 0.0, bias: bool = True) -> Floats:
    """The minimum-norm minimiser theta* of J, bias first."""
    a = design(x, bias)
    return np.asarray(np.linalg.lstsq(hessian(x, l2, bias), a.T @ y / len(x), rcond=None)[0], np.float64)


def modes(h: Floats, start_error: Floats, learning_rate: float, steps: NDArray[np.int64]) -> Floats:
    """Errors in the eigenbasis: (e_k)_i = (1 - eta lambda_i)^k (e_0)_i (Nesterov 2004, section 1.2).

    Args:
        h: Hessian, (n, n).
        start_error: theta_0 - theta*, (n,).
        learning_rate: eta.
        steps: k, (K,).

    Returns:
        (K, n), in the order of ascending eigenvalues.
    """
    values, vectors = np.linalg.eigh(h)
    return (1 - learning_rate * values)[None, :] ** np.asarray(steps)[:, None] * (vectors.T @ start_error)[None, :]


def spectral_radius(mu: float, largest: float, learning_rate: float) -> float:
    """rho = max |1 - eta lambda|; the error decays like rho^k and the gap of J like rho^(2k)."""
    return max(abs(1 - learning_rate * mu), abs(1 - learning_rate * largest))


def best_rate(mu: float, largest: float) -> float:
    """eta* = 2 / (L + mu), with rho = (kappa - 1) / (kappa + 1) (Boyd and Vandenberghe 2004, section 9.3)."""
    return 2 / (largest + mu)


def steps_to(h: Floats, start_error: Floats, learning_rate: float, ratio: float, most: int) -> int:
    """Least k with ||e_k|| <= ratio ||e_0||, from the modal formula, or `most`.

    Args:
        h: Hessian.
        start_error: e_0.
        learning_rate: eta.
        ratio: of the norms.
        most: where to give up.
    """
    values, vectors = np.linalg.eigh(h)
    factor, part = np.abs(1 - learning_rate * values), (vectors.T @ start_error) ** 2
    target = ratio**2 * part.sum()

    def norm2(k: int) -> float:
        return float(np.sum(part * factor ** (2.0 * k)))

    if norm2(most) > target:
        return most
    low, high = 0, most  # the norm falls monotonically wherever it converges at all
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if norm2(middle) <= target else (middle, high)
    return high


def loss(x: Floats, y: Floats, theta: Floats, l2: float = 0.0, bias: bool = True) -> float:
    """J(theta), with the penalty on all but the bias."""
    residual = design(x, bias) @ theta - y
    penalised = theta[1:] if bias else theta
    return float(residual @ residual + l2 * penalised @ penalised) / (2 * len(x))


def gradient(x: Floats, y: Floats, theta: Floats, l2: float = 0.0, bias: bool = True) -> Floats:
    """X^T (X theta - y) / m, plus (l2 / m) theta on all but the bias: (m, d), (m,), (d + 1,) -> (d + 1,)."""
    a = design(x, bias)
    return hessian(x, l2, bias) @ theta - a.T @ y / len(x)


def most_steps(kappa: float, ratio: float) -> float:
    """ln(1 / ratio) / ln((kappa + 1) / (kappa - 1)): at the best rate no start takes longer (Nesterov 2004, 2.1.15)."""
    return float(np.log(ratio) / np.log((kappa - 1) / (kappa + 1))) if kappa > 1 else 1.0
