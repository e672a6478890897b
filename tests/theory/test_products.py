"""Products of random matrices against sampled ones."""

import numpy as np
import pytest

from bench.theory import products


@pytest.mark.parametrize("width", [2, 8, 64])
def test_the_logarithm_of_a_gain_is_that_of_sampled_matrices(width):
    random, draws = np.random.default_rng(0), 4000
    matrices = 1.3 * random.standard_normal((draws, width, width)) / np.sqrt(width)
    gains = np.log(np.sum((matrices @ np.linspace(-1, 2, width)) ** 2, axis=1) / np.sum(np.linspace(-1, 2, width) ** 2))
    assert gains.mean() == pytest.approx(products.log_gain(width, 1.3), abs=4 * gains.std() / np.sqrt(draws))


def test_the_loss_per_layer_is_about_one_over_the_width():
    assert products.log_gain(64) == pytest.approx(-0.0157, abs=5e-5)
    assert products.log_gain(1000) == pytest.approx(-1e-3, rel=1e-3)


def test_rectified_moments_are_those_of_sampled_layers():
    random, n = np.random.default_rng(1), 16
    z = np.sqrt(2 / n) * random.standard_normal((100_000, n))  # q_l = 1 over units
    logs = np.log((sums := np.sum(np.maximum(z, 0) ** 2, axis=1))[sums > 0])
    mean, variance = products.rectified_moments(n)
    assert logs.mean() == pytest.approx(mean, abs=0.01)
    assert logs.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize(("width", "mean", "variance"), [(32, -0.082540, 0.177498), (256, -0.009829, 0.019819)])
def test_rectified_moments_are_about_five_halves_and_five_over_the_width(width, mean, variance):
    assert products.rectified_moments(width) == pytest.approx((mean, variance), abs=1e-6)
