"""The shrinking step is descent on the penalised loss, and its modes decay as they should."""

import numpy as np
import pytest

from bench.theory import quadratics, ridge

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.standard_normal((30, 4)), RANDOM.standard_normal(30) + 3
X -= X.mean(axis=0)
RATE, L2 = 0.1, 5.0


def test_the_shrinking_step_descends_on_the_penalised_loss() -> None:
    theta, h = RANDOM.standard_normal(5), 1e-6
    penalised = [
        (quadratics.loss(X, Y, theta + h * e, L2) - quadratics.loss(X, Y, theta - h * e, L2)) / (2 * h)
        for e in np.eye(5)
    ]
    got = ridge.shrunk_step(theta, quadratics.gradient(X, Y, theta), RATE, L2, len(X))
    np.testing.assert_allclose(got, theta - RATE * np.asarray(penalised), atol=1e-8)


def test_errors_decay_by_the_factors_of_the_modes() -> None:
    best = quadratics.minimiser(X, Y, L2)
    vectors = np.linalg.eigh(X.T @ X / len(X))[1]
    theta = RANDOM.standard_normal(5)
    new = ridge.shrunk_step(theta, quadratics.gradient(X, Y, theta), RATE, L2, len(X))
    before, after = theta - best, new - best
    factors = ridge.mode_factors(X, RATE, L2)
    np.testing.assert_allclose(after[0], factors[0] * before[0], rtol=1e-10)
    np.testing.assert_allclose(after[1:] @ vectors, factors[1:] * (before[1:] @ vectors), rtol=1e-8)


def test_the_gradient_of_least_squares_is_the_derivative_of_its_loss() -> None:
    theta, h = RANDOM.standard_normal(5), 1e-5
    slope = [
        (quadratics.loss(X, Y, theta + h * e, L2) - quadratics.loss(X, Y, theta - h * e, L2)) / (2 * h)
        for e in np.eye(5)
    ]
    np.testing.assert_allclose(quadratics.gradient(X, Y, theta, L2), slope, atol=1e-8)


def test_the_normal_matrix_penalises_all_but_the_first_column() -> None:
    x = np.random.default_rng(4).standard_normal((5, 3))
    a = np.column_stack([np.ones(5), x])
    np.testing.assert_allclose(ridge.normal_matrix(x, 2.0), a.T @ a + np.diag([0.0, 2, 2, 2]))
    np.testing.assert_allclose(ridge.normal_matrix(x, 2.0, bias=False), x.T @ x + np.diag([0.0, 2, 2]))


def test_the_smallest_interpolation_is_the_limit_of_ridge_regression() -> None:
    random = np.random.default_rng(5)
    x, y = random.standard_normal((4, 7)), random.standard_normal(4) + 3
    found = ridge.smallest_interpolation(x, y)
    np.testing.assert_allclose(found[0] + x @ found[1:], y)
    near = np.linalg.solve(ridge.normal_matrix(x, 1e-7), np.column_stack([np.ones(4), x]).T @ y)
    np.testing.assert_allclose(found, near, rtol=1e-5)


def test_the_risk_on_orthonormal_columns_is_that_of_many_fits_and_least_where_it_should_be() -> None:
    random = np.random.default_rng(6)
    x = np.sqrt(40) * np.linalg.qr(random.standard_normal((40, 8)))[0]
    w = random.standard_normal(8)
    y = (x @ w)[:, None] + 0.7 * random.standard_normal((40, 20_000))
    for l2 in (0.0, 5.0, 40.0):
        fits = np.linalg.solve(x.T @ x + l2 * np.eye(8), x.T @ y)
        got = np.mean(np.sum((fits - w[:, None]) ** 2, axis=0))
        np.testing.assert_allclose(got, ridge.risk(l2, 40, 8, 0.7, w @ w), rtol=0.02)
    penalties = np.geomspace(1e-2, 1e2, 2001)
    best = penalties[np.argmin(ridge.risk(penalties, 40, 8, 0.7, w @ w))]
    np.testing.assert_allclose(best, 8 * 0.7**2 / (w @ w), rtol=0.01)


@pytest.mark.parametrize("l2", [0.0, 3.0])
def test_leaving_out_each_row_in_turn_agrees_with_the_closed_form(l2):
    random = np.random.default_rng(3)
    x, y = random.standard_normal((12, 3)), random.standard_normal(12)
    errors = []
    for row in range(12):
        kept = np.arange(12) != row
        a = np.column_stack([np.ones(11), x[kept]])
        theta = np.linalg.solve(a.T @ a + l2 * np.diag([0, 1, 1, 1]), a.T @ y[kept])
        errors.append(y[row] - theta[0] - x[row] @ theta[1:])
    assert ridge.leave_one_out(x, y, l2) == pytest.approx(np.mean(np.square(errors)), rel=1e-10)


def test_the_error_on_random_rows_is_that_of_many_fits() -> None:
    random = np.random.default_rng(5)
    root, w = np.diag([2.0, 1.0, 1.0, *20 * [0.7]]), np.concatenate([[1.0, -0.5, 0.5], np.zeros(20)])
    for l2 in (0.0, 8.0, 60.0):
        errors = []
        for _ in range(400):
            x = random.standard_normal((80, 23)) @ root
            y = 3 + x @ w + 0.6 * random.standard_normal(80)
            right = np.column_stack([np.ones(80), x]).T @ y
            found = np.linalg.solve(ridge.normal_matrix(x, l2), right) - np.concatenate([[3], w])
            errors.append(found[0] ** 2 + np.sum((root @ found[1:]) ** 2) + 0.36)
        want = ridge.random_design_error(l2, 80, root @ root, w, 0.36)
        assert np.mean(errors) == pytest.approx(want, rel=0.03)


def test_the_error_at_a_row_is_that_of_many_draws_of_the_noise() -> None:
    random = np.random.default_rng(6)
    x = np.linalg.qr(random.standard_normal((30, 3)))[0] @ np.diag(np.sqrt(30 * np.array([4.0, 1.0, 0.1])))
    w, row = np.array([0.5, -0.5, 1.0]), np.array([1.0, 0.5, -0.3])
    y = (x @ w)[:, None] + 0.8 * random.standard_normal((30, 40_000))
    for l2 in (0.0, 6.0):
        theta = np.linalg.solve(x.T @ x + l2 * np.eye(3), x.T @ y)
        want = ridge.shifted_error(l2, 30, np.array([4.0, 1.0, 0.1]), w, row, 0.8)
        assert np.mean((row @ theta - row @ w) ** 2) == pytest.approx(want, rel=0.03)
