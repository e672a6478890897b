"""Stopping rules, evaluated on the series of a segment, which gives the exact step at no cost per step."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array


class Stop(NamedTuple):
    """A rule over one series.

    `series` names what is watched at every step: `loss`, `gradient_norm` or `update_norm`, all of the parameters
    before the step. `reached(series (steps,), step numbers (steps,), memory, threshold) -> (reached (steps,), memory)`
    works on one lane; steps beyond the end of the segment hold the last valid value. `memory` starts as given.
    """

    series: str
    reached: Callable[[Array, Array, Any, Array], tuple[Array, Any]]
    memory: tuple[float, ...] = ()


def _below(series: Array, step: Array, memory: Any, threshold: Array) -> tuple[Array, Any]:
    return series < threshold, memory


def _decrease(series: Array, step: Array, memory: Any, threshold: Array) -> tuple[Array, Any]:
    """J_{t-1} - J_t < threshold; the first step has no predecessor and never stops."""
    before = jnp.concatenate([jnp.asarray(memory[0])[None], series[:-1]])
    return (before - series < threshold) & (before < jnp.inf), (series[-1],)


def _patience(series: Array, step: Array, memory: Any, threshold: Array) -> tuple[Array, Any]:
    """No new best for `threshold` steps."""
    best_before = jnp.minimum(
        memory[0], jnp.concatenate([jnp.full((1,), jnp.inf, series.dtype), _running_min(series)[:-1]])
    )
    since = jnp.maximum(memory[1], _running_max(jnp.where(series < best_before, step.astype(series.dtype), -1)))
    return step - since >= threshold, (jnp.minimum(best_before[-1], series[-1]), since[-1])


def _running_min(series: Array) -> Array:
    return jnp.minimum.accumulate(series)


def _running_max(series: Array) -> Array:
    return jnp.maximum.accumulate(series)


STOPS = {
    "none": None,
    "target_loss": Stop("loss", _below),
    "gradient_norm": Stop("gradient_norm", _below),
    "update_norm": Stop("update_norm", _below),
    "loss_decrease": Stop("loss", _decrease, (float("inf"),)),
    "patience": Stop("loss", _patience, (float("inf"), -1.0)),
}
"""name -> rule; the threshold is the traced axis `stop.threshold`."""
