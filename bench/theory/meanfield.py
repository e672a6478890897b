"""Signal propagation in infinitely wide random networks: variance map, factor per layer of the gradient, trajectories.

Pre-activations of layer l are N(0, q_l) over units, with Var W = weight_variance / fan_in and Var b = bias_variance. An
activation comes as a pair (phi, dphi) of elementwise functions.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]


class Phi(NamedTuple):
    """An activation and its derivative, elementwise; at a kink the derivative is that from the left."""

    value: Function
    slope: Function


def _normal_density(z: Floats) -> Floats:
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def leaky_relu(slope: float) -> Phi:
    """max(z, 0) + slope min(z, 0); slope 0 is ReLU (He et al. 2015, eq. 1)."""
    return Phi(lambda z: np.where(z > 0, z, slope * z), lambda z: np.where(z > 0, 1.0, slope))


def _exponential_unit(scale: float, alpha: float) -> Phi:
    """scale (z for z > 0, else alpha (e^z - 1)): ELU (Clevert et al. 2016) and SELU (Klambauer et al. 2017, eq. 2)."""
    return Phi(
        lambda z: scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
        lambda z: scale * np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))),
    )


def _sigmoid_slope(z: Floats) -> Floats:
    return special.expit(z) * special.expit(-z)


ACTIVATIONS: dict[str, Phi] = {
    "identity": Phi(lambda z: z, np.ones_like),
    "sigmoid": Phi(special.expit, _sigmoid_slope),
    "tanh": Phi(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "softsign": Phi(lambda z: z / (1 + np.abs(z)), lambda z: (1 + np.abs(z)) ** -2.0),
    "relu": leaky_relu(0.0),
    "leaky_relu": leaky_relu(0.01),
    "prelu": leaky_relu(0.25),
    "elu": _exponential_unit(1.0, 1.0),
    "selu": _exponential_unit(1.0507009873554805, 1.6732632423543772),
    "gelu": Phi(lambda z: z * special.ndtr(z), lambda z: special.ndtr(z) + z * _normal_density(z)),
    "silu": Phi(lambda z: z * special.expit(z), lambda z: special.expit(z) + z * _sigmoid_slope(z)),
    "softplus": Phi(lambda z: np.logaddexp(0, z), special.expit),
    "hard_tanh": Phi(lambda z: np.clip(z, -1, 1), lambda z: np.where(np.abs(z) < 1, 1.0, 0.0)),
}
"""The activations of the suite under their names, with their default constants."""

_EDGES = np.linspace(0, 13, 131)
_LEGENDRE = np.polynomial.legendre.leggauss(10)
_NODES = np.concatenate([(b - a) / 2 * _LEGENDRE[0] + (a + b) / 2 for a, b in itertools.pairwise(_EDGES)])
_WEIGHTS = np.concatenate([(b - a) / 2 * _LEGENDRE[1] for a, b in itertools.pairwise(_EDGES)])
_NODES, _WEIGHTS = np.concatenate([-_NODES[::-1], _NODES]), np.concatenate([_WEIGHTS[::-1], _WEIGHTS])
_WEIGHTS = _WEIGHTS * _normal_density(_NODES)


def normal_nodes() -> tuple[Floats, Floats]:
    """Nodes z and weights whose weighted sum of f(z) is E f(z), z ~ N(0, 1); panels meet at 0, where kinks are."""
    return _NODES, _WEIGHTS


def gaussian_mean(function: Function, q: float) -> float:
    """E f(sqrt(q) z), z ~ N(0, 1), by composite Gauss-Legendre quadrature on panels that meet at 0, where kinks are.

    Args:
        function: f, elementwise.
        q: variance.
    """
    return float(_WEIGHTS @ function(np.sqrt(q) * _NODES))


def variance_map(phi: Phi, q: float, weight_variance: float, bias_variance: float = 0.0) -> float:
    """q_{l+1} = sigma_w^2 E phi(sqrt(q_l) z)^2 + sigma_b^2 (Poole et al. 2016, eq. 3)."""
    return weight_variance * gaussian_mean(lambda z: phi.value(z) ** 2, q) + bias_variance


def chi(phi: Phi, q: float, weight_variance: float) -> float:
    """chi = sigma_w^2 E phi'(sqrt(q) z)^2: E ||delta_l||^2 / E ||delta_{l+1}||^2 where layer l has variance q.

    Source: Schoenholz et al. 2017, eq. 7 and section 4; chi at the fixed point q* is chi_1.
    """
    return weight_variance * gaussian_mean(lambda z: phi.slope(z) ** 2, q)


def trajectory(
    phi: Phi, layers: int, weight_variance: float, bias_variance: float = 0.0, input_square: float = 1.0
) -> Floats:
    """Variances q_1 ... q_layers of the pre-activations for inputs of mean square `input_square`.

    Args:
        phi: activation between layers.
        layers: how many.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.
        input_square: ||x||^2 / d, so that q_1 = sigma_w^2 ||x||^2 / d + sigma_b^2.

    Returns:
        (layers,).
    """
    q = [weight_variance * input_square + bias_variance]
    while len(q) < layers:
        q.append(variance_map(phi, q[-1], weight_variance, bias_variance))
    return np.asarray(q)


def backward_factors(phi: Phi, q: Floats, weight_variance: float) -> Floats:
    """chi(q_l) of every layer of a trajectory, (layers,): entry l is ||delta_l||^2 / ||delta_{l+1}||^2."""
    return np.asarray([chi(phi, float(one), weight_variance) for one in q])


def fixed_point(phi: Phi, weight_variance: float, bias_variance: float = 0.0, start: float = 1.0) -> float:
    """q* with q* = sigma_w^2 E phi(sqrt(q*) z)^2 + sigma_b^2, reached from `start`.

    Args:
        phi: activation.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.
        start: first q.

    Returns:
        q*; inf where the map runs away; the 2000th iterate where convergence is only algebraic, as for tanh at
        sigma_w^2 = 1, where q_l ~ 1 / (2 l).
    """
    q = start
    for _ in range(2000):
        following = variance_map(phi, q, weight_variance, bias_variance)
        if following > 1e8:
            return np.inf
        if abs(following - q) <= 1e-15 * q:
            break
        q = following
    return q


SCALED_VARIANCES: dict[str, Callable[[int, int], float]] = {
    "lecun": lambda fan_in, fan_out: 1.0,
    "glorot": lambda fan_in, fan_out: 2 * fan_in / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2.0,
}
"""sigma_w^2 = fan_in Var W: LeCun et al. 1998, Glorot and Bengio 2010 (eq. 12), He et al. 2015 (eq. 10)."""


def network_factor(activation: str, init: str, x: Floats, depth: int, width: int, gain: float = 1.0) -> float:
    """Factor per layer by which ||dL/dz|| of a network of equal layers falls on its way down, at the start.

    (||dL/dz_1|| / ||dL/dz_depth||)^(1 / (depth - 1)), with ||dL/dz_1||^2 = sum over rows of prod_l chi(q_l), where q_l
    follows the trajectory of each row from q_1 = sigma_w^2 ||x||^2 / d; 32 quantiles of q_1 stand for the rows.

    Args:
        activation: its name.
        init: its name, of `SCALED_VARIANCES`; biases start at 0.
        x: (rows, d).
        depth: hidden layers.
        width: of each.
        gain: factor of the weights.
    """
    phi, variance = ACTIVATIONS[activation], gain**2 * SCALED_VARIANCES[init](width, width)
    first = gain**2 * SCALED_VARIANCES[init](x.shape[1], width) * row_squares(x)
    return float(backward_squares(phi, first, depth, variance)[0] ** (0.5 / (depth - 1)))


def row_squares(x: Floats) -> Floats:
    """32 quantiles of the rows' mean squares ||x||^2 / d, which stand for the rows, (32,)."""
    return np.quantile(np.mean(np.asarray(x, float) ** 2, axis=1), (np.arange(32) + 0.5) / 32)


def backward_squares(
    phi: Phi, first: Floats, layers: int, weight_variance: float, bias_variance: float = 0.0
) -> Floats:
    """E ||dL/dz_l||^2 / E ||dL/dz_layers||^2 for l = 1 ... layers: the mean over rows of prod_{k = l} chi(q_k).

    Schoenholz et al. 2017, section 4, along the trajectory of each row instead of at its fixed point.

    Args:
        phi: the activation.
        first: variances q_1 of the rows, (rows,).
        layers: hidden layers.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.

    Returns:
        (layers,), the last one 1.
    """
    q, factors = first, []
    for _ in range(layers - 1):
        z = np.sqrt(q)[:, None] * _NODES
        factors.append(weight_variance * (phi.slope(z) ** 2 @ _WEIGHTS))
        q = weight_variance * (phi.value(z) ** 2 @ _WEIGHTS) + bias_variance
    upward = np.cumprod([np.ones_like(first), *factors[::-1]], axis=0)
    return upward[::-1].mean(axis=1)


def sensitivity(phi: Phi, layers: int, weight_variance: float, bias_variance: float = 0.0) -> float:
    """Largest |d ln q_l / d ln (||x||^2 / d)| over the layers; above 1, the network amplifies an error of its variance.

    Args:
        phi: activation.
        layers: how many.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.
    """
    step = 1e-5
    up, down = (trajectory(phi, layers, weight_variance, bias_variance, np.exp(d)) for d in (step, -step))
    return float(np.max(np.abs(np.log(up / down)))) / (2 * step)
