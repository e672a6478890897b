"""Weight initialisations: each scales a flat draw of standard normals, so that all of them share one draw per seed."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import erf

from models import lapack


class Init(NamedTuple):
    """`weight(draw (fan_in, fan_out)) -> (fan_in, fan_out)` and `bias(draw (fan_out,), fan_in) -> (fan_out,)`."""

    weight: Callable[[Array], Array]
    bias: Callable[[Array, int], Array] = lambda draw, _: jnp.zeros_like(draw)


def _uniform(draw: Array) -> Array:
    """Standard normals to U(-1, 1) by the probability integral transform."""
    return erf(draw / jnp.sqrt(2).astype(draw.dtype))


def _scaled(std: Callable[[int, int], float]) -> Init:
    return Init(lambda draw: draw * jnp.asarray(std(*draw.shape), draw.dtype))


def _scaled_uniform(limit: Callable[[int, int], float]) -> Init:
    return Init(lambda draw: _uniform(draw) * jnp.asarray(limit(*draw.shape), draw.dtype))


def _orthogonal(draw: Array) -> Array:
    """Haar-distributed semi-orthogonal matrix: QR of a Gaussian one, signs fixed (Mezzadri 2007, section 5)."""
    tall = draw if draw.shape[0] >= draw.shape[1] else draw.T
    wide = tall.dtype if tall.dtype.itemsize >= 4 else jnp.float32  # LAPACK knows no half precision
    q, r = lapack.qr(tall.astype(wide))
    q = (q * jnp.sign(jnp.diagonal(r))[None, :]).astype(draw.dtype)
    return q if draw.shape[0] >= draw.shape[1] else q.T


INCOMING = 15
"""Weights that a unit keeps in a sparse initialisation."""


def _sparse(draw: Array) -> Array:
    """Each unit keeps 15 of its incoming weights, all else is 0 (Martens 2010, section 5; Sutskever et al. 2013).

    Which ones, the draw of the next unit says by its smallest numbers, so that within a unit the choice does not
    depend on the weights.
    """
    other = jnp.roll(draw, (1, 1), (0, 1))
    last = jnp.sort(other, axis=0)[min(INCOMING, draw.shape[0]) - 1]
    return jnp.where(other <= last[None, :], draw, 0)


INITS = {
    "zeros": Init(jnp.zeros_like),
    "identity": Init(lambda draw: jnp.eye(*draw.shape, dtype=draw.dtype)),  # Le, Jaitly and Hinton 2015
    "constant": Init(jnp.ones_like),  # the constant is init.gain
    "normal": Init(lambda draw: draw),  # the standard deviation is init.gain
    "uniform": Init(_uniform),  # on (-init.gain, init.gain)
    "lecun": _scaled(lambda fan_in, _: fan_in**-0.5),  # LeCun et al. 1998, eq. 16
    "glorot": _scaled(lambda fan_in, fan_out: (2 / (fan_in + fan_out)) ** 0.5),  # Glorot and Bengio 2010, eq. 12
    "glorot_uniform": _scaled_uniform(lambda fan_in, fan_out: (6 / (fan_in + fan_out)) ** 0.5),  # ibid., eq. 16
    "he": _scaled(lambda fan_in, _: (2 / fan_in) ** 0.5),  # He et al. 2015, eq. 10
    "pytorch": Init(  # torch.nn.Linear: weight and bias U(-1/sqrt(fan_in), 1/sqrt(fan_in))
        lambda draw: _uniform(draw) * jnp.asarray(draw.shape[0] ** -0.5, draw.dtype),
        lambda draw, fan_in: _uniform(draw) * jnp.asarray(fan_in**-0.5, draw.dtype),
    ),
    "sparse": Init(_sparse),
    "orthogonal": Init(_orthogonal),  # Saxe et al. 2014
}
