"""Data orders: which rows a step sees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.train import ORDERS
from bench.train.orders import steps_per_epoch, stream

SIZES = {"rows": st.integers(1, 40), "epochs": st.integers(1, 3), "ragged": st.sampled_from(["drop", "pad"])}


def _order(name, rows, batch, steps, *, ragged="drop", seed=0):
    return ORDERS[name](stream(seed, 1), rows, batch, steps, ragged)


@pytest.mark.parametrize("name", ["reshuffle", "fixed", "shuffled_batches", "shuffled_within"])
@given(data=st.data(), **SIZES)
def test_an_epoch_sees_every_row_once_except_those_that_are_dropped(name, data, rows, epochs, ragged):
    batch = data.draw(st.integers(1, rows))
    per_epoch = steps_per_epoch(rows, batch, ragged)
    order = _order(name, rows, batch, epochs * per_epoch, ragged=ragged)
    assert order.shape == (epochs * per_epoch, batch)
    for epoch in order.reshape(epochs, -1):
        seen = epoch[epoch >= 0]
        assert len(set(seen)) == len(seen) == (rows if ragged == "pad" else per_epoch * batch)
        assert seen.max() < rows


@pytest.mark.parametrize("name", ["reshuffle", "fixed", "replacement", "shuffled_batches", "shuffled_within"])
@given(seed=st.integers(0, 2**62))
def test_an_order_is_a_function_of_its_seed(name, seed):
    first, again, other = (_order(name, 50, 5, 10, seed=s) for s in (seed, seed, seed + 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", ORDERS)
def test_a_longer_run_begins_like_a_shorter_one(name):
    np.testing.assert_array_equal(_order(name, 20, 4, 12)[:7], _order(name, 20, 4, 7))


def test_reshuffling_changes_the_order_each_epoch_and_fixed_does_not():
    first, second = _order("reshuffle", 30, 5, 12).reshape(2, -1)
    assert not np.array_equal(first, second)
    first, second = _order("fixed", 30, 5, 12).reshape(2, -1)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("ragged", ["drop", "pad"])
def test_shuffled_batches_are_the_sequential_ones_in_another_order(ragged):
    plain, shuffled = (_order(name, 38, 5, 16, ragged=ragged) for name in ("sequential", "shuffled_batches"))
    per_epoch = steps_per_epoch(38, 5, ragged)
    for start in (0, per_epoch):
        one, other = (order[start : start + per_epoch].tolist() for order in (plain, shuffled))
        assert sorted(one) == sorted(other)
    assert not np.array_equal(plain, shuffled)
    assert not np.array_equal(shuffled[:7], shuffled[per_epoch : per_epoch + 7])


@pytest.mark.parametrize("ragged", ["drop", "pad"])
def test_rows_shuffled_within_a_batch_stay_in_it(ragged):
    plain, shuffled = (_order(name, 38, 5, 16, ragged=ragged) for name in ("sequential", "shuffled_within"))
    np.testing.assert_array_equal(np.sort(shuffled, axis=1), np.sort(plain, axis=1))
    assert not np.array_equal(plain, shuffled)


def test_replacement_repeats_rows():
    order = _order("replacement", 10, 10, 100)
    assert sorted(set(order.ravel())) == list(range(10))
    assert any(len(set(batch)) < 10 for batch in order)


def test_the_streams_of_a_seed_are_independent():
    assert not np.array_equal(stream(3, 0).random(5), stream(3, 1).random(5))
