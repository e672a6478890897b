"""Update formulas of the classic optimizers, written out by hand, and the same steps taken by PyTorch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.theory import smoothing

Floats = NDArray[np.float64]
Gradient = Callable[[Floats], Floats]
Constants = Mapping[str, float]


def sgd(theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants) -> Floats:
    """theta <- theta - eta g (Cauchy 1847)."""
    del constants
    return _descend(theta, gradient, steps, lambda g, _: rate * g)


def momentum(theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants) -> Floats:
    """m <- beta m + g; theta <- theta - eta m (Polyak 1964, eq. 9)."""
    m = np.zeros_like(theta)

    def step(g: Floats, _: int) -> Floats:
        m[:] = constants["momentum"] * m + g
        return rate * m

    return _descend(theta, gradient, steps, step)


def nesterov(theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants) -> Floats:
    """m <- beta m + g; theta <- theta - eta (g + beta m) (Sutskever et al. 2013, section 2)."""
    m = np.zeros_like(theta)

    def step(g: Floats, _: int) -> Floats:
        m[:] = constants["momentum"] * m + g
        return rate * (g + constants["momentum"] * m)

    return _descend(theta, gradient, steps, step)


def adagrad(theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants) -> Floats:
    """s <- s + g^2; theta <- theta - eta g / sqrt(s + epsilon) (Duchi et al. 2011, figure 1, diagonal)."""
    s = np.full_like(theta, constants["initial"])

    def step(g: Floats, _: int) -> Floats:
        s[:] += g * g
        return rate * _ratio(g, np.sqrt(s + constants["epsilon"]))

    return _descend(theta, gradient, steps, step)


def rmsprop(theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants) -> Floats:
    """s <- rho s + (1 - rho) g^2; theta <- theta - eta g / sqrt(s + epsilon) (Tieleman, Hinton 2012, lecture 6.5)."""
    s = np.zeros_like(theta)

    def step(g: Floats, _: int) -> Floats:
        s[:] = constants["decay"] * s + (1 - constants["decay"]) * g * g
        return rate * _ratio(g, np.sqrt(s + constants["epsilon"]))

    return _descend(theta, gradient, steps, step)


def adam(theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants) -> Floats:
    """Moments without bias, theta <- theta - eta m^ / (sqrt(v^) + epsilon) (Kingma and Ba 2015, algorithm 1)."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    b1, b2 = constants["beta1"], constants["beta2"]

    def step(g: Floats, t: int) -> Floats:
        m[:] = b1 * m + (1 - b1) * g
        v[:] = b2 * v + (1 - b2) * g * g
        return rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + constants["epsilon"])

    return _descend(theta, gradient, steps, step)


def projected(slopes: Floats, rate: float, beta1: float, beta2: float, largest: bool) -> Floats:
    """Adam, or AMSGrad, at rates eta / sqrt(t) on [-1, 1] under given slopes, epsilon = 0 (Reddi et al. 2018).

    Slopes of linear functions do not depend on x, so that steps are known beforehand; what is cut off at 1 is the
    largest excess so far (Skorokhod 1961). For paths that stay above -1.

    Args:
        slopes: g_1 ... g_T.
        rate: eta.
        beta1, beta2: of the moments, corrected for their start at zero.
        largest: whether the second moment is the largest so far.

    Returns:
        (T + 1,), from 0.
    """
    first, second = smoothing.corrected(slopes, beta1), smoothing.corrected(slopes**2, beta2)
    second = np.maximum.accumulate(second) if largest else second
    steps = -rate / np.sqrt(np.arange(1, len(slopes) + 1)) * _ratio(first, np.sqrt(second))
    free = np.concatenate([[0.0], np.cumsum(steps)])
    return free - np.maximum.accumulate(np.maximum(free - 1, 0))


UPDATES: dict[str, Callable[[Floats, Gradient, float, int, Constants], Floats]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}
"""`update(theta_0, gradient, learning rate, steps, constants) -> (steps + 1, n)`, the whole trajectory."""


def _descend(theta: Floats, gradient: Gradient, steps: int, step: Callable[[Floats, int], Floats]) -> Floats:
    """theta_t = theta_{t-1} - step(g_t, t), t = 1 ... steps."""
    path = [np.array(theta, float)]
    for t in range(1, steps + 1):
        path.append(path[-1] - step(gradient(path[-1]), t))
    return np.stack(path)


def _ratio(g: Floats, root: Floats) -> Floats:
    """g / root, and 0 where both are 0: a parameter that never had a gradient stays where it is."""
    return np.divide(g, root, out=np.zeros_like(g), where=root > 0)


def by_torch(
    name: str, theta: Floats, gradient: Gradient, rate: float, steps: int, constants: Constants
) -> Floats | None:
    """The same trajectory by `torch.optim` in float64, or None where PyTorch is not installed.

    PyTorch adds epsilon outside the root of AdaGrad and RMSprop; with epsilon = 0 or one that is negligible beside the
    gradients, both places agree.

    Args:
        name: a name in `UPDATES`.
        theta: start, (n,).
        gradient: of the loss.
        rate: learning rate.
        steps: how many.
        constants: of the optimizer.

    Returns:
        (steps + 1, n).
    """
    try:
        import torch  # noqa: PLC0415 - optional, and two seconds to start
    except ImportError:
        return None
    point = torch.nn.Parameter(torch.tensor(theta, dtype=torch.float64))
    optimizer: Any = {
        "sgd": lambda: torch.optim.SGD([point], rate),
        "momentum": lambda: torch.optim.SGD([point], rate, momentum=constants["momentum"]),
        "nesterov": lambda: torch.optim.SGD([point], rate, momentum=constants["momentum"], nesterov=True),
        "adagrad": lambda: torch.optim.Adagrad(
            [point], rate, initial_accumulator_value=constants["initial"], eps=constants["epsilon"]
        ),
        "rmsprop": lambda: torch.optim.RMSprop([point], rate, alpha=constants["decay"], eps=constants["epsilon"]),
        "adam": lambda: torch.optim.Adam(
            [point], rate, betas=(constants["beta1"], constants["beta2"]), eps=constants["epsilon"]
        ),
    }[name]()
    path = [np.array(theta, float)]
    for _ in range(steps):
        point.grad = torch.from_numpy(gradient(path[-1]).copy())
        optimizer.step()
        path.append(point.detach().numpy().copy())
    return np.stack(path)
