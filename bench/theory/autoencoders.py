"""Greedy layer-wise pretraining by denoising autoencoders with tied weights, written out by hand."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bench.theory.backprop import Floats, Layers
from bench.theory.meanfield import Phi

Batches = Callable[[int], tuple[NDArray[np.int64], NDArray[np.bool_]]]


def tied(
    weight: Floats, bias: Floats, decoder_bias: Floats, seen: Floats, h: Floats, phi: Phi, probabilities: bool
) -> tuple[float, tuple[Floats, Floats, Floats]]:
    """The mean loss of rebuilding h from phi(seen W + b) W^T + c, and its gradient (Vincent et al. 2008, section 2.3).

    Both parts of the gradient of W, as encoder and as decoder, come from delta = dJ/d(rebuilt) = (rebuilt - h) / rows,
    in which the sigmoid of what is rebuilt is taken where h are probabilities.

    Args:
        weight, bias, decoder_bias: W (fan_in, fan_out), b (fan_out,), c (fan_in,).
        seen: the corrupted rows, (rows, fan_in).
        h: the rows themselves.
        phi: activation of the code.
        probabilities: whether the loss is the cross-entropy of h and sigmoid(rebuilt), else half the squared error.

    Returns:
        J, and dJ/dW, dJ/db, dJ/dc.
    """
    z = seen @ weight + bias
    code = phi.value(z)
    rebuilt = code @ weight.T + decoder_bias
    if probabilities:
        value = np.sum(np.logaddexp(0, rebuilt) - h * rebuilt) / len(h)
        delta = (special.expit(rebuilt) - h) / len(h)
    else:
        value, delta = np.sum((rebuilt - h) ** 2) / (2 * len(h)), (rebuilt - h) / len(h)
    inner = (delta @ weight) * phi.slope(z)
    return float(value), (seen.T @ inner + delta.T @ code, inner.sum(axis=0), delta.sum(axis=0))


def greedy(
    layers: Layers, x: Floats, phi: Phi, rate: float, steps: int, batches: Batches, probabilities: Sequence[bool]
) -> Layers:
    """Layers after gradient descent on `tied` of each hidden layer in turn (Bengio et al. 2007, section 4).

    Args:
        layers: at the start, the output layer last, which stays.
        x: train rows, (m, inputs).
        phi: activation of the hidden layers.
        rate: learning rate.
        steps: of each hidden layer.
        batches: step, counted over all layers -> row numbers (rows,) and which entries are kept, (rows, widest).
        probabilities: of each hidden layer, whether what it rebuilds are probabilities.
    """
    found, h = list(layers), x
    for index, (bias, weight) in enumerate(layers[:-1]):
        own = [weight.copy(), bias.copy(), np.zeros(len(weight))]
        for step in range(steps):
            rows, kept = batches(index * steps + step)
            target = h[rows]
            seen = np.where(kept[:, : target.shape[1]], target, 0.0)
            _, slopes = tied(own[0], own[1], own[2], seen, target, phi, probabilities[index])
            own = [part - rate * slope for part, slope in zip(own, slopes, strict=True)]
        found[index] = (own[1], own[0])
        h = phi.value(h @ own[0] + own[1])
    return found
