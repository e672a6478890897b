"""Stopping rules, asked at every step, which gives the exact step at which a run stops."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array


class Stop(NamedTuple):
    """A rule over one series.

    `series` names what is watched at every step: `loss`, `gradient_norm` or `update_norm`, all of the parameters
    before the step. `reached(value, step, memory, threshold) -> (reached, memory)` works on one lane; `memory` starts
    as given.
    """

    series: str
    reached: Callable[[Array, Array, tuple[Array, ...], Array], tuple[Array, tuple[Array, ...]]]
    memory: tuple[float, ...] = ()


def _below(value: Array, step: Array, memory: tuple[Array, ...], threshold: Array) -> Any:
    return value < threshold, memory


def _decrease(value: Array, step: Array, memory: tuple[Array, ...], threshold: Array) -> Any:
    """J_{t-1} - J_t < threshold; the first step has no predecessor and never stops."""
    (before,) = memory
    return (before - value < threshold) & (before < jnp.inf), (value,)


def _patience(value: Array, step: Array, memory: tuple[Array, ...], threshold: Array) -> Any:
    """No new best for `threshold` steps."""
    best, since = memory
    since = jnp.where(value < best, step.astype(since.dtype), since)
    return step - since >= threshold, (jnp.minimum(best, value), since)


STOPS = {
    "none": None,
    "target_loss": Stop("loss", _below),
    "gradient_norm": Stop("gradient_norm", _below),
    "update_norm": Stop("update_norm", _below),
    "loss_decrease": Stop("loss", _decrease, (float("inf"),)),
    "patience": Stop("loss", _patience, (float("inf"), -1.0)),
}
"""name -> rule; the threshold is the traced axis `stop.threshold`."""
