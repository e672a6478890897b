"""Learning-rate schedules as pure functions of the step and traced constants.

optax's own schedules branch on their constants in Python, so that they cannot be traced; ours are tested against them.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array


class Schedule(NamedTuple):
    """`rate(hyper, step) -> learning rate of that step`, step from 0; constants have the prefix `schedule.`."""

    rate: Callable[[Mapping[str, Array], Array], Array]
    constants: Mapping[str, float] = {}


def _step_of(hyper: Mapping[str, Array], step: Array) -> Array:
    return step.astype(hyper["learning_rate"].dtype)


def _inverse_time(hyper: Mapping[str, Array], step: Array) -> Array:
    """a / (t + b), t = 1, 2, ... (Robbins and Monro 1951)."""
    return hyper["learning_rate"] / (_step_of(hyper, step) + 1 + hyper["schedule.offset"])


def _power(hyper: Mapping[str, Array], step: Array) -> Array:
    """a / (t + b)^p, t = 1, 2, ...; p = 1/2 is that of online learning (Zinkevich 2003, theorem 1)."""
    return hyper["learning_rate"] / (_step_of(hyper, step) + 1 + hyper["schedule.offset"]) ** hyper["schedule.power"]


def _exponential(hyper: Mapping[str, Array], step: Array) -> Array:
    return hyper["learning_rate"] * hyper["schedule.factor"] ** (_step_of(hyper, step) / hyper["schedule.period"])


def _staircase(hyper: Mapping[str, Array], step: Array) -> Array:
    drops = jnp.floor(_step_of(hyper, step) / hyper["schedule.period"])
    return hyper["learning_rate"] * hyper["schedule.factor"] ** drops


def _cosine(hyper: Mapping[str, Array], step: Array) -> Array:
    """From the learning rate to `final` times it along half a cosine (Loshchilov and Hutter 2017, eq. 5)."""
    share = jnp.clip(_step_of(hyper, step) / hyper["schedule.period"], 0, 1)
    final = hyper["schedule.final"]
    return hyper["learning_rate"] * (final + (1 - final) * (1 + jnp.cos(jnp.pi * share)) / 2)


def _warmup(hyper: Mapping[str, Array], step: Array) -> Array:
    """Linear from 0 to the learning rate over `period` steps, then constant."""
    return hyper["learning_rate"] * jnp.clip(_step_of(hyper, step) / hyper["schedule.period"], 0, 1)


SCHEDULES = {
    "constant": Schedule(lambda hyper, _: hyper["learning_rate"]),
    "inverse_time": Schedule(_inverse_time, {"offset": 0.0}),
    "power": Schedule(_power, {"power": 0.5, "offset": 0.0}),
    "exponential": Schedule(_exponential, {"factor": 0.5, "period": 100.0}),
    "staircase": Schedule(_staircase, {"factor": 0.1, "period": 100.0}),
    "cosine": Schedule(_cosine, {"period": 100.0, "final": 0.0}),
    "warmup": Schedule(_warmup, {"period": 100.0}),
}
