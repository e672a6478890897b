"""The arrangement of lanes: nothing lost, nothing mixed up, and the same whatever the number of devices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.train.layout import arrange

SEEDS = st.lists(st.integers(0, 6), min_size=1, max_size=60).map(lambda seeds: np.asarray(seeds, np.int64))


@given(SEEDS, st.integers(1, 70), st.integers(1, 5))
def test_every_lane_comes_back_exactly_once(seeds, chunk, devices):
    layout = arrange(seeds, chunk, devices)
    np.testing.assert_array_equal(layout.lane.reshape(-1)[layout.restore(len(seeds))], np.arange(len(seeds)))


@given(SEEDS, st.integers(1, 70), st.integers(1, 5))
def test_lanes_lie_with_their_seed_and_chunks_divide_over_devices(seeds, chunk, devices):
    layout = arrange(seeds, chunk, devices)
    distinct = np.unique(seeds)
    np.testing.assert_array_equal(
        seeds[layout.lane], np.broadcast_to(distinct[layout.seed][:, :, None], layout.lane.shape)
    )
    assert layout.lane.shape[0] % devices == 0
    assert np.prod(layout.lane.shape[1:]) <= max(chunk, 1)


@given(SEEDS, st.integers(1, 70), st.integers(2, 5))
def test_the_shape_and_content_of_chunks_do_not_depend_on_the_devices(seeds, chunk, devices):
    one, many = arrange(seeds, chunk, 1), arrange(seeds, chunk, devices)
    assert one.lane.shape[1:] == many.lane.shape[1:]
    np.testing.assert_array_equal(one.lane, many.lane[: len(one.lane)])
