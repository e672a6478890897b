"""The noise of batch gradients and the moments of stochastic descent on least squares, exact for a given sample."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

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


def gaussian_floor(values: Floats, rate: float, size: int, variance: float = 1.0) -> float:
    """T = tr(H C), twice the stationary excess risk of descent on fresh Gaussian rows; infinite where unstable.

    With x ~ N(0, H) the fourth moments close the recursion of C = E e e^T (Isserlis 1918): c_i <- (1 - eta l_i)^2 c_i +
    (eta^2 / B) (l_i^2 c_i + l_i (T + sigma^2)), so that T = sigma^2 S / (1 - S) with
    S = sum of eta l_i / (B (2 - eta l_i (1 + 1 / B))). For small eta it is eta sigma^2 tr H / (2 B).

    Args:
        values: eigenvalues l of H, (d,).
        rate: eta.
        size: B.
        variance: sigma^2 of the targets.
    """
    total = _feedback(values, rate, size)
    return variance * total / (1 - total) if total < 1 else np.inf


def gaussian_risk(values: Floats, start: Floats, rate: float, size: float, variance: float, steps: int) -> Floats:
    """T_k / 2, the expected excess risk of descent on fresh Gaussian rows after each step, by the recursion above.

    Args:
        values: eigenvalues l of H, (d,).
        start: mean squares of the first errors in the eigenbasis, (d,).
        rate: eta.
        size: B; infinite for the gradient itself, without noise.
        variance: sigma^2 of the targets.
        steps: how many.

    Returns:
        (steps + 1,).
    """
    c, found = np.array(start, np.float64), np.empty(steps + 1)
    for step in range(steps + 1):
        total = float(values @ c)
        found[step] = total / 2
        c = (1 - rate * values) ** 2 * c + rate**2 / size * (values**2 * c + values * (total + variance))
    return found


def _feedback(values: Floats, rate: float, size: int) -> float:
    """S, the share of T that comes back as noise."""
    room = 2 - rate * values * (1 + 1 / size)
    return float(np.sum(rate * values / (size * room))) if room.min() > 0 else np.inf


def moment_map(x: Floats, rate: float, size: int) -> Floats:
    """A of vec C <- A vec C + (eta^2 / B) vec N: one step with B rows drawn with replacement from the sample.

    A = I - eta (H (x) I + I (x) H) + eta^2 ((1 - 1 / B) H (x) H + E[x x^T (x) x x^T] / B), exact while the mean of
    the error is 0.

    Args:
        x: rows, (m, n), with the column of ones if there is a bias.
        rate: eta.
        size: B.

    Returns:
        (n^2, n^2).
    """
    n = x.shape[1]
    h, one = x.T @ x / len(x), np.eye(n)
    pairs = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)  # vec(x x^T)
    fourth = (pairs.T @ pairs / len(x)).reshape(n, n, n, n).transpose(0, 2, 1, 3).reshape(n * n, n * n)
    both = (1 - 1 / size) * np.kron(h, h) + fourth / size
    linear = np.kron(h, one) + np.kron(one, h)
    return np.asarray(np.eye(n * n) - rate * linear + rate**2 * both, np.float64)


def stationary_covariance(x: Floats, residual: Floats, rate: float, size: int) -> Floats:
    """C = E e e^T of descent on a sample: vec C = (I - A)^-1 (eta^2 / B) vec N, N = mean of r_i^2 x_i x_i^T.

    Args:
        x: rows, (m, n), with the column of ones if there is a bias.
        residual: r at the minimiser, (m,).
        rate: eta.
        size: B.

    Returns:
        (n, n); infinite where the map is not stable.
    """
    n, a = x.shape[1], moment_map(x, rate, size)
    if np.abs(np.linalg.eigvals(a)).max() >= 1:
        return np.full((n, n), np.inf)
    noise = (x * residual[:, None] ** 2).T @ x / len(x)
    solved = np.linalg.solve(np.eye(n * n) - a, rate**2 / size * noise.ravel())
    return np.asarray(solved.reshape(n, n), np.float64)


def mean_weights(rates: Floats, averaged: bool = False) -> tuple[float, Floats]:
    """Estimation of a mean, w <- w - eta_t (w - x_t): the last w, or the average of w_1 ... w_n, as a linear function.

    Var w = sum of squared weights times Var x is the solution of v <- (1 - eta_t)^2 v + eta_t^2 (Robbins and Monro
    1951); eta_t = 1 / t gives the running mean, all weights 1 / n.

    Args:
        rates: eta_1 ... eta_n.
        averaged: whether iterates are averaged (Polyak and Juditsky 1992).

    Returns:
        The weight of w_0 and those of x_1 ... x_n, (n,).
    """
    count, left = len(rates), 1.0  # what of an iterate is left in the result
    weights, kept = np.empty(count), 0.0
    for t in range(count - 1, -1, -1):
        kept = (1 / count if averaged else float(t == count - 1)) + left * kept
        weights[t] = rates[t] * kept
        left = 1 - rates[t]
    return left * kept, weights


def largest_rate(values: Floats, size: int) -> float:
    """The rate below which the second moment of descent on fresh Gaussian rows stays bounded.

    Where S of `gaussian_floor` is 1; 2 B / (B + d + 1) for d equal eigenvalues 1, so that it grows with B up to about
    d + 1 (Ma, Bassily and Belkin 2018, theorem 3, by the fourth moments of the normal distribution).

    Args:
        values: eigenvalues of H, (d,).
        size: B.
    """
    top = 2 / (values.max() * (1 + 1 / size))
    low, high = 0.0, top  # S grows from 0 without bound
    while high - low > 1e-13 * top:
        middle = (low + high) / 2
        low, high = (middle, high) if _feedback(values, middle, size) < 1 else (low, middle)
    return float(low)


def one_step(dimension: int, rate: float, size: int) -> float:
    """E ||w_1||^2 / ||w_0||^2 = 1 - 2 eta + eta^2 (B + d + 1) / B for rows N(0, I) without noise (Isserlis 1918)."""
    return 1 - 2 * rate + rate**2 * (size + dimension + 1) / size


def uphill(distance: float, dimension: int, rate: float = 0.0, deviation: float = 1.0) -> float:
    """Probability that a step on one fresh row N(0, I) raises J = ||w - w*||^2 / 2, at ||w - w*|| = r.

    The row's gradient is s x with s = a - noise, a = <x, w - w*>. For eta -> 0 the step goes uphill iff s a < 0, which
    has probability arccos(r / sqrt(r^2 + sigma^2)) / pi; at rate eta iff s (c s - a) > 0, c = eta ||x||^2 / 2, where
    given a > 0 and ||x||^2 it has P(s < 0) + P(s > a / c). The mean over both is taken over their quantiles.

    Args:
        distance: r; 0 is the minimiser, where every step goes uphill.
        dimension: d.
        rate: eta, or 0 for its limit.
        deviation: sigma of the targets.
    """
    if rate == 0:
        return float(np.arccos(distance / np.hypot(distance, deviation)) / np.pi)
    if distance == 0:
        return 1.0
    share = (np.arange(2000) + 0.5) / 2000
    z = stats.norm.ppf(0.5 + share / 2)[:, None]  # |a| / r
    rest = stats.chi2.ppf(share[5::10], dimension - 1)[None, :]
    a, c = distance * z, rate * (z**2 + rest) / 2
    return float(np.mean(stats.norm.cdf(-a / deviation) + stats.norm.cdf((a - a / c) / deviation)))
