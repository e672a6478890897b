"""What gradient and weights of a layer have to do with each other."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array


def products(weights: Sequence[Array], gradients: Sequence[Array]) -> dict[str, Array]:
    """<W_l, dJ/dW_l> and ||W_l||^2 of every layer from the input on, (layers,) each.

    Args:
        weights, gradients: by group, (layers, fan_in, fan_out).
    """
    if not weights or weights[0].ndim < 3:
        return {}
    pairs = list(zip(weights, gradients, strict=True))
    inner = jax.vmap(lambda weight, gradient: jnp.sum(weight * gradient))
    return {
        "weight_gradient_product": jnp.concatenate([inner(*pair) for pair in pairs]),
        "weight_square": jnp.concatenate([inner(weight, weight) for weight, _ in pairs]),
    }
