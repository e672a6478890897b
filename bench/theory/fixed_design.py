"""Least squares on a fixed design under fresh noise: what it costs in bias and in variance."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def errors(features: Floats, truth: Floats, noise: float) -> tuple[float, float]:
    """Expected mean squared error on the rows of the fit, and on the same rows with fresh noise.

    bias^2 + sigma^2 (1 - p/m) and bias^2 + sigma^2 (1 + p/m), bias^2 the mean square of what a fit of the truth leaves
    and p the parameters, the constant among them (Hastie et al. 2009, eqs. 7.22 and 7.24).

    Args:
        features: rows without the constant, (m, d).
        truth: expected targets, (m,).
        noise: sigma.
    """
    a = np.column_stack([np.ones(len(features)), features])
    left = truth - a @ np.linalg.lstsq(a, truth, rcond=None)[0]
    bias, share = float(np.mean(left**2)), a.shape[1] / len(a)
    return bias + noise**2 * (1 - share), bias + noise**2 * (1 + share)
