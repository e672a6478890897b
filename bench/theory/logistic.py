"""Logistic regression, J = mean of softplus(z) - y z (+ l2/(2m) ||w||^2), z = b + x w, labels 0 and 1.

Parameters are ordered as the suite records them: bias first.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bench.theory.quadratics import design

Floats = NDArray[np.float64]


def gradient(x: Floats, y: NDArray[np.int64], theta: Floats, l2: float = 0.0) -> Floats:
    """X^T (sigma(X theta) - y) / m + (l2 / m) (0, w): the form of linear regression (Hastie et al. 2009, eq. 4.21).

    Args:
        x, y: rows (m, d) and labels (m,).
        theta: (d + 1,).
        l2: penalty.

    Returns:
        (d + 1,).
    """
    a = design(x)
    return (a.T @ (expit(a @ theta) - y) + l2 * np.concatenate([[0.0], theta[1:]])) / len(x)


def hessian(x: Floats, theta: Floats, l2: float = 0.0) -> Floats:
    """X^T diag(p (1 - p)) X / m + (l2 / m) diag(0, 1, ..., 1), (d + 1, d + 1) (Hastie et al. 2009, eq. 4.25)."""
    a, p = design(x), expit(design(x) @ theta)
    penalty = np.full(a.shape[1], l2 / len(x))
    penalty[0] = 0
    return (a * (p * (1 - p))[:, None]).T @ a / len(x) + np.diag(penalty)


def smoothness(x: Floats, l2: float = 0.0) -> float:
    """L = lambda_max(X^T X) / (4 m) + l2 / m bounds every Hessian, p (1 - p) <= 1/4 (Bubeck 2015, section 3.2)."""
    a = design(x)
    return float(np.linalg.eigvalsh(a.T @ a / len(x))[-1]) / 4 + l2 / len(x)


def minimiser(x: Floats, y: NDArray[np.int64], l2: float, iterations: int = 100) -> Floats:
    """theta* by Newton's method with step halving; needs l2 > 0 where the classes are separable.

    Args:
        x, y: rows (m, d) and labels (m,).
        l2: penalty.
        iterations: where to give up.

    Returns:
        (d + 1,), with a gradient of about 1e-15.
    """
    theta = np.zeros(x.shape[1] + 1)
    for _ in range(iterations):
        slope = gradient(x, y, theta, l2)
        direction = np.linalg.solve(hessian(x, theta, l2), slope)
        length = 1.0
        while loss(x, y, theta - length * direction, l2) > loss(x, y, theta, l2) + 1e-14 and length > 1e-6:
            length /= 2
        theta = theta - length * direction
        if np.linalg.norm(slope) < 1e-14:
            break
    return theta


def loss(x: Floats, y: NDArray[np.int64], theta: Floats, l2: float = 0.0) -> float:
    """J(theta), with the penalty on all but the bias."""
    z = design(x) @ theta
    return float(np.mean(np.logaddexp(0, z) - y * z) + l2 * theta[1:] @ theta[1:] / (2 * len(x)))


def best_rate(x: Floats, y: NDArray[np.int64], l2: float) -> float:
    """2 / (L + mu) of the Hessian at the minimum, the best constant learning rate close to it."""
    values = np.linalg.eigvalsh(hessian(x, minimiser(x, y, l2), l2))
    return 2 / float(values[0] + values[-1])


def gaps(x: Floats, y: NDArray[np.int64], path: Floats, l2: float) -> tuple[Floats, Floats, float]:
    """How far a path is from the minimum: (J - J*, |g|, mu), mu the least eigenvalue of the Hessian at the minimum.

    Close to it |g|^2 / (2 mu) bounds J - J* (Boyd and Vandenberghe 2004, eq. 9.9).

    Args:
        x, y: rows (m, d) and labels (m,).
        path: parameters, (K, d + 1).
        l2: penalty.

    Returns:
        (K,), (K,) and a number.
    """
    best = minimiser(x, y, l2)
    left = np.array([loss(x, y, theta, l2) for theta in path]) - loss(x, y, best, l2)
    slopes = np.array([np.linalg.norm(gradient(x, y, theta, l2)) for theta in path], np.float64)
    return left, slopes, float(np.linalg.eigvalsh(hessian(x, best, l2))[0])
