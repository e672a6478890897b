"""Gradient descent on a scaled loss, which keeps small gradients inside the range of half precision."""

from collections.abc import Mapping
from typing import Any

import jax
import optax
from jax import Array


def loss_scaled_sgd(hyper: Mapping[str, Array]) -> optax.GradientTransformation:
    """theta <- theta - eta grad(s J) / s with s = `optimizer.loss_scale` (Micikevicius et al. 2018, section 3.2).

    Backpropagation runs in the precision of the parameters, the division by s at least in single precision. In half
    precision s itself must be finite, at most 32768 among the powers of 2.
    """
    scale = hyper["optimizer.loss_scale"]
    factor = -hyper["learning_rate"] / scale

    def update(gradient: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        del gradient  # that of J, whose small entries are gone; the compiler drops its computation
        value_fn = extra["value_fn"]
        scaled = jax.grad(lambda point: scale * value_fn(point).astype(scale.dtype))(params)
        return jax.tree.map(lambda g: (factor * g.astype(factor.dtype)).astype(g.dtype), scaled), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)  # type: ignore[arg-type]
