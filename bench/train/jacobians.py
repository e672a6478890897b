"""Singular values of Jacobians of a network at one row: from input to last hidden signal, and from layer to layer."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from models import Model, lapack


def of_network(model: Model, groups: Any, x: Array, hyper: Mapping[str, Array]) -> dict[str, Array]:
    """Singular values of dh_L / dx at the first row, descending, h_L the signal of the last hidden layer.

    The other rows stay as they are; they matter where the rows of a batch act on each other.

    Args:
        model: the model.
        groups: its parameters, grouped.
        x: rows, (rows, inputs).
        hyper: traced constants.
    """
    if model.layers < 2:
        return {}
    still = _zeros(model, x)

    def signal(row: Array) -> Array:
        return _taps(model, groups, x.at[0].set(row), hyper, still).post[-1][-1, 0]

    return {"jacobian_singular_value": _singular_values(signal, x[0])}


def of_layers(model: Model, groups: Any, x: Array, hyper: Mapping[str, Array]) -> dict[str, Array]:
    """Mean singular value of dz_l / dz_{l-1} at the first row, (layers,), where z_0 is the input; see above."""
    if model.inspect is None:
        return {}
    still, means = _zeros(model, x), []
    places = [(group, layer) for group, zeros in enumerate(still) for layer in range(len(zeros))]

    def moved(index: int) -> Callable[[Array], Array]:
        def preactivation(row: Array) -> Array:
            rows, shift = x, list(still)
            if index == 0:
                rows = x.at[0].set(row)
            else:
                group, layer = places[index - 1]
                shift[group] = shift[group].at[layer, 0].set(row)
            group, layer = places[index]
            return _taps(model, groups, rows, hyper, tuple(shift)).pre[group][layer, 0]

        return preactivation

    for index in range(len(places)):
        at = x[0] if index == 0 else jnp.zeros_like(still[places[index - 1][0]][0, 0])
        means.append(jnp.mean(_singular_values(moved(index), at)))
    return {"layer_singular_value_mean": jnp.stack(means)}


def _zeros(model: Model, x: Array) -> tuple[Array, ...]:
    return tuple(jnp.zeros(shape, x.dtype) for shape in model.taps(x.shape[0]))


def _taps(model: Model, groups: Any, x: Array, hyper: Mapping[str, Array], shift: tuple[Array, ...]) -> Any:
    assert model.inspect is not None
    return model.inspect(groups, x, hyper, shift)[1]


def _singular_values(function: Callable[[Array], Array], at: Array) -> Array:
    jacobian = jax.jacfwd(function)(at)
    wide = jacobian.astype(jnp.promote_types(jacobian.dtype, jnp.float32))  # LAPACK knows no half precision
    return lapack.singular_values(wide).astype(jacobian.dtype)
