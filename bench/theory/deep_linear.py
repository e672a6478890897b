"""Deep linear networks that start balanced: curvature at the minimum, and the time that each mode takes to learn."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def balanced_curvature(layers: int, target: float) -> float:
    """L y^(2 - 2/L): largest eigenvalue of the Hessian of (w_1 w_2 ... w_L - y)^2 / 2 at w_l = y^(1/L).

    There it is c c^T with c_l = dP/dw_l = y^(1 - 1/L) (Nar and Sastry 2018, theorem 1).

    Args:
        layers: L.
        target: y > 0.
    """
    return layers * target ** (2 - 2 / layers)


def learned(time: ArrayLike, strength: float, start: float) -> Floats:
    """u(t) = s e^(2 s t) / (e^(2 s t) - 1 + s / u_0): one mode of a network of two balanced layers under the flow.

    It solves du/dt = 2 u (s - u) (Saxe, McClelland and Ganguli 2014, eq. 8).

    Args:
        time: steps times learning rate, (n,).
        strength: s, singular value of the correlation of targets and whitened inputs.
        start: u_0.

    Returns:
        (n,).
    """
    return strength / (1 + (strength / start - 1) * np.exp(-2 * strength * np.asarray(time, float)))


def half_time(strength: float, start: float) -> float:
    """ln((s - u_0) / u_0) / (2 s): when u(t) of `learned` is s / 2 (ibid., eq. 9)."""
    return float(np.log((strength - start) / start) / (2 * strength))
