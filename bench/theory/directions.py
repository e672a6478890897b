"""Random directions in many dimensions, and slopes in another metric."""

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

Floats = NDArray[np.float64]


def largest_cosine(dimensions: int, count: int) -> float:
    """Expected largest cosine of independent uniform unit vectors with a given one.

    (1 + cosine) / 2 has the distribution Beta((d - 1)/2, (d - 1)/2) (Muirhead 1982, theorem 1.5.7); for many vectors in
    many dimensions the largest of n tends to sqrt(2 ln n / d).

    Args:
        dimensions: d, at least 2.
        count: n.
    """
    shape = (dimensions - 1) / 2
    cosines = np.linspace(-1, 1, 200_001)
    below = stats.beta.cdf((1 + cosines) / 2, shape, shape) ** count
    return float(1 - integrate.trapezoid(below, cosines))


def fall(gradient: Floats, direction: Floats, hessian: Floats) -> float:
    """-g^T d / sqrt(d^T H d): the slope downward along d per unit of H-norm, largest for d = -H^-1 g.

    The direction of steepest descent depends on the norm (Boyd and Vandenberghe 2004, section 9.4).
    """
    return float(-gradient @ direction / np.sqrt(direction @ hessian @ direction))
