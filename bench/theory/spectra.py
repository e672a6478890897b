"""Singular values of wide random layers and of their products, from free probability."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from bench.theory.meanfield import Phi, normal_nodes

Floats = NDArray[np.float64]


def mean_singular_value(phi: Phi, q: float, weight_variance: float) -> float:
    """Mean singular value of D W for a wide square W with Var W = sigma_w^2 / n and D = diag phi'(sqrt(q) z).

    With t = phi'^2, m(s) = E 1 / (lambda + s) over the eigenvalues lambda of (D W)^T D W / sigma_w^2 solves
    1 / m = s + E t / (1 + t m) (Silverstein and Bai 1995), and E sqrt(lambda) = (1 / pi) integral over s > 0 of
    (1 - s m(s)) / sqrt(s). For t = 1 it is 8 / (3 pi) = .8488 (the quarter circle law).

    Args:
        phi: activation.
        q: variance of the pre-activations; 0 makes D the identity times phi'(0).
        weight_variance: sigma_w^2.
    """
    nodes, weights = normal_nodes()
    squares = phi.slope(np.sqrt(q) * nodes) ** 2
    u = np.linspace(-36, 36, 721)
    s = np.exp(u)

    def gap(logarithm: Floats, s: Floats) -> Floats:
        """Of ln m: positive below the root."""
        m = np.exp(logarithm)[:, None]
        return -np.log(s + (squares / (1 + m * squares)) @ weights) - logarithm

    found = elementwise.find_root(gap, (np.full_like(s, -80.0), -u), args=(s,))  # m < 1 / s
    share = 1 - s * np.exp(found.x)
    return float(np.sqrt(weight_variance) * np.sum(share * np.sqrt(s)) * (u[1] - u[0]) / np.pi)


def largest_square(layers: int) -> float:
    """(L + 1)^(L + 1) / L^L: largest squared singular value of a product of L wide square Gaussian matrices, Var 1 / n.

    Source: Penson and Zyczkowski 2011 (the edge of the Fuss-Catalan law).

    Args:
        layers: L.
    """
    return (layers + 1) ** (layers + 1) / layers**layers


def relative_variance(layers: int, rectified: bool, orthogonal: bool) -> float:
    """Var(s^2) / mean(s^2)^2 over the singular values s of the Jacobian of L wide layers.

    L (mu_2 / mu_1^2 - 1 - s_1), where mu_k = E phi'^(2k), so that mu_2 / mu_1^2 is 1 for the identity and 2 for ReLU,
    and s_1 is -1 for Gaussian weights and 0 for orthogonal ones (Pennington, Schoenholz and Ganguli 2017).

    Args:
        layers: L.
        rectified: ReLU, else the identity.
        orthogonal: orthogonal weights, else Gaussian ones.
    """
    return layers * ((2.0 if rectified else 1.0) - 1 + (0.0 if orthogonal else 1.0))
