"""Projected steps: an optimizer whose parameters stay in a box around the origin."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array


def projected(inner: optax.GradientTransformation, radius: Array) -> optax.GradientTransformationExtraArgs:
    """theta <- clip(theta + step, -radius, radius), coordinate by coordinate (Zinkevich 2003, section 2.1).

    In a box the projection is the same in the Euclidean norm and in every diagonal one, such as Adam's.

    Args:
        inner: makes the step.
        radius: half the edge of the box, scalar.
    """
    own = optax.with_extra_args_support(inner)

    def into(theta: Array, step: Array) -> Array:
        edge = radius.astype(theta.dtype)
        return jnp.clip(theta + step, -edge, edge) - theta

    def update(updates: Any, state: Any, params: Any = None, **more: Any) -> tuple[Any, Any]:
        step, state = own.update(updates, state, params, **more)
        return jax.tree.map(into, params, step), state

    return optax.GradientTransformationExtraArgs(inner.init, update)
