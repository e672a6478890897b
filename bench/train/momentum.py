"""Classical and Nesterov momentum whose coefficient grows with the step and falls before the end."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

CONSTANTS = {"momentum": 0.99, "period": 250.0, "settle_at": 1e9, "settled": 0.9}
"""Largest momentum; steps after which it first grows; step from which it is at most `settled`."""


def coefficient(hyper: Mapping[str, Array], step: Array) -> Array:
    """mu_t = min(1 - 1 / (2 (floor(t / period) + 1)), mu), t = 0, 1, ... (Sutskever et al. 2013, eq. 5)."""
    grown = 1 - 0.5 / (jnp.floor(step / hyper["optimizer.period"]) + 1)
    largest = hyper["optimizer.momentum"]
    late = step >= hyper["optimizer.settle_at"]
    return jnp.minimum(grown, jnp.where(late, jnp.minimum(largest, hyper["optimizer.settled"]), largest))


def growing(nesterov: bool) -> Callable[[Mapping[str, Array]], optax.GradientTransformation]:
    """v <- mu_t v - eta g, theta <- theta + v, the gradient taken at theta or, for Nesterov's, at theta + mu_t v.

    Nesterov's keeps the point at which the next gradient is taken, theta + mu_{t+1} v (Bengio et al. 2013, eq. 6).
    """

    def make(hyper: Mapping[str, Array]) -> optax.GradientTransformation:
        rate = hyper["learning_rate"]

        def init(params: Any) -> Any:
            return jnp.zeros((), jnp.int32), jax.tree.map(jnp.zeros_like, params)

        def update(gradient: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
            step, velocity = state
            now, ahead = (coefficient(hyper, (step + k).astype(rate.dtype)) for k in (0, 1))
            moved = jax.tree.map(lambda v, g: (now * v - rate * g).astype(v.dtype), velocity, gradient)
            if not nesterov:
                return moved, (step + 1, moved)
            change = jax.tree.map(lambda v, old: ((1 + ahead) * v - now * old).astype(v.dtype), moved, velocity)
            return change, (step + 1, moved)

        return optax.GradientTransformation(init, update)  # type: ignore[arg-type]

    return make
