"""Which rows a batch holds, and how the gradients of batches add up."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from bench.theory import quadratics


def sequential(rows: int, size: int, steps: int) -> list[NDArray[np.int64]]:
    """Row numbers of each batch when the rows are taken in order, epoch after epoch; the last batch may be short.

    Args:
        rows: m.
        size: batch size B.
        steps: number of batches.

    Returns:
        `steps` arrays of at most B row numbers.
    """
    epoch = [np.arange(start, min(start + size, rows)) for start in range(0, rows, size)]
    return [epoch[step % len(epoch)] for step in range(steps)]


def one_pass(x: NDArray[np.float64], y: NDArray[np.float64], parts: int, rate: float) -> NDArray[np.float64]:
    """Where one pass of SGD on least squares ends: from zero, one step for each of `parts` equal parts of the rows.

    Args:
        x, y: rows, (m, d) and (m,).
        parts: m / B.
        rate: learning rate.

    Returns:
        (d + 1,), bias first.
    """
    theta = np.zeros(x.shape[1] + 1)
    for a, b in zip(np.split(x, parts), np.split(y, parts), strict=True):
        theta = theta - rate * quadratics.gradient(a, b, theta)
    return theta


def swap_effect(
    first: tuple[NDArray[np.float64], NDArray[np.float64]],
    second: tuple[NDArray[np.float64], NDArray[np.float64]],
    learning_rate: float,
) -> NDArray[np.float64]:
    """eta^2 (H_2 g_1 - H_1 g_2): where two steps of SGD end in one order, minus where they end in the other.

    From theta - eta g_1 - eta (g_2 - eta H_2 g_1), exact for quadratics. It is eta^2 [H_2, H_1] (theta - theta*) where
    both batches have the minimiser theta*, and 0 where they share it and their Hessians commute.

    Args:
        first, second: Hessian (n, n) and gradient (n,) of each batch at the start.
        learning_rate: eta.
    """
    return np.asarray(learning_rate**2 * (second[0] @ first[1] - first[0] @ second[1]), np.float64)


def swapped(x: NDArray[np.float64], y: NDArray[np.float64], learning_rate: float) -> float:
    """How far apart one pass over two halves of the rows ends in both orders, from zero: the norm of `swap_effect`.

    Args:
        x, y: rows, (m, d) and (m,), m even; least squares with a bias.
        learning_rate: eta.
    """
    zero = np.zeros(x.shape[1] + 1)
    halves = zip(np.split(x, 2), np.split(y, 2), strict=True)
    one, two = ((quadratics.hessian(a), quadratics.gradient(a, b, zero)) for a, b in halves)
    return float(np.linalg.norm(swap_effect(one, two, learning_rate)))


def steps_law(sizes: NDArray[np.float64], least: float, critical: float) -> NDArray[np.float64]:
    """S(B) = S_min (1 + B_c / B): steps to a target at batch size B (McCandlish et al. 2018, eq. 2.11).

    With samples E = B S and E_min = S_min B_c it says (S / S_min - 1) (E / E_min - 1) = 1.

    Args:
        sizes: B, any shape.
        least: S_min.
        critical: B_c.
    """
    return least * (1 + critical / np.asarray(sizes, float))


def fastest_size(overhead: float, per_row: float, critical: float) -> float:
    """B* = sqrt(a B_c / b), where the seconds (a + b B) S_min (1 + B_c / B) to a target are least.

    The minimum of the seconds of a step times McCandlish et al. 2018, eq. 2.11. A machine that works row by row, a = 0,
    has B* = 0; with b towards 0, all rows at once, B* grows without end.

    Args:
        overhead: a, seconds of a step without rows.
        per_row: b, seconds that each row adds.
        critical: B_c.
    """
    return float(np.sqrt(overhead * critical / per_row))


def fit_steps_law(sizes: NDArray[np.float64], steps: NDArray[np.float64]) -> tuple[float, float, float]:
    """Least squares in ln S: (S_min, B_c, R^2 of ln S).

    Args:
        sizes, steps: B and S, (n,), n >= 3.
    """
    target = np.log(steps)

    def misfit(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.log(steps_law(sizes, *np.exp(logs))) - target

    found = least_squares(misfit, [target[np.argmax(sizes)], np.log(np.median(sizes))])
    share = 1 - float(np.sum(found.fun**2) / np.sum((target - target.mean()) ** 2))
    return float(np.exp(found.x[0])), float(np.exp(found.x[1])), share
