"""Where numbers leave the range of their format: the largest signals, and gradients and updates that are exactly 0."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import Array


def signals(pre: Sequence[Array], deltas: Sequence[Array]) -> dict[str, Array]:
    """Largest |z_l| and the share of exact zeros in dL/dz_l, layer by layer, (layers,).

    Args:
        pre: z_l by group, (layers, rows, units), the output layer included.
        deltas: dL/dz_l, like pre.
    """
    if not pre:
        return {}
    return {"preactivation_largest": _each(_largest, pre), "delta_zero_fraction": _each(_zeros, deltas)}


def updates(weights: Sequence[Array]) -> dict[str, Array]:
    """Share of exact zeros in the next update of each layer's weights, (layers,).

    Args:
        weights: updates by group, (layers, fan_in, fan_out).
    """
    return {"update_zero_fraction": _each(_zeros, weights)}


def _each(measure: Callable[[Array], Array], groups: Sequence[Array]) -> Array:
    return jnp.concatenate([jax.vmap(measure)(group) for group in groups])


def _largest(array: Array) -> Array:
    return jnp.max(jnp.abs(array)).astype(jnp.promote_types(array.dtype, jnp.float32))


def _zeros(array: Array) -> Array:
    return jnp.mean(array == 0, dtype=jnp.float32)
