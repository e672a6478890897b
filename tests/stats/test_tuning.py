"""Tuning: what the best of k tries is worth, how wide good rates lie, and who chooses."""

import itertools

import numpy as np
import pytest

from bench.stats.tuning import basin, best_of_weights, expected_best, halves

SCORES = np.random.default_rng(0).lognormal(size=9)


@pytest.mark.parametrize("budget", [1, 2, 4, 9])
def test_the_expected_best_is_that_of_all_subsets(budget):
    want = np.mean([min(drawn) for drawn in itertools.combinations(SCORES, budget)])
    assert expected_best(SCORES, budget).mean == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("budget", [1, 3, 20])
def test_with_replacement_it_is_that_of_resampling(budget):
    random = np.random.default_rng(1)
    drawn = random.choice(SCORES, (40_000, budget)).min(axis=1)
    error = 4 * drawn.std() / np.sqrt(len(drawn))
    assert expected_best(SCORES, budget, replace=True).mean == pytest.approx(drawn.mean(), abs=error + 1e-12)


def test_the_estimate_without_replacement_is_unbiased_and_the_other_is_not():
    """The best of 4 uniform numbers is 1/5 on average, whatever the number of tries it is estimated from."""
    tries = np.random.default_rng(2).uniform(size=(4000, 6))
    exact, v_hat = (expected_best(tries, 4, replace) for replace in (False, True))
    assert exact.low <= 0.2 <= exact.high
    assert v_hat.low > 0.2


def test_weights_are_chances():
    for tries, budget, replace in [(5, 1, False), (5, 5, False), (5, 2, True), (300, 40, False), (7, 100, True)]:
        weights = best_of_weights(tries, budget, replace)
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        assert (np.diff(weights) <= 1e-15).all() or budget == 1


def test_others_may_judge_than_choose():
    choosing, judging = [[1.0, 2.0, 3.0]], [[30.0, 20.0, 10.0]]
    assert expected_best(choosing, 3, judged=judging).mean == 30
    assert expected_best(choosing, 1, judged=judging).mean == pytest.approx(20)


def test_a_basin_is_contiguous_around_the_best():
    rates = [0.1, 1, 10, 100, 1000]
    found = basin(rates, [9, 1.9, 1, 5, 1])
    assert (found.best, found.decades, found.open) == (pytest.approx(10), pytest.approx(2), False)
    order = [3, 0, 4, 1, 2]
    assert basin(np.array(rates)[order], np.array([9, 1.9, 1, 5, 1])[order]) == found
    wide = basin(rates, [1, 1, 1, np.inf, np.inf])
    assert (wide.decades, wide.open) == (pytest.approx(2.5), True)
    assert basin([0.1], [1.0]).decades == 0


def test_halves_are_disjoint_complete_and_know_no_order():
    choose, judge = halves([5, 3, 1, 2, 4, 1])
    assert (choose.tolist(), judge.tolist()) == ([2, 4], [1, 3, 5])
