"""Rates and bounds of first-order methods on quadratics and on smooth convex functions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def exact_line_search_path(gamma: float, steps: ArrayLike) -> Floats:
    """x_k = ((g - 1) / (g + 1))^k (g, (-1)^k) on (x^2 + g y^2) / 2 from (g, 1) (Boyd, Vandenberghe 2004, 9.3.2).

    Args:
        gamma: g, the condition number.
        steps: k, (K,).

    Returns:
        (K, 2).
    """
    k = np.asarray(steps)
    return ((gamma - 1) / (gamma + 1)) ** k[:, None] * np.stack([np.full(k.shape, gamma), (-1.0) ** k], axis=1)


def huber_kink(steps: ArrayLike, speed: ArrayLike, radius: float = 1.0) -> Floats:
    """The kink R / (2 N h + 1) of the Huber function slowest after N steps (Drori and Teboulle 2014, thm 3.2)."""
    return np.asarray(radius / (2 * np.asarray(steps, float) * speed + 1), np.float64)


def convex_gap(steps: ArrayLike, speed: ArrayLike, smoothness: float = 1.0, radius: float = 1.0) -> Floats:
    """L R^2 / 2 max(1 / (2 N h + 1), (1 - h)^(2 N)): the worst f_N - f* of gradient descent with the rate h / L.

    Drori and Teboulle 2014, theorem 3.1 for h <= 1, and their conjecture 3.1 for 1 < h < 2, proved by Rotaru et al.
    2024. The first term is attained by a Huber function (`huber_kink`), the second by the parabola.

    Args:
        steps: N.
        speed: h, in (0, 2).
        smoothness: L.
        radius: R = |x_0 - x*|.
    """
    n, h = np.asarray(steps, float), np.asarray(speed, float)
    return np.asarray(smoothness * radius**2 / 2 * np.maximum(1 / (2 * n * h + 1), (1 - h) ** (2 * n)), np.float64)


def gap_after(decrease: ArrayLike, rho: ArrayLike) -> Floats:
    """decrease rho^2 / (1 - rho^2): what is left of J - J*, which falls like rho^(2k), after a step."""
    r = np.asarray(rho, float) ** 2
    return np.asarray(decrease * r / (1 - r), np.float64)


def heavy_ball(kappa: float, largest: float) -> tuple[float, float]:
    """(eta, beta) = (4 / (sqrt L + sqrt mu)^2, ((sqrt k - 1) / (sqrt k + 1))^2) (Polyak 1964)."""
    root = np.sqrt(kappa)
    return 4 * kappa / (largest * (root + 1) ** 2), ((root - 1) / (root + 1)) ** 2


def nesterov(kappa: float, largest: float) -> tuple[float, float]:
    """(eta, beta) = (1 / L, (sqrt k - 1) / (sqrt k + 1)) for strongly convex J (Nesterov 2004, section 2.2.1)."""
    root = np.sqrt(kappa)
    return 1 / largest, (root - 1) / (root + 1)


def momentum_radius(eigenvalues: ArrayLike, rate: float, beta: float, look_ahead: bool = False) -> float:
    """Spectral radius of the companion matrices of heavy ball, or Nesterov's method, on a quadratic.

    The matrices are [[1 + b - e l, -b], [1, 0]] and [[(1 + b) (1 - e l), -b (1 - e l)], [1, 0]] (Lessard, Recht and
    Packard 2016, section 2.2).

    Args:
        eigenvalues: l, of the Hessian.
        rate: e.
        beta: b.
        look_ahead: Nesterov's method.
    """
    largest = 0.0
    for value in np.atleast_1d(np.asarray(eigenvalues, float)):
        shrink = 1 - rate * value
        top = [(1 + beta) * shrink, -beta * shrink] if look_ahead else [1 + beta - rate * value, -beta]
        largest = max(largest, float(np.abs(np.linalg.eigvals([top, [1, 0]])).max()))
    return largest


def momentum_path(
    h: Floats, start: Floats, rate: float, beta: float, steps: int, look_ahead: bool = False
) -> NDArray[np.float64]:
    """Errors of heavy ball (Polyak 1964, eq. 9), or of Nesterov's method, on a quadratic, by its recursion.

    Args:
        h: Hessian, (n, n).
        start: e_0 = e_-1, (n,).
        rate, beta: eta and beta.
        steps: how many.
        look_ahead: Nesterov's method, the gradient at e + beta (e - e_-).

    Returns:
        The points at which gradients are taken, which are what the suite records, (steps + 1, n).
    """
    before, here, points = start, start, []
    for _ in range(steps + 1):
        onward = here + beta * (here - before)
        points.append(onward if look_ahead else here)
        before, here = here, onward - rate * h @ points[-1]
    return np.stack(points)


def accelerated_bound(steps: ArrayLike, smoothness: float = 1.0, radius: float = 1.0) -> Floats:
    """2 L R^2 / (k + 1)^2 bounds f(x_k) - f* of the method with growing t_k (Beck and Teboulle 2009, theorem 4.4)."""
    return np.asarray(2 * smoothness * radius**2 / (np.asarray(steps, float) + 1) ** 2, np.float64)


def accelerated_kink(steps: int) -> float:
    """The kink c = 1 / (2 S + 1) of the Huber function (L = R = 1) on which N steps with growing t_k end highest.

    S is their way down a unit slope at the rate 1. Beyond the kink f(x_N) = c (1 - c S) - c^2 / 2, at most c / 2:
    the argument of Drori and Teboulle (2014, theorem 3.2) for another sum of steps.
    """
    x = y = 0.0
    t = 1.0
    for _ in range(steps):
        before, x = x, y + 1
        last, t = t, (1 + np.sqrt(1 + 4 * t * t)) / 2
        y = x + (last - 1) / t * (x - before)
    return 1 / (2 * x + 1)


def conjugate_gradient_bound(kappa: float, steps: ArrayLike) -> Floats:
    """2 ((sqrt k - 1) / (sqrt k + 1))^n bounds ||e_n||_H / ||e_0||_H (Nocedal and Wright 2006, eq. 5.36)."""
    root = np.sqrt(kappa)
    return np.asarray(2 * ((root - 1) / (root + 1)) ** np.asarray(steps, float), np.float64)


def halvings(path: Floats, slopes: ArrayLike, hessians: ArrayLike) -> Floats:
    """How often each step s is half of the Newton step along its line: log2(-g^T s / s^T H s).

    The line search of the suite starts from that length (Nocedal and Wright 2006, section 3.5) and halves it until J
    falls enough, so that the lengths of the steps tell how many values it looked at.

    Args:
        path: iterates, (K + 1, n).
        slopes: g at all but the last, (K, n).
        hessians: H there, (K, n, n).

    Returns:
        (K,), whole numbers but for rounding.
    """
    steps = np.diff(path, axis=0)
    curvature = np.einsum("ki,kij,kj->k", steps, np.asarray(hessians, float), steps)
    return np.log2(-np.sum(np.asarray(slopes, float) * steps, axis=1) / curvature)


def evaluations(path: Floats, slopes: ArrayLike, hessians: ArrayLike | None = None, most: int = 40) -> float:
    """What a walk with a line search of the suite costs: a gradient per step, a product with the Hessian, and values.

    Args:
        path, slopes: as for `halvings`.
        hessians: the same, of methods that start from the Newton step along the line; None for gradient descent that
            halves from step 1, which looks at one value more than it halves.
        most: halvings that count where J is not convex along the line, whose first length is not known.
    """
    if hessians is None:
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=1) / np.linalg.norm(slopes, axis=1)
        return float(2 * len(lengths) - np.round(np.log2(lengths)).sum())
    with np.errstate(invalid="ignore"):
        found = np.round(halvings(path, slopes, hessians))
    return float(3 * len(found) + np.where(np.isfinite(found), found, most).sum())


LESSARD_CYCLE = (792 / 1225, -2208 / 1225, 2592 / 1225)
"""Where heavy ball with eta = 1/9, beta = 4/9 goes round on `three_pieces` (Lessard et al. 2016, section 4.6)."""
