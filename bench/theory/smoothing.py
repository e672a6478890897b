"""Exponentially weighted averages: v_n = b v_(n-1) + (1 - b) x_n from v_0 = 0, corrected to v_n / (1 - b^n)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]


def corrected(values: ArrayLike, decay: float) -> Floats:
    """v_n / (1 - b^n), the correction of Kingma and Ba (2015, section 3), with v by `scipy.signal.lfilter`.

    Args:
        values: x_1 ... x_N along the last axis.
        decay: b.

    Returns:
        Of the shape of the values; the first is x_1.
    """
    x = np.asarray(values, np.float64)
    average = lfilter([1 - decay], [1, -decay], x, axis=-1)
    return np.asarray(average / (1 - decay ** np.arange(1, x.shape[-1] + 1)), np.float64)


def variance_share(decay: float) -> float:
    """(1 - b) / (1 + b): variance of the stationary average of white noise, in that of the noise (Roberts 1959)."""
    return (1 - decay) / (1 + decay)


def ramp_lag(decay: float, count: ArrayLike) -> Floats:
    """b / (1 - b) - n b^n / (1 - b^n): steps by which the corrected average of n points of a ramp is behind.

    The weighted mean of the ages 0 ... n - 1 with weights b^age.

    Args:
        decay: b, in [0, 1).
        count: n, at least 1.
    """
    n = np.asarray(count, np.float64)
    return np.asarray(decay / (1 - decay) - n * decay**n / (1 - decay**n), np.float64)
