"""Independent minimisers agree with ours, and their gradient vanishes."""

import numpy as np

from bench.theory import logistic, oracles, quadratics


def test_linear_regression_is_the_least_squares_minimiser() -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal((40, 3)), random.standard_normal(40) + 5
    np.testing.assert_allclose(oracles.linear_regression(x, y), quadratics.minimiser(x, y), rtol=1e-10)


def test_ridge_leaves_the_bias_free_and_divides_by_the_rows() -> None:
    random = np.random.default_rng(1)
    x, y = random.standard_normal((40, 3)), random.standard_normal(40) + 5
    np.testing.assert_allclose(oracles.ridge(x, y, 7.0), quadratics.minimiser(x, y, 7.0), rtol=1e-10)


def test_logistic_regression_is_where_the_gradient_vanishes() -> None:
    random = np.random.default_rng(2)
    x = random.standard_normal((60, 3))
    y = (x[:, 0] + random.standard_normal(60) > 0.3).astype(np.int64)
    theta = oracles.logistic_regression(x, y, 2.0)
    np.testing.assert_allclose(logistic.gradient(x, y, theta, 2.0), 0, atol=1e-9)
    np.testing.assert_allclose(theta, logistic.minimiser(x, y, 2.0), rtol=1e-6)
