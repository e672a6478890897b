"""Schedules against optax's, which cannot be traced."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from bench.train import SCHEDULES

pytestmark = pytest.mark.usefixtures("devices")

RATE = 0.3
OPTAX = {
    "constant": lambda c: optax.constant_schedule(RATE),
    "inverse_time": lambda c: lambda t: RATE / (t + 1 + c["offset"]),  # optax has none
    "power": lambda c: lambda t: RATE / (t + 1 + c["offset"]) ** c["power"],  # nor this
    "exponential": lambda c: optax.exponential_decay(RATE, c["period"], c["factor"]),
    "staircase": lambda c: optax.exponential_decay(RATE, c["period"], c["factor"], staircase=True),
    "cosine": lambda c: optax.cosine_decay_schedule(RATE, c["period"], c["final"]),
    "warmup": lambda c: optax.linear_schedule(0.0, RATE, c["period"]),
}
OTHER = {"offset": 3.0, "factor": 0.7, "period": 17.0, "power": 0.8, "final": 0.2}


def test_every_schedule_has_a_reference():
    assert set(OPTAX) == set(SCHEDULES)


@pytest.mark.parametrize("own", [True, False], ids=["defaults", "others"])
@pytest.mark.parametrize("name", OPTAX)
def test_rate_is_that_of_optax(name, own):
    schedule = SCHEDULES[name]
    constants = dict(schedule.constants) if own else {key: OTHER[key] for key in schedule.constants}
    hyper = {"learning_rate": jnp.asarray(RATE)} | {f"schedule.{k}": jnp.asarray(v) for k, v in constants.items()}
    steps = np.arange(0, 250, 7)
    want = [OPTAX[name](constants)(t) for t in steps]
    got = schedule.rate(hyper, jnp.asarray(steps)) if name != "constant" else np.full(len(steps), RATE)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
