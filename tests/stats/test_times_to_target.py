"""Runs that never reach the target are censored: they count, and they are neither infinite nor filled in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.stats.comparison import mean_interval
from bench.stats.targets import survival, time_to_target

# Remission in weeks under 6-MP (Freireich et al. 1963, with the values of Klein and Moeschberger 2003, chapter 4)
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_the_survival_curve_of_a_published_example():
    curve = survival(WEEKS, RELAPSED)
    at = [6, 7, 10, 13, 16, 22, 23]
    want = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    np.testing.assert_allclose(curve.evaluate(at), want, atol=5e-4)
    assert time_to_target(WEEKS, RELAPSED).median == 23
    assert time_to_target(WEEKS, RELAPSED, 35).restricted_mean == pytest.approx(23.29, abs=0.01)  # area by hand


def test_a_survival_curve_by_hand_and_by_scipy():
    times, reached = [2, 3, 3, 5, 8], [1, 1, 0, 1, 0]
    by_hand = {2: 4 / 5, 3: 4 / 5 * 3 / 4, 5: 4 / 5 * 3 / 4 * 1 / 2}
    curve = survival(times, reached)
    assert [curve.evaluate(time) for time in by_hand] == pytest.approx([*by_hand.values()])
    theirs = stats.ecdf(stats.CensoredData(uncensored=[2, 3, 5], right=[3, 8])).sf
    np.testing.assert_array_equal(curve.probabilities, theirs.probabilities)
    found = time_to_target(times, reached, 8)
    assert found.median == 5
    assert found.restricted_mean == pytest.approx(2 + 0.8 * 1 + 0.6 * 2 + 0.3 * 3)


def test_where_half_of_the_runs_never_arrive_there_is_no_median():
    found = time_to_target([40, 100, 100, 100], [True, False, False, False])
    assert np.isnan(found.median)
    assert found.restricted_mean == 85
    assert found.in_words() == "not reached by half of the runs (1 of 4)"
    nobody = time_to_target([100] * 4, [False] * 4)
    assert (nobody.restricted_mean, nobody.low, nobody.reached) == (100, 100, 0)


def test_where_all_arrive_the_median_has_an_interval():
    found = time_to_target(np.arange(1, 21), [True] * 20)
    assert found.median == 10
    assert found.median_low < 10 < found.median_high
    assert found.in_words() == f"10 steps [{found.median_low:g}, {found.median_high:g}]"
    assert time_to_target([7.0], [True]).median == 7


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=2, max_size=20))
def test_where_all_are_watched_to_the_end_the_restricted_mean_is_the_mean(runs):
    times = [time if reached else 50 for time, reached in runs]
    found = time_to_target(times, [reached for _, reached in runs], 50)
    want = np.clip(mean_interval(times), 0, 50)  # no time is beyond the horizon
    np.testing.assert_allclose([found.restricted_mean, found.low, found.high], want, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_medians_under_censoring_are_covered():
    random, covered = np.random.default_rng(0), []
    for _ in range(500):
        true = random.exponential(100, 16)
        found = time_to_target(np.minimum(true, 150), true <= 150)
        high = np.inf if np.isnan(found.median_high) else found.median_high
        covered.append(found.median_low <= 100 * np.log(2) <= high)
    assert 0.92 <= np.mean(covered) <= 0.99


def test_pseudo_values_of_runs_watched_to_the_end_are_their_times():
    """By the definition, from the curve without each of them (Andersen et al. 2003)."""
    times, reached = np.array([3.0, 7, 7, 20, 20, 20]), np.array([1, 1, 1, 1, 0, 0], bool)

    def area(keep):
        curve = survival(times[keep], reached[keep])
        edges = np.concatenate([[0.0], curve.quantiles[curve.quantiles < 20], [20.0]])
        return np.concatenate([[1.0], curve.probabilities[curve.quantiles < 20]]) @ np.diff(edges)

    everybody = np.ones(6, bool)
    pseudo = [6 * area(everybody) - 5 * area(np.arange(6) != one) for one in range(6)]
    np.testing.assert_allclose(pseudo, times)
    found = time_to_target(times, reached, 20)
    assert (found.low, min(found.high, 20)) == pytest.approx(tuple(np.clip(mean_interval(pseudo)[1:], 0, 20)))
