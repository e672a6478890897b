"""Chains of sigmoid neurons against differences and the published widest interval."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit

from bench.theory import chains


def test_the_slope_is_the_derivative_and_a_quarter_at_most():
    z, h = np.linspace(-6, 6, 25), 1e-6
    np.testing.assert_allclose(chains.slope(z), (expit(z + h) - expit(z - h)) / (2 * h), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(chains.slope([0.0, 1.0, 2.0, 5.0]), [0.25, 0.196612, 0.104994, 0.006648], atol=5e-7)


def test_the_product_of_slopes_is_the_derivative_of_the_chain():
    w, b, h = 3.0, -1.0, 1e-6
    ends = [chains.preactivations(w, b, first, 6)[-1] for first in (0.4 + h, 0.4 - h)]
    z = chains.preactivations(w, b, 0.4, 6)
    assert np.prod(w * chains.slope(z[:-1])) == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-7)


@pytest.mark.parametrize("weight", [4.5, 6.9, -10.0])
def test_at_the_ends_of_the_interval_the_factor_is_one(weight):
    low, high = chains.interval(weight)
    np.testing.assert_allclose(abs(weight) * chains.slope([low, high]), 1, rtol=1e-12)
    assert low < 0 < high


def test_the_widest_interval_is_the_published_one_and_small_weights_have_none():
    found = minimize_scalar(lambda w: -(chains.interval(w)[1] - chains.interval(w)[0]) / w, bounds=(4.01, 20))
    assert found.x == pytest.approx(6.8942, abs=1e-3)
    assert -found.fun == pytest.approx(0.447743, abs=1e-6)
    assert np.isnan(chains.interval(3.9)).all()
    assert chains.interval(4.0) == (0, 0)
