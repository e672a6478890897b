"""Every verdict rule passes on what is true, fails on what is wrong, and errs as rarely as it says."""

import numpy as np
import pytest

from bench.spec import Claim, Finding
from bench.stats import binomial, bisect, bound, claim, equivalent, exact, fisher, rate, sign, worst

RANDOM = np.random.default_rng(0)


def test_exact_holds_the_largest_relative_error_against_its_tolerance():
    want = np.array([1.0, -2.0, 300.0])
    assert exact("q", want * (1 + 0.9e-6), want, 1e-6).impl == "PASS"
    found = exact("q", want * [1, 1 + 2e-6, 1], want, 1e-6, seeds=4)
    assert found.impl == "FAIL"
    assert (found.measured, found.predicted) == (pytest.approx(-2.0, rel=1e-5), -2.0)
    assert (found.rule, found.seeds) == ("EXACT(1e-06)", 4)


@pytest.mark.parametrize("measured", [np.nan, np.inf, [1.0, np.nan], []])
def test_exact_fails_on_what_is_not_a_number(measured):
    assert exact("q", measured, 1.0, 1e9).impl == "FAIL"


def test_exact_relative_to_a_scale_and_to_zero():
    assert exact("q", 1e-9, 0.0, 1e-8).impl == "PASS"
    assert exact("q", 1e-3, 0.0, 1e-8).impl == "FAIL"
    assert exact("q", 1.001, 1.0, 1e-4, scale=100.0).impl == "PASS"


def test_rate_measures_the_slope_of_a_decay():
    steps = np.arange(200)
    decay = 3 * np.exp(-0.1 * steps)
    assert rate("q", steps, decay, -0.1, 1e-6).impl == "PASS"
    assert rate("q", steps, decay, -0.1001, 1e-4).impl == "FAIL"


def test_rate_looks_away_from_the_start_and_from_the_floor():
    steps = np.arange(400)
    series = np.exp(-0.1 * steps) + 50 * np.exp(-2.0 * steps) + 1e-12
    assert rate("q", steps, series, -0.1, 1e-3, floor=1e-12, start=1e-4).impl == "PASS"
    assert rate("q", steps, series, -0.1, 1e-3, start=1e-4).impl == "FAIL"


def test_rate_fails_where_nothing_decays():
    found = rate("q", np.arange(50), np.ones(50), -0.1, 0.5)
    assert found.impl == "FAIL"
    assert "fewer than 3 points" in found.reason


def test_equivalence_needs_the_whole_interval_inside():
    samples = 2.0 + 0.02 * RANDOM.standard_normal(50)
    assert equivalent("q", samples, 2.0, 0.05).impl == "PASS"
    assert equivalent("q", samples, 2.2, 0.05).impl == "FAIL"
    assert equivalent("q", samples[:3], 2.0, 0.0001).impl == "FAIL"  # too few to tell
    assert equivalent("q", [2.0], 2.0, 0.05).impl == "FAIL"
    assert equivalent("q", -samples, -2.0, 0.05).impl == "PASS"


def test_equivalence_fails_a_true_value_less_than_once_in_a_thousand():
    """R >= (6.6 CV / d)^2 is what the rule promises to be enough."""
    cv, d = 0.3, 0.1
    r = int(np.ceil((6.6 * cv / d) ** 2))
    fails = sum(equivalent("q", row, 1.0, d).impl == "FAIL" for row in 1 + cv * RANDOM.standard_normal((2000, r)))
    assert fails <= 6  # expected 2 at most; more than 6 has probability 0.005


def test_equivalence_passes_a_value_at_its_border_at_most_rarely():
    samples = 1.1 + 0.3 * RANDOM.standard_normal((2000, 100))
    passes = sum(equivalent("q", row, 1.0, 0.1).impl == "PASS" for row in samples)
    assert passes <= 25  # 0.5 %, one side of a 99 % interval


def test_binomial_compares_counts():
    assert binomial("q", 48, 100, 0.5).impl == "PASS"
    assert binomial("q", 80, 100, 0.5).impl == "FAIL"
    assert binomial("q", 70, 100, 0.5).impl == "FAIL"
    assert binomial("q", 70, 100, 0.5, cells=100).impl == "PASS"


@pytest.mark.slow
def test_fisher_compares_two_counts_both_of_which_are_samples():
    assert fisher("q", 20, 200, 126, 1000).impl == "PASS"
    assert fisher("q", 60, 200, 126, 1000).impl == "FAIL"
    assert fisher("q", 0, 20, 126, 1000).impl == "PASS"
    assert fisher("q", 48, 200, 126, 1000).impl == "FAIL"
    assert fisher("q", 48, 200, 126, 1000, cells=100).impl == "PASS"


@pytest.mark.slow
def test_binomial_fails_a_true_probability_at_most_as_often_as_it_says():
    counts = RANDOM.binomial(60, 0.3, 1500)
    fails = sum(binomial("q", int(count), 60, 0.3, alpha=0.01).impl == "FAIL" for count in counts)
    assert fails <= 31  # 15 expected at most


def test_sign_counts_positive_differences():
    assert sign("q", np.ones(9)).impl == "PASS"
    assert sign("q", [1] * 8 + [-1]).impl == "FAIL"
    assert sign("q", [1] * 8 + [-1], least=8).impl == "PASS"
    assert sign("q", np.zeros(20)).impl == "FAIL"
    assert sign("q", []).impl == "FAIL"
    assert sign("q", [1.0] * 5).impl == "PASS" or sign("q", [1.0] * 5).rule == "SIGN(5/5)"


@pytest.mark.parametrize("n", [9, 12, 20, 50])
def test_sign_passes_pure_noise_at_most_as_often_as_it_says(n):
    passes = sum(sign("q", row).impl == "PASS" for row in RANDOM.standard_normal((1000, n)))
    assert passes <= 3.2 + 4 * np.sqrt(3.2)


def test_bound_holds_everywhere_and_is_reached_somewhere():
    limit = np.array([1.0, 2.0, 3.0])
    assert bound("q", [0.5, 1.99, 1.0], limit).impl == "PASS"
    assert bound("q", [0.5, 2.01, 1.0], limit).impl == "FAIL"
    assert bound("q", [0.1, 0.2, 0.3], limit).impl == "FAIL"
    assert bound("q", [0.1, 0.2, 0.3], limit, tight=None).impl == "PASS"
    assert bound("q", [0.1, np.nan, 0.3], limit, tight=None).impl == "FAIL"


def test_bisection_needs_both_ends_near_the_prediction():
    assert bisect("q", 1.99, 2.01, 2.0, 0.01).impl == "PASS"
    assert bisect("q", 1.9, 2.01, 2.0, 0.01).impl == "FAIL"
    assert bisect("q", 2.5, 2.51, 2.0, 0.01).impl == "FAIL"


def test_one_failure_fails_a_study_and_nothing_judged_is_not_a_pass():
    good, bad, open_ = (Finding("q", 1, 1, "r", impl) for impl in ("PASS", "FAIL", "NOT RUN"))
    judged = claim(Claim("c", "text", "S1"), "SUPPORTED")
    assert worst([good, judged]) == "PASS"
    assert worst([good, open_, bad]) == "FAIL"
    assert worst([good, open_]) == "NOT RUN"
    assert worst([judged]) == worst([]) == "NOT RUN"
    assert (judged.claim, judged.verdict, judged.source, judged.impl) == ("c", "SUPPORTED", "S1", None)
