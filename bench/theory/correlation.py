"""Two inputs in an infinitely wide random network: how their correlation changes from layer to layer, and how fast."""

import itertools

import numpy as np
from numpy.typing import NDArray

from bench.theory import meanfield
from bench.theory.meanfield import Function, Phi

Floats = NDArray[np.float64]

_HERMITE = np.polynomial.hermite_e.hermegauss(100)
_FIRST, _SECOND = np.meshgrid(_HERMITE[0], _HERMITE[0], indexing="ij")
_WEIGHT = np.outer(_HERMITE[1], _HERMITE[1]) / (2 * np.pi)


def pair_mean(function: Function, q: float, c: float) -> float:
    """E f(u) f(v) for normal u, v of variance q and correlation c, by Gauss-Hermite quadrature; f is smooth.

    Args:
        function: f, elementwise.
        q: variance.
        c: correlation.
    """
    u, v = np.sqrt(q) * _FIRST, np.sqrt(q) * (c * _FIRST + np.sqrt(max(1 - c * c, 0.0)) * _SECOND)
    return float(np.sum(_WEIGHT * function(u) * function(v)))


def trajectory(phi: Phi, layers: int, weight_variance: float, bias_variance: float, start: float) -> Floats:
    """Correlations c_1 ... c_layers of the pre-activations of two inputs of mean square 1.

    q_{l+1} c_{l+1} = sigma_w^2 E phi(u) phi(v) + sigma_b^2 (Poole et al. 2016, eq. 5; Schoenholz et al. 2017, eq. 3).

    Args:
        phi: activation.
        layers: how many.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.
        start: correlation x^T x' / (||x|| ||x'||) of the inputs.

    Returns:
        (layers,).
    """
    q = meanfield.trajectory(phi, layers, weight_variance, bias_variance)
    c = [(weight_variance * start + bias_variance) / q[0]]
    for before, after in itertools.pairwise(q):
        c.append((weight_variance * pair_mean(phi.value, float(before), c[-1]) + bias_variance) / after)
    return np.asarray(c)


def fixed_point(phi: Phi, weight_variance: float, bias_variance: float) -> float:
    """c* at which the correlation settles from below: 1 in the ordered phase, less than 1 in the chaotic one."""
    q = meanfield.fixed_point(phi, weight_variance, bias_variance)
    if meanfield.chi(phi, q, weight_variance) <= 1:
        return 1.0
    low, high = 0.0, 1 - 1e-9
    for _ in range(60):
        c = (low + high) / 2
        rises = weight_variance * pair_mean(phi.value, q, c) + bias_variance > q * c
        low, high = (c, high) if rises else (low, c)
    return (low + high) / 2


def depth_scale(phi: Phi, weight_variance: float, bias_variance: float) -> float:
    """xi_c with |c_l - c*| ~ e^(-l / xi_c): 1 / xi_c = -ln(sigma_w^2 E phi'(u) phi'(v)) at q* and c*.

    Source: Schoenholz et al. 2017, eq. 8 and 9; networks train to a depth of about 6 xi_c (ibid., figure 5).

    Args:
        phi: activation.
        weight_variance, bias_variance: sigma_w^2 and sigma_b^2.

    Returns:
        xi_c; inf at the critical point, where c approaches 1 algebraically.
    """
    q = meanfield.fixed_point(phi, weight_variance, bias_variance)
    c = fixed_point(phi, weight_variance, bias_variance)
    rate = weight_variance * pair_mean(phi.slope, q, c)
    return float(-1 / np.log(rate)) if rate < 1 else np.inf
