"""Performance profiles are what their definition says, and so is the area below them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.stats.profiles import MOST_RATIO, profile, profile_score, ratios

COSTS = np.array([[10.0, 40.0, np.inf], [20.0, 20.0, np.inf], [np.inf, 70.0, np.inf]])


def test_ratios_are_of_the_fastest_and_what_nobody_solves_is_infinite_for_all():
    np.testing.assert_array_equal(ratios(COSTS), [[1, 2, np.inf], [2, 1, np.inf], [np.inf, 3.5, np.inf]])


def test_the_profile_counts_the_problems_solved_within_a_ratio():
    np.testing.assert_allclose(profile(COSTS, [1, 2, 4]), [[1 / 3, 2 / 3, 2 / 3], [1 / 3, 2 / 3, 2 / 3], [0, 0, 1 / 3]])


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, (3, 4), elements=st.one_of(st.integers(1, 50).map(float), st.just(np.inf))))
def test_the_score_is_the_integral_of_the_profile(costs):
    """Directly from the definition: the share of problems within tau, averaged over tau from 1 to 4."""
    at = 1 + (np.arange(3000) + 0.5) / 1000

    def share(own, tau):
        return np.mean([np.isfinite(c) and c <= tau * b for c, b in zip(own, costs.min(axis=0), strict=True)])

    direct = [np.mean([share(own, tau) for tau in at[::20]]) for own in costs]
    np.testing.assert_allclose(profile_score(costs), direct, atol=0.01)
    np.testing.assert_allclose(profile_score(costs), profile(costs, at).mean(axis=1), atol=6e-4)


def test_the_fastest_everywhere_has_score_one_and_a_copy_takes_nothing_from_anyone():
    costs = np.array([[1.0, 2.0], [3.0, 3.0]])
    assert profile_score(costs)[0] == 1
    np.testing.assert_array_equal(profile_score(np.vstack([costs, costs[:1]]))[:2], profile_score(costs))
    assert profile_score(np.array([[1.0], [MOST_RATIO]]))[1] == pytest.approx(0)


def test_seeds_may_be_a_last_axis():
    many = np.random.default_rng(0).uniform(1, 9, (3, 4, 5))
    each = np.stack([profile_score(many[:, :, seed]) for seed in range(5)], axis=-1)
    np.testing.assert_allclose(profile_score(many), each)
