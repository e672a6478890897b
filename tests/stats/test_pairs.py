"""Intervals of medians cover what they promise, and ratios are those of pairs."""

import numpy as np
import pytest

from bench.stats import pairs


def test_few_values_give_their_range():
    assert pairs.median_interval([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert pairs.median_interval([4.0]) == (4.0, 4.0, 4.0)


@pytest.mark.parametrize("size", [6, 9, 15, 40])
def test_intervals_cover_the_median_as_often_as_they_say(size):
    random = np.random.default_rng(size)
    found = [pairs.median_interval(random.exponential(size=size)) for _ in range(2000)]
    covered = np.mean([low <= np.log(2) <= high for _, low, high in found])
    assert 0.94 <= covered <= 1


def test_a_slower_side_shows_in_every_figure():
    first = np.random.default_rng(0).uniform(1, 1.1, 15)
    found = pairs.ratio(first, 2 * first)
    assert (found.median, found.low, found.high) == pytest.approx((2, 2, 2))
    assert found.p < 1e-4
    assert pairs.ratio(first, first[::-1]).p > 0.5
