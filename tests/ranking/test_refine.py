"""Looking closer: new values lie around the best one or beyond an edge, and never where somebody has been."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ranking.refine import next_values

RATES = [0.01, 0.1, 1.0]


def test_values_lie_between_the_best_and_its_neighbours():
    found = next_values(RATES, 0.1, 4, open_ended=True)
    assert found == pytest.approx(
        [0.01 * 10 ** (1 / 3), 0.01 * 10 ** (2 / 3), 10 ** (-2 / 3), 10 ** (-1 / 3)], rel=1e-3
    )


def test_beyond_an_edge_they_go_on_at_the_same_distance():
    assert next_values(RATES, 1.0, 2, open_ended=True) == pytest.approx([10, 100])
    assert next_values(RATES, 0.01, 2, open_ended=True) == pytest.approx([1e-4, 1e-3])


def test_an_axis_that_may_have_bounds_stays_inside():
    assert next_values([0.0, 0.5, 1.0], 1.0, 1, open_ended=False) == [0.75]
    assert next_values([0.5], 0.5, 3, open_ended=True) == []


@given(st.lists(st.floats(1e-4, 10), min_size=2, max_size=8, unique=True), st.data(), st.integers(1, 9), st.booleans())
def test_new_values_are_new_ascending_and_near_the_best(tried, data, count, open_ended):
    best = data.draw(st.sampled_from(tried))
    found = next_values(tried, best, count, open_ended)
    assert len(found) <= count
    assert found == sorted(set(found))
    assert not set(found) & set(tried)
    ordered = sorted(tried)
    at = ordered.index(best)
    if 0 < at < len(tried) - 1:
        assert all(ordered[at - 1] * 0.999 <= value <= ordered[at + 1] * 1.001 for value in found)
    assert all(np.isfinite(found))
