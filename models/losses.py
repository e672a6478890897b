"""Losses per row of a batch; the objective takes their mean.

Outputs are (rows, outputs). With one output a classification label counts as 0 or 1; with several, labels are one-hot.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Loss(NamedTuple):
    """`per_row(outputs (rows, outputs), y) -> (rows,)`, y (rows,) or, for several targets per row, (rows, targets).

    `outputs` is how many outputs it wants for a number of classes.
    """

    per_row: Callable[[Array, Array], Array]
    outputs: Callable[[int], int]  # classes (0 for regression) -> outputs of the model
    needs_classes: bool = False


def _targets(outputs: Array, y: Array) -> Array:
    """Labels as the outputs see them: real values in one column or several, or one-hot rows."""
    if y.ndim == 2:
        return y.astype(outputs.dtype)
    if outputs.shape[-1] == 1:
        return y[:, None].astype(outputs.dtype)
    return (y[:, None] == jnp.arange(outputs.shape[-1], dtype=y.dtype)[None, :]).astype(outputs.dtype)


def _squared_error(outputs: Array, y: Array) -> Array:
    return jnp.sum(jnp.square(outputs - _targets(outputs, y)), axis=-1)


def _huber(outputs: Array, y: Array) -> Array:
    size = jnp.abs(outputs - _targets(outputs, y))
    return jnp.sum(jnp.where(size <= 1, 0.5 * size * size, size - 0.5), axis=-1)


def _binary_cross_entropy(outputs: Array, y: Array) -> Array:
    # softplus(z) - y z = -y ln sigma(z) - (1 - y) ln(1 - sigma(z)), finite for every z
    return jnp.sum(jax.nn.softplus(outputs) - _targets(outputs, y) * outputs, axis=-1)


def _softmax_cross_entropy(outputs: Array, y: Array) -> Array:
    # The label's logit is picked with a mask: a gather would become a scatter, slow on CPUs, in the gradient.
    return jax.nn.logsumexp(outputs, axis=-1) - jnp.sum(_targets(outputs, y) * outputs, axis=-1)


def _one_or_per_class(classes: int) -> int:
    return classes if classes > 2 else 1


LOSSES = {
    "squared_error": Loss(_squared_error, _one_or_per_class),
    "half_squared_error": Loss(lambda outputs, y: 0.5 * _squared_error(outputs, y), _one_or_per_class),
    "huber": Loss(_huber, _one_or_per_class),
    "linear": Loss(lambda outputs, y: jnp.sum(_targets(outputs, y) * outputs, axis=-1), _one_or_per_class),  # slope y
    "binary_cross_entropy": Loss(_binary_cross_entropy, _one_or_per_class, needs_classes=True),
    "bernoulli_cross_entropy": Loss(_binary_cross_entropy, _one_or_per_class),  # targets between 0 and 1
    "softmax_cross_entropy": Loss(_softmax_cross_entropy, lambda classes: max(classes, 2), needs_classes=True),
    "sigmoid_squared_error": Loss(
        lambda outputs, y: _squared_error(jax.nn.sigmoid(outputs), y), _one_or_per_class, needs_classes=True
    ),
    "half_sigmoid_squared_error": Loss(
        lambda outputs, y: 0.5 * _squared_error(jax.nn.sigmoid(outputs), y), _one_or_per_class, needs_classes=True
    ),
}
