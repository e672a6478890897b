"""Gradient descent with an L2 penalty l2 / (2m) ||w||^2 that leaves the bias free; parameters bias first."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from bench.theory.quadratics import design

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


def normal_matrix(x: Floats, l2: float, bias: bool = True) -> Floats:
    """X^T X + l2 diag(0, 1, ..., 1), the first column free; X starts with a column of ones if there is a bias.

    With that column it is regular for every l2 > 0: a null vector would be zero but for its first entry, and ones times
    that entry would have to vanish (Hoerl and Kennard 1970, section 2, for a penalty on all entries).

    Args:
        x: rows, (m, d).
        l2: penalty.
        bias: whether a column of ones comes first.

    Returns:
        (d + 1, d + 1), or (d, d) without a bias.
    """
    a = design(x, bias)
    penalty = np.full(a.shape[1], l2)
    penalty[0] = 0
    return a.T @ a + np.diag(penalty)


def smallest_interpolation(x: Floats, y: Floats) -> Floats:
    """The limit of ridge regression as l2 -> 0: least ||w|| among the least-squares solutions, bias free, (d + 1,).

    w is the pseudo-inverse of the centred rows times the centred targets (Hastie et al. 2009, section 3.4.1).
    """
    w = np.linalg.pinv(x - x.mean(axis=0)) @ (y - y.mean())
    return np.concatenate([[y.mean() - x.mean(axis=0) @ w], w])


def risk(l2: Floats | float, rows: int, features: int, noise: float, size: float) -> Floats:
    """Excess risk of ridge regression on orthonormal columns, s^2 sigma^2 d / m + (1 - s)^2 ||w||^2, s = m / (m + l2).

    It is least at l2 = d sigma^2 / ||w||^2 (Hoerl and Kennard 1970, section 4).

    Args:
        l2: penalties, any shape.
        rows, features: m and d, X^T X = m I.
        noise: sigma.
        size: ||w||^2.
    """
    s = rows / (rows + np.asarray(l2, np.float64))
    return s**2 * noise**2 * features / rows + (1 - s) ** 2 * size


def random_design_error(l2: float, rows: int, covariance: Floats, weight: Floats, variance: float) -> float:
    """Expected squared error on a fresh row after a fit to random rows: its deterministic equivalent.

    (1 + 1/m) (k^2 sum d c / (d + k)^2 + sigma^2) / (1 - sum (d / (d + k))^2 / n), d and c the eigenvalues of the
    covariance and the squares of w in its eigenbasis, n = m - 1 rows beside the free bias, and k the solution of
    n - l2 / k = sum d / (d + k) (Dobriban and Wager 2018, theorem 2.1; Hastie et al. 2022, theorem 5). Without a
    penalty, about sigma^2 n / (n - p).

    Args:
        l2: penalty.
        rows: m, more than p + 1 where l2 = 0.
        covariance: of the features, (p, p).
        weight: w, (p,).
        variance: sigma^2.
    """
    values, vectors = np.linalg.eigh(covariance)
    n, part = rows - 1, (vectors.T @ weight) ** 2

    def surplus(k: float) -> float:
        return n - l2 / k - float(np.sum(values / (values + k)))

    k = float(brentq(surplus, l2 / (2 * rows), l2 + values[-1] * len(values), xtol=1e-12)) if l2 else 0.0  # type: ignore[arg-type]
    share, bias = values / (values + k), float(np.sum(values * part / (values + k) ** 2)) * k**2
    return (1 + 1 / rows) * (bias + variance) / (1 - float(np.sum(share**2)) / n)


def leave_one_out(x: Floats, y: Floats, l2: float) -> float:
    """Mean square of y_i minus its prediction from the other rows, bias free: mean((y - S y)_i / (1 - S_ii))^2.

    S = X (X^T X + l2 diag(0, 1, ..., 1))^-1 X^T (Golub, Heath and Wahba 1979, eq. 1.3).

    Args:
        x, y: rows (m, d) and targets (m,).
        l2: penalty.
    """
    a = design(x)
    smoother = a @ np.linalg.solve(normal_matrix(x, l2), a.T)
    return float(np.mean(((y - smoother @ y) / (1 - np.diag(smoother))) ** 2))


def shifted_error(l2: float, rows: int, eigenvalues: Floats, weight: Floats, direction: Floats, noise: float) -> float:
    """E (x^T (theta - w))^2 at a fixed row x, in the eigenbasis of H = X^T X / m.

    sum_i x_i^2 sigma^2 h_i / (m (h_i + l2/m)^2) + (sum_i x_i w_i (l2/m) / (h_i + l2/m))^2 (Hoerl and Kennard 1970,
    section 4). For x a coordinate and l2 = 0 this is sigma^2 (X^T X)^-1_jj.

    Args:
        l2: penalty.
        rows: m.
        eigenvalues: h, (d,).
        weight, direction: w and x in that basis, (d,).
        noise: sigma.
    """
    penalty = l2 / rows
    variance = np.sum(direction**2 * noise**2 * eigenvalues / (rows * (eigenvalues + penalty) ** 2))
    return float(variance + np.sum(direction * weight * penalty / (eigenvalues + penalty)) ** 2)
