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

    @property
    def average(self) -> Array:
        """Exponentially weighted mean of the batch losses, NaN before the first step."""
        return self.ewma / self.ewma_weight


def initial(stop: Stop | None, shape: tuple[int, ...], dtype: Any) -> Status:
    """The status of lanes, (S, K), before their first step; losses are of this dtype."""
    none, zero = jnp.full(shape, -1, jnp.int32), jnp.zeros(shape, dtype)
    memory = tuple(jnp.full(shape, start, dtype) for start in (stop.memory if stop else ()))
    return Status(none, none, jnp.full(shape, jnp.inf, jnp.float32), zero, zero, memory)


def only_active(active: Array, new: Any, old: Any) -> Any:
    """New values for active lanes (S, K), old ones for frozen lanes."""
    return jax.tree.map(lambda n, o: jnp.where(active.reshape(active.shape + (1,) * (n.ndim - 2)), n, o), new, old)


def watch(stop: Stop | None, hyper: dict[str, Array]) -> Callable[[Status, dict[str, Array], Array], Status]:
    """What a step says about the lanes: `(status, what it saw (S, K), step) -> status`; a few numbers per lane."""

    def update(status: Status, seen: dict[str, Array], step: Array) -> Status:
        active, loss = status.active, seen["loss"]
        bad = active & _bad(loss, status.limit)
        decay = _decay(hyper, loss.dtype)
        status = status._replace(
            bad_step=jnp.where(bad, step, status.bad_step), ewma=decay * status.ewma + (1 - decay) * loss
        )
        if stop is None:
            return status
        rule = jax.vmap(jax.vmap(stop.reached, in_axes=(0, None, 0, 0)), in_axes=(0, None, 0, 0))
        reached, memory = rule(seen[stop.series], step, status.memory, hyper["stop.threshold"])
        stop_step = jnp.where(active & reached & ~bad, step, status.stop_step)
        return status._replace(stop_step=stop_step, memory=memory)

    return update


def settle(before: Status, now: Status, steps: Array, hyper: dict[str, Array]) -> Status:
    """The status after a segment of so many steps: averages of lanes that had ended before it stay."""
    decay = _decay(hyper, now.ewma.dtype)
    kept = decay ** steps.astype(decay.dtype)
    weight = kept * before.ewma_weight + (1 - kept)
    return now._replace(
        ewma=jnp.where(before.active, now.ewma, before.ewma),
        ewma_weight=jnp.where(before.active, weight, before.ewma_weight),
    )


def _decay(hyper: dict[str, Array], dtype: Any) -> Array:
    return jnp.atleast_2d(jnp.asarray(hyper.get("ewma.decay", EWMA_DECAY), dtype))


def _bad(loss: Array, limit: Array) -> Array:
    return ~jnp.isfinite(loss) | (loss.astype(jnp.float32) > limit)


def check(status: Status, loss: Array, step: Array, diverge_above: Array) -> Status:
    """Holds the train loss of a checkpoint against the limit, which the first checkpoint sets."""
    first = diverge_above * jnp.maximum(1, jnp.nan_to_num(loss.astype(jnp.float32), posinf=jnp.inf))
    limit = jnp.where(step == 0, first.astype(jnp.float32), status.limit)
    bad = _bad(loss, limit) & status.active
    return status._replace(limit=limit, bad_step=jnp.where(bad, step, status.bad_step))
