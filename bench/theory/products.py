"""Norms of products of random matrices: what a typical product does, which is less than its mean."""

import numpy as np
from scipy import special


def log_gain(width: int, factor: float = 1.0) -> float:
    """E ln ||W v||^2 / ||v||^2 = ln g^2 + psi(n / 2) + ln(2 / n) for an n x n matrix with entries N(0, g^2 / n).

    ||W v||^2 / ||v||^2 is g^2 chi^2_n / n, whatever v is, so that the mean over a product of independent matrices adds
    up; its mean is g^2, its logarithm is about 1 / n lower (Cohen and Newman 1984, eq. 2.11).

    Args:
        width: n.
        factor: g.
    """
    return float(2 * np.log(factor) + special.psi(width / 2) + np.log(2 / width))
