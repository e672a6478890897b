"""How much of a recurrent network's memory survives its sequence: the derivative of the last by the first."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from models import Model, lapack


def survival(model: Model, params: Any, x: Array, hyper: Mapping[str, Array]) -> dict[str, Array]:
    """Of d memory_T / d memory_0 the largest singular value and the mean of the diagonal, (rows,) each.

    The memory of a plain recurrent network is its signal; that of an LSTM is its cell, along the cell alone.

    Args:
        model: the model; one without memory yields nothing.
        params: its parameters.
        x: sequences, (rows, numbers).
        hyper: traced constants.
    """
    if model.memory is None:
        return {}
    memory, first = model.memory, jnp.zeros(model.memories, x.dtype)

    def last(row: Array, first: Array) -> Array:
        return memory(params, row[None], hyper, first[None])[0]

    jacobians = jax.vmap(jax.jacfwd(last, 1), (0, None))(x, first)
    wide = jacobians.astype(jnp.promote_types(x.dtype, jnp.float32))  # LAPACK knows no half precision
    largest = jax.vmap(lambda jacobian: lapack.singular_values(jacobian)[0])(wide).astype(x.dtype)
    return {"memory_gain": largest, "memory_diagonal": jnp.mean(jnp.diagonal(jacobians, axis1=1, axis2=2), axis=1)}
