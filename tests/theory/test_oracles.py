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


def test_the_maximum_margin_is_one_at_the_support_vectors_and_no_shorter_vector_has_it() -> None:
    z = np.array([[1, 0.2], [0.7, 1], [1, 0.1], [0.4, 1]])
    y = np.array([1, 1, 0, 0])
    w = oracles.maximum_margin(z * (2 * y - 1)[:, None], y)
    assert abs(np.min(z @ w) - 1) < 1e-6
    angles = np.linspace(0, np.pi / 2, 100_001)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    assert np.linalg.norm(w) <= 1 / np.max(np.min(directions @ z.T, axis=1)) + 1e-6


def test_one_vs_rest_is_a_logistic_regression_for_every_class() -> None:
    random = np.random.default_rng(3)
    x, y = random.standard_normal((60, 2)), random.integers(3, size=60)
    found = oracles.one_vs_rest(x, y, 1.5)
    for label in range(3):
        np.testing.assert_allclose(
            found[:, label], logistic.minimiser(x, (y == label).astype(np.int64), 1.5), rtol=1e-5
        )
