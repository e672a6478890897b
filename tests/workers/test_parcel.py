"""Parts on their way to another process."""

import dataclasses
import threading

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from bench.errors import InputError
from bench.own import with_own
from bench.workers.parcel import REGISTRIES, opened, packed


def test_the_parts_of_the_suite_are_sent_by_name(parts):
    parcel = packed(parts)
    assert not parcel.own
    again = opened(parcel)
    assert again.hash == parts.hash
    assert all(getattr(again, name) is getattr(parts, name) for name in REGISTRIES)


def test_parts_of_ones_own_are_sent_beside_them(parts):
    gain = 1.5
    own = with_own(parts, optimizers={"mine": lambda learning_rate: optax.sgd(gain * learning_rate)})
    again = opened(packed(own))
    assert again.hash == own.hash != parts.hash
    method = again.methods["mine"].make({"learning_rate": 2.0})
    updates, _ = method.update(jnp.ones(1), method.init(jnp.zeros(1)))
    assert float(updates[0]) == -3.0


def test_data_stay_here_as_workers_get_tables(parts):
    own = with_own(parts, data={"mine": (np.zeros((4, 1)), np.arange(4.0) / 3)})
    assert not packed(own).own


def test_a_part_that_cannot_be_sent_is_named(parts):
    lock = threading.Lock()
    part = parts.methods["sgd"]._replace(make=lambda hyper: lock)
    own = dataclasses.replace(parts, methods={**parts.methods, "locked": part})
    with pytest.raises(InputError, match=r"'locked' of methods cannot be sent to workers \(.*lock"):
        packed(own)


def test_other_sources_are_refused(parts):
    with pytest.raises(InputError, match="the sources of the suite have changed"):
        opened(packed(parts)._replace(suite="another"))
