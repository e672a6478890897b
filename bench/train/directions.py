"""What J does along many random directions, beside the direction of its gradient."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

DIRECTIONS = 4096
LENGTHS = (1e-2, 1e-3, 1e-4)
"""Steps h along unit vectors."""


def _normals(index: Array, size: int, dtype: jnp.dtype) -> Array:
    """Normals of variance 1/2 for an index, (size,), by hashing: no key, no state, and the same for every lane.

    The finaliser of MurmurHash3 (Appleby 2011) turns counters into bits, the inverse error function bits into normals.
    """
    bits = index.astype(jnp.uint32) * jnp.uint32(size) + jnp.arange(size, dtype=jnp.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ (bits >> shift)) * jnp.uint32(factor)
    bits = bits ^ (bits >> 16)
    uniform = (bits.astype(jnp.float64) + 0.5) / 2**31 - 1
    return jax.scipy.special.erfinv(uniform).astype(dtype)


def surroundings(value: Callable[[Array], Array], point: Array, gradient: Array) -> dict[str, Array]:
    """Falls of J, as shares of h ||grad J||, along -grad J and along random unit vectors, for each length h.

    Args:
        value: J, (n,) -> scalar.
        point: (n,).
        gradient: of J there, (n,).

    Returns:
        `steepest_fall` along -grad J, `random_fall` the largest along a random vector, `slope_error` the root mean
        square over random vectors u of (J(x + h u) - J(x)) / h - <grad J, u>, each (lengths,); `largest_cosine`,
        the largest cosine of a random vector with -grad J, a scalar.
    """
    here, norm = value(point), jnp.sqrt(jnp.sum(jnp.square(gradient)))
    lengths = jnp.asarray(LENGTHS, point.dtype)

    def rises(direction: Array) -> Array:
        return jax.vmap(lambda h: value(point + h * direction) - here)(lengths) / (lengths * norm)

    def look(index: Array) -> tuple[Array, Array]:
        normal = _normals(index, point.size, point.dtype)
        unit = normal / jnp.sqrt(jnp.sum(jnp.square(normal)))
        return rises(unit), unit @ gradient / norm

    found, cosines = jax.lax.map(look, jnp.arange(DIRECTIONS, dtype=jnp.int32), batch_size=64)
    return {
        "steepest_fall": -rises(-gradient / norm),
        "random_fall": -jnp.min(found, axis=0),
        "slope_error": jnp.sqrt(jnp.mean(jnp.square(found - cosines[:, None]), axis=0)),
        "largest_cosine": -jnp.min(cosines),
    }
