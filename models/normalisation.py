"""Normalisations of pre-activations to mean 0 and variance 1, over the rows of a batch or the units of a layer."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array


class Normalisation(NamedTuple):
    """`apply(z (rows, units), epsilon, fitted) -> (rows, units)`, before the learned scale and bias of each unit.

    `mixes_rows` says whether a row's result depends on other rows; only the first `fitted` rows then act on others.
    """

    apply: Callable[[Array, Array, int], Array]
    mixes_rows: bool


def _standardised(z: Array, seen: Array, axis: int, epsilon: Array) -> Array:
    """(z - mean) / sqrt(variance + epsilon), both of `seen` along an axis."""
    mean = jnp.mean(seen, axis=axis, keepdims=True)
    variance = jnp.mean(jnp.square(seen - mean), axis=axis, keepdims=True)
    return (z - mean) / jnp.sqrt(variance + epsilon.astype(z.dtype))


BATCH = Normalisation(lambda z, epsilon, fitted: _standardised(z, z[:fitted], 0, epsilon), mixes_rows=True)
"""Ioffe and Szegedy 2015, algorithm 1: each unit over the rows. Gradients flow through mean and variance."""

LAYER = Normalisation(lambda z, epsilon, _: _standardised(z, z, 1, epsilon), mixes_rows=False)
"""Ba, Kiros and Hinton 2016, eq. 3: each row over the units."""
