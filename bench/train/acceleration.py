"""Nesterov's method for convex functions, whose momentum grows with the steps."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array


class AcceleratedState(NamedTuple):
    """x_k, the end of the last gradient step, and t_k."""

    point: Any
    t: Array


def accelerated(hyper: Mapping[str, Array]) -> optax.GradientTransformation:
    """x_{k+1} = y_k - eta g(y_k), y_{k+1} = x_{k+1} + (t_k - 1) / t_{k+1} (x_{k+1} - x_k).

    t_0 = 1, t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2 (Nesterov 1983; Beck and Teboulle 2009, eqs. 4.1 to 4.3). The
    parameters are the y_k, where gradients are taken, as with optax's own Nesterov momentum; bounds hold for the x_k.
    """

    def init(params: Any) -> AcceleratedState:
        return AcceleratedState(params, jnp.ones((), jax.tree.leaves(params)[0].dtype))

    def update(gradient: Any, state: AcceleratedState, params: Any = None) -> tuple[Any, AcceleratedState]:
        point = jax.tree.map(lambda p, g: p - hyper["learning_rate"].astype(p.dtype) * g, params, gradient)
        t = (1 + jnp.sqrt(1 + 4 * state.t * state.t)) / 2
        beta = (state.t - 1) / t
        onward = jax.tree.map(lambda new, old, p: new + beta * (new - old) - p, point, state.point, params)
        return onward, AcceleratedState(point, t)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]
