"""Gradients of wide networks with batch normalisation before each activation, at initialisation.

Each factor is ||dL/dz_l||^2 / ||dL/dz_{l+1}||^2 and does not depend on the scale of the weights.
"""

import numpy as np

from bench.theory.meanfield import Phi, chi, gaussian_mean


def factor(phi: Phi) -> float:
    """E phi'^2 / Var phi for z ~ N(0, 1): large batches; pi / (pi - 1) for ReLU (Yang et al. 2019).

    At least 1, and 1 for linear phi alone, by the Gaussian Poincare inequality.

    Args:
        phi: activation.
    """
    variance = gaussian_mean(lambda z: phi.value(z) ** 2, 1.0) - gaussian_mean(phi.value, 1.0) ** 2
    return chi(phi, 1.0, 1.0) / variance


def linear_factor(batch: int) -> float:
    """(B - 2) / (B - 3) for the identity and B rows (Yang et al. 2019)."""
    return (batch - 2) / (batch - 3)


def relu_factor(batch: int) -> float:
    """ReLU and B rows: (1/2 - (1 - p - c) / B) B / ((1/2 - c) (B - 3)).

    Two rows of a normalised unit have correlation rho = -1 / (B - 1); c is the mean of the product of their rectified
    values and p the probability that both are positive (Cho and Saul 2009, eqs. 6 and 7).

    Args:
        batch: B.
    """
    rho = -1 / (batch - 1)
    c = (np.sqrt(1 - rho**2) + (np.pi - np.arccos(rho)) * rho) / (2 * np.pi)
    p = 0.25 + np.arcsin(rho) / (2 * np.pi)
    return float((0.5 - (1 - p - c) / batch) * batch / ((0.5 - c) * (batch - 3)))
