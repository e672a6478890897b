"""Backpropagation through a multilayer perceptron, written out by hand: the oracle of automatic differentiation.

z_l = h_{l-1} W_l + b_l, h_l = phi(z_l); parameters are lists of (bias, weight), the order in which the suite records
them.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bench.theory.meanfield import Phi

Floats = NDArray[np.float64]
Layers = list[tuple[Floats, Floats]]


def split(theta: Floats, sizes: Sequence[int]) -> Layers:
    """A flat parameter vector as layers of (bias (fan_out,), weight (fan_in, fan_out)).

    Args:
        theta: (n,).
        sizes: inputs, widths of the hidden layers, outputs.
    """
    layers, used = [], 0
    for fan_in, fan_out in itertools.pairwise(sizes):
        bias, weight = np.split(theta[used : used + fan_out * (fan_in + 1)], [fan_out])
        layers.append((bias, weight.reshape(fan_in, fan_out)))
        used += fan_out * (fan_in + 1)
    return layers


def flat(layers: Layers) -> Floats:
    """The inverse of `split`, (n,)."""
    return np.concatenate([part.reshape(-1) for layer in layers for part in layer])


def half_squared_error(outputs: Floats, y: Floats) -> tuple[float, Floats]:
    """Mean of (f - y)^2 / 2 over rows, and dJ/dz of the outputs, (rows, 1): (f - y) / rows."""
    error = outputs - y[:, None]
    return float(np.sum(error**2) / (2 * len(y))), error / len(y)


def binary_cross_entropy(outputs: Floats, y: Floats) -> tuple[float, Floats]:
    """Mean of ln(1 + e^z) - y z over rows, and dJ/dz, (rows, 1): (sigma(z) - y) / rows."""
    z, target = outputs, y[:, None]
    return float(np.sum(np.logaddexp(0, z) - target * z) / len(y)), (special.expit(z) - target) / len(y)


def softmax_cross_entropy(outputs: Floats, y: Floats) -> tuple[float, Floats]:
    """Mean of -ln softmax(z)_y over rows, and dJ/dz, (rows, classes): (softmax(z) - one-hot) / rows."""
    rows = np.arange(len(y))
    log_p = outputs - special.logsumexp(outputs, axis=1, keepdims=True)
    delta = np.exp(log_p)
    delta[rows, y.astype(int)] -= 1
    return float(-np.mean(log_p[rows, y.astype(int)])), delta / len(y)


LOSSES = {
    "half_squared_error": half_squared_error,
    "binary_cross_entropy": binary_cross_entropy,
    "softmax_cross_entropy": softmax_cross_entropy,
}


def gradient(layers: Layers, x: Floats, y: Floats, phi: Phi, loss: str) -> tuple[float, Layers]:
    """J and its gradient by the four equations of backpropagation (Nielsen 2015, chapter 2, BP1 to BP4).

    Args:
        layers: parameters.
        x, y: rows (m, inputs) and targets (m,).
        phi: activation of the hidden layers.
        loss: a name in `LOSSES`.

    Returns:
        J, and the gradient as layers.
    """
    pre, inputs = [], [x]
    for bias, weight in layers:
        pre.append(inputs[-1] @ weight + bias)
        inputs.append(phi.value(pre[-1]))
    value, delta = LOSSES[loss](pre[-1], y)
    found: Layers = []
    for index in reversed(range(len(layers))):
        found.insert(0, (delta.sum(axis=0), inputs[index].T @ delta))
        if index:
            delta = (delta @ layers[index][1].T) * phi.slope(pre[index - 1])
    return value, found
