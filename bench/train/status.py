"""Where the lanes of a chunk stand: which have diverged, which have stopped, and their average loss."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from bench.train.stops import Stop

EWMA_DECAY = 0.98


class Status(NamedTuple):
    """Where the lanes of a chunk stand, each (S, K)."""

    bad_step: Array  # first step with a non-finite or excessive loss, -1 while there is none
    stop_step: Array  # first step at which the stopping rule held, -1 while it has not
    limit: Array  # a loss above it counts as diverged
    ewma: Array  # exponentially weighted sum of the batch losses
    ewma_weight: Array  # sum of its weights: 0 before the first step, near 1 after many
    memory: tuple[Array, ...]  # of the stopping rule

    @property
    def active(self) -> Array:
        """Lanes that still train."""
        return (self.bad_step < 0) & (self.stop_step < 0)


def only_active(active: Array, new: Any, old: Any) -> Any:
    """New values for active lanes (S, K), old ones for frozen lanes."""
    return jax.tree.map(lambda n, o: jnp.where(active.reshape(active.shape + (1,) * (n.ndim - 2)), n, o), new, old)


def after(stop: Stop | None, hyper: dict[str, Array], longest: int) -> Callable[..., Status]:
    """What a segment's series say about the lanes: `(status, series (steps, S, K), start, end) -> status`."""

    def update(status: Status, series: dict[str, Array], start: Array, end: Array) -> Status:
        count = end - start
        index = jnp.arange(longest, dtype=jnp.int32)
        taken = (index < count)[:, None, None]
        active = status.active
        bad = taken & _bad(series["loss"], status.limit[None])
        bad_step = _first_true(bad, start, status.bad_step, active)
        decay = jnp.atleast_2d(jnp.asarray(hyper.get("ewma.decay", EWMA_DECAY), series["loss"].dtype))
        share = (1 - decay[None]) * decay[None] ** (count - 1 - index)[:, None, None].astype(decay.dtype)
        average = jnp.sum(jnp.where(taken, share * series["loss"], 0), axis=0)
        kept = decay ** count.astype(decay.dtype)
        ewma = jnp.where(active, kept * status.ewma + average, status.ewma)
        weight = jnp.where(active, kept * status.ewma_weight + (1 - kept), status.ewma_weight)
        if stop is None:
            return status._replace(bad_step=bad_step, ewma=ewma, ewma_weight=weight)
        last = jnp.maximum(count - 1, 0)
        watched = series[stop.series]
        watched = jnp.where(taken, watched, watched[last][None])
        rule = jax.vmap(jax.vmap(stop.reached, in_axes=(1, None, 0, 0)), in_axes=(1, None, 0, 0))
        reached, memory = rule(watched, start + index, status.memory, hyper["stop.threshold"])
        reached = jnp.moveaxis(reached, 2, 0) & taken
        memory = tuple(jnp.where(count > 0, new, old) for new, old in zip(memory, status.memory, strict=True))
        stop_step = _first_true(reached, start, status.stop_step, active)
        # Within a segment a lane goes on after its end: what happened first counts.
        stopped = (stop_step >= 0) & ((bad_step < 0) | (stop_step < bad_step))
        bad_step, stop_step = jnp.where(stopped, -1, bad_step), jnp.where(stopped, stop_step, -1)
        return Status(bad_step, stop_step, status.limit, ewma, weight, memory)

    return update


def _bad(loss: Array, limit: Array) -> Array:
    return ~jnp.isfinite(loss) | (loss.astype(jnp.float32) > limit)


def _first_true(flags: Array, start: Array, known: Array, active: Array) -> Array:
    """The first step of a segment whose flag (steps, S, K) is set, for active lanes; else what was known."""
    first = start + jnp.argmax(flags, axis=0).astype(jnp.int32)
    return jnp.where(active & jnp.any(flags, axis=0), first, known)


def check(status: Status, loss: Array, step: Array, diverge_above: Array) -> Status:
    """Holds the train loss of a checkpoint against the limit, which the first checkpoint sets."""
    first = diverge_above * jnp.maximum(1, jnp.nan_to_num(loss.astype(jnp.float32), posinf=jnp.inf))
    limit = jnp.where(step == 0, first.astype(jnp.float32), status.limit)
    bad = _bad(loss, limit) & status.active
    return status._replace(limit=limit, bad_step=jnp.where(bad, step, status.bad_step))
