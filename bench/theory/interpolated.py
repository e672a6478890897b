"""Mean-field theory of thousands of networks at once: the maps of the variance q, interpolated between nodes."""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from bench.theory import meanfield

Floats = NDArray[np.float64]

RANGE = (1e-12, 1e6)
"""Of q; beyond, the ends stand for all."""
NODES = 200


def backward_squares(
    phi: meanfield.Phi, first: Floats, layers: int, weight_variance: float, bias_variance: float = 0.0
) -> Floats:
    """`meanfield.backward_squares` to about six digits, a thousand times as fast.

    Args:
        phi: the activation; what is interpolated is kept for the same object.
        first: variances q_1 of the rows, (rows,).
        layers: hidden layers.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.

    Returns:
        (layers,), the last one 1.
    """
    forward, backward = _maps(phi)
    q, factors = first, []
    for _ in range(layers - 1):
        at = np.log(np.clip(q, *RANGE))
        factors.append(weight_variance * np.exp(backward(at)))
        q = weight_variance * np.exp(forward(at)) + bias_variance
    upward = np.cumprod([np.ones_like(first), *factors[::-1]], axis=0)
    return upward[::-1].mean(axis=1)


@functools.lru_cache(maxsize=128)
def _maps(phi: meanfield.Phi) -> tuple[Callable[[Floats], Floats], ...]:
    """ln E phi(sqrt(q) z)^2 and ln E phi'(sqrt(q) z)^2 over ln q, which are smooth and nearly straight."""
    places = np.linspace(np.log(RANGE[0]), np.log(RANGE[1]), NODES)
    nodes, weights = meanfield.normal_nodes()
    z = np.exp(places / 2)[:, None] * nodes
    return tuple(CubicSpline(places, np.log(np.maximum(function(z) ** 2 @ weights, 1e-300))) for function in phi)
