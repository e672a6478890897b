"""Chains of one sigmoid neuron per layer, z_l = w a_{l-1} + b and a_l = sigma(z_l): factors of the gradient."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]


def slope(z: Floats | float) -> Floats:
    """sigma'(z) = sigma(z) (1 - sigma(z)), at most 1/4."""
    return expit(z) * expit(-np.asarray(z, float))


def preactivations(weight: float, bias: float, first: float, layers: int) -> Floats:
    """z_1 ... z_layers of a chain with z_1 = first, (layers,)."""
    z = [float(first)]
    while len(z) < layers:
        z.append(weight * float(expit(z[-1])) + bias)
    return np.asarray(z)


def interval(weight: float) -> tuple[float, float]:
    """The z between which |w sigma'(z)| >= 1; empty (NaN) for |w| < 4.

    w sigma'(z) = 1 is a (1 - a) = 1 / |w| for a = sigma(z), so that z = -+ ln(|w| (1 + sqrt(1 - 4 / |w|)) / 2 - 1). In
    units of the input a_{l-1} the interval is 1 / |w| as wide (Nielsen 2015, chapter 5, exercises).

    Args:
        weight: w.
    """
    size = abs(weight)
    if size < 4:
        return np.nan, np.nan
    edge = float(np.log(size * (1 + np.sqrt(1 - 4 / size)) / 2 - 1))
    return -edge, edge
