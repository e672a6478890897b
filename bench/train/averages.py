"""Gradient descent that remembers: running moments of its iterates, or of the gradients of its batches."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree


class Moments(NamedTuple):
    """Mean and mean square, entry by entry, of what was seen after the first steps."""

    step: Array
    mean: Any  # like the parameters
    square: Any  # like the parameters


def averaged_sgd(hyper: Mapping[str, Array]) -> optax.GradientTransformation:
    """theta <- theta - eta g, and the average of the iterates after the first `burn_in` steps.

    The average is that of Polyak and Juditsky (1992), eq. 2; with the mean squares it gives the variance of a
    stationary run. The iterates themselves are those of `sgd`.
    """

    def update(gradients: Any, state: Moments, params: Any = None) -> tuple[Any, Moments]:
        updates = jax.tree.map(lambda g: -hyper["learning_rate"].astype(g.dtype) * g, gradients)
        return updates, _seen(state, optax.apply_updates(params, updates), hyper["optimizer.burn_in"])

    return optax.GradientTransformation(_nothing_seen, update)  # type: ignore[arg-type]


def frozen_sgd(hyper: Mapping[str, Array]) -> optax.GradientTransformation:
    """`sgd` for the first `moving` steps; then it stays and gathers the moments of the gradients of its batches.

    E ||g_B - G||^2 = sum of E g_B^2 - ||G||^2 at a fixed point is the noise of a batch gradient (McCandlish et al.
    2018, eq. 2.5).
    """

    def update(gradients: Any, state: Moments, params: Any = None) -> tuple[Any, Moments]:
        del params
        rate = jnp.where(state.step < hyper["optimizer.moving"], hyper["learning_rate"], 0)
        updates = jax.tree.map(lambda g: -rate.astype(g.dtype) * g, gradients)
        return updates, _seen(state, gradients, hyper["optimizer.moving"])

    return optax.GradientTransformation(_nothing_seen, update)  # type: ignore[arg-type]


def _nothing_seen(params: Any) -> Moments:
    zeros = jax.tree.map(jnp.zeros_like, params)
    return Moments(jnp.zeros((), jnp.int32), zeros, zeros)


def _seen(state: Moments, tree: Any, skipped: Array) -> Moments:
    """The moments with one more value, unless it is one of the first `skipped`."""
    step = state.step + 1
    count = step.astype(skipped.dtype) - skipped
    share = jnp.where(count > 0, 1 / jnp.maximum(count, 1), 0)

    def towards(kept: Any, new: Callable[[Array], Array]) -> Any:
        return jax.tree.map(lambda old, value: old + share.astype(old.dtype) * (new(value) - old), kept, tree)

    return Moments(step, towards(state.mean, lambda value: value), towards(state.square, jnp.square))


def moments(state: Any) -> dict[str, Array]:
    """Mean and mean square as flat arrays, of an optimizer that gathers them; nothing for any other."""
    nodes = jax.tree.leaves(state, is_leaf=lambda node: isinstance(node, Moments))
    found = [node for node in nodes if isinstance(node, Moments)]
    return {"mean": ravel_pytree(found[0].mean)[0], "mean_square": ravel_pytree(found[0].square)[0]} if found else {}
