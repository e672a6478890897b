"""Signals and gradients of wide residual networks with rectifiers, at initialisation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def preactivation_factor(scale: float, weight_variance: float) -> float:
    """1 + a^2 sigma_w^2 / 2 for z_l = z_{l-1} + a relu(z_{l-1}) W_l: growth per block of z^2 and of ||dL/dz||^2 alike.

    The branch has an independent sign for each unit, so that no cross terms are left; half of the units pass (Hanin and
    Rolnick 2018; Zhang, Dauphin and Ma 2019).

    Args:
        scale: a.
        weight_variance: sigma_w^2.
    """
    return 1 + scale**2 * weight_variance / 2


class Rectified(NamedTuple):
    """h_l = h_{l-1} + a relu(z_l) over the blocks, whose branches all push upwards."""

    signal: Floats  # E h_l^2 after 0, 1, ... blocks, relative to the first, (blocks + 1,)
    gradient: Floats  # E ||dL/dh_l||^2 after 0, 1, ... blocks, relative to the last, (blocks + 1,)


def rectified(blocks: int, scale: float, weight_variance: float, ratio: float, width: int) -> Rectified:
    """The recursion of h_l = h_{l-1} + a relu(h_{l-1} W_l), without biases.

    With v the mean square of h, r = mean / v^(1/2) over units and c = sigma_w / (2 pi)^(1/2), relu(z) has mean
    c v^(1/2) and mean square sigma_w^2 v / 2 independently of h, so that v' = v (1 + a^2 sigma_w^2 / 2 + 2 a c r), and
    the mean grows by a c v^(1/2). At sigma_w^2 = 2 and a = 1, r tends to .801242 and v' / v to 2.904105.

    Downwards the square of g = dL/dh grows by 1 + a^2 sigma_w^2 / 2, and by a cross term, as masks turn with weights:
    sum_ij g_i W_ij phi'_j g_j has mean c <g, h> (sum g) / (n v^(1/2)). Here <g, h> is the same at all layers, by
    Euler's theorem on homogeneous functions, and sum g grows by 1 + a c r; at the top E <g, h> (sum g) = ||g||^2
    mean(h) for random output weights, so that in wide networks the term is small, but it grows faster than the rest.

    Args:
        blocks: how many.
        scale: a.
        weight_variance: sigma_w^2.
        ratio: r before the first block; 1 / pi^(1/2) behind a layer of rectifiers.
        width: n.
    """
    c, keep = np.sqrt(weight_variance / (2 * np.pi)), preactivation_factor(scale, weight_variance)
    v, r = [1.0], [ratio]
    for _ in range(blocks):
        v.append(v[-1] * (keep + 2 * scale * c * r[-1]))
        r.append((r[-1] + scale * c) * np.sqrt(v[-2] / v[-1]))
    square, cross = [1.0], r[-1] * np.sqrt(v[-1]) / width
    for block in reversed(range(blocks)):
        square.append(square[-1] * keep + 2 * scale * c * cross / np.sqrt(v[block]))
        cross *= 1 + scale * c * r[block]
    return Rectified(np.asarray(v), np.asarray(square[::-1]))
