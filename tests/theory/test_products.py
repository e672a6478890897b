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
