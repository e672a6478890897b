"""Closed forms of exponentially weighted averages against their definition."""

import numpy as np
import pytest

from bench.theory import smoothing


def test_the_corrected_average_has_the_weights_of_its_definition() -> None:
    values = np.random.default_rng(0).standard_normal(30)
    found = smoothing.corrected(values, 0.9)
    for n in (1, 2, 7, 30):
        weights = 0.9 ** np.arange(n)[::-1]
        assert found[n - 1] == pytest.approx(weights @ values[:n] / weights.sum(), rel=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.98])
def test_the_lag_is_how_far_the_average_of_a_ramp_is_behind(decay: float) -> None:
    ramp = np.arange(1.0, 301.0)
    np.testing.assert_allclose(ramp - smoothing.corrected(ramp, decay), smoothing.ramp_lag(decay, ramp), atol=1e-10)


def test_the_share_of_the_variance_is_the_sum_of_squared_weights() -> None:
    assert smoothing.variance_share(0.9) == pytest.approx(np.sum((0.1 * 0.9 ** np.arange(1000)) ** 2), rel=1e-12)
    assert smoothing.variance_share(0.9) == pytest.approx(0.0526316, rel=1e-6)
