"""Norms of products of random matrices: what a typical product does, which is less than its mean."""

import numpy as np
from scipy import special, stats


def log_gain(width: int, factor: float = 1.0) -> float:
    """E ln ||W v||^2 / ||v||^2 = ln g^2 + psi(n / 2) + ln(2 / n) for an n x n matrix with entries N(0, g^2 / n).

    ||W v||^2 / ||v||^2 is g^2 chi^2_n / n, whatever v is, so that the mean over a product of independent matrices adds
    up; its mean is g^2, its logarithm is about 1 / n lower (Cohen and Newman 1984, eq. 2.11).

    Args:
        width: n.
        factor: g.
    """
    return float(2 * np.log(factor) + special.psi(width / 2) + np.log(2 / width))


def rectified_moments(width: int) -> tuple[float, float]:
    """Mean and variance of ln q_{l+1} / q_l for a layer of n ReLU units with He's weights, Var W = 2 / n.

    Given the layer before it, q_{l+1} / q_l = 2 chi^2_K / n with K ~ Bin(n, 1/2) the number of units that are on,
    whatever the signal, so that layers are independent and ln q_L is a sum: nearly normal, with mean about -5 L / (2 n)
    and variance 5 L / n (Hanin 2018; Hanin and Rolnick 2018). K = 0, of probability 2^-n, is left out.

    Args:
        width: n.
    """
    on = np.arange(1, width + 1)
    share = stats.binom.pmf(on, width, 0.5)
    share = share / share.sum()
    mean = np.log(4 / width) + special.psi(on / 2)
    centre = share @ mean
    return float(centre), float(share @ (special.polygamma(1, on / 2) + (mean - centre) ** 2))
