"""What gradient descent tends to as its steps get small, and what it falls into when they are too large."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import root

Floats = NDArray[np.float64]


def path(slope: Callable[..., Any], start: ArrayLike, rate: float, steps: int) -> Floats:
    """Gradient descent itself, x <- x - eta grad J(x) (Cauchy 1847), (steps + 1, n)."""
    points = [np.asarray(start, np.float64)]
    for _ in range(steps):
        points.append(points[-1] - rate * slope(points[-1]))
    return np.stack(points)


def turns(points: Floats) -> float:
    """Share of steps of a path (K, n) that make more than a right angle with the step before."""
    steps = np.diff(points, axis=0)
    return float(np.mean(np.sum(steps[1:] * steps[:-1], axis=1) < 0))


def time_to(slope: Callable[..., Any], hessian: Callable[..., Any], start: ArrayLike, size: float) -> float:
    """Time at which the flow dx/dt = -grad J(x) reaches ||grad J|| = size.

    Gradient descent is Euler's method for it (Polyak 1964, section 1), so that steps times learning rate tend to this
    time. Solved by an implicit Runge-Kutta method (Hairer and Wanner 1996, section IV.8), as J may be stiff.

    Args:
        slope: grad J, (n,) -> (n,).
        hessian: (n,) -> (n, n).
        start: x_0, (n,).
        size: of the gradient at the end.
    """

    def above(_: float, x: Floats) -> float:
        return float(np.linalg.norm(slope(x))) - size

    above.terminal = True  # type: ignore[attr-defined]
    flow = {"fun": lambda _, x: -slope(x), "jac": lambda _, x: -hessian(x), "y0": np.asarray(start, np.float64)}
    found = solve_ivp(t_span=(0, np.inf), method="Radau", rtol=1e-8, atol=1e-11, events=above, **flow)
    return float(found.t_events[0][0])


def two_cycle(slope: Callable[..., Any], rate: float, near: ArrayLike) -> Floats:
    """The points x, z between which gradient descent goes to and fro: z = x - eta grad J(x), x = z - eta grad J(z).

    Beyond the largest stable rate one may branch off from a minimum (Guckenheimer and Holmes 1983, section 3.5).

    Args:
        slope: grad J, (n,) -> (n,).
        rate: eta.
        near: x and z, roughly, (2, n).

    Returns:
        (2, n).
    """
    guess = np.asarray(near, np.float64)

    def miss(flat: Floats) -> Floats:
        x, z = flat.reshape(guess.shape)
        return np.concatenate([x - rate * slope(x) - z, z - rate * slope(z) - x])

    return np.asarray(root(miss, guess.ravel(), tol=1e-14).x, np.float64).reshape(guess.shape)
