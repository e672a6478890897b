"""Closed forms of logistic regression against finite differences and against points drawn at random."""

import numpy as np
import pytest

from bench.theory import logistic

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((50, 3))
Y = (X[:, 0] + RANDOM.standard_normal(50) > 0).astype(np.int64)


@pytest.mark.parametrize("l2", [0.0, 3.0])
def test_gradient_and_hessian_are_the_derivatives_of_the_loss(l2: float) -> None:
    theta, h = RANDOM.standard_normal(4), 1e-5
    ends = [(theta + h * e, theta - h * e) for e in np.eye(4)]
    slope = [(logistic.loss(X, Y, a, l2) - logistic.loss(X, Y, b, l2)) / (2 * h) for a, b in ends]
    np.testing.assert_allclose(logistic.gradient(X, Y, theta, l2), slope, atol=1e-9)
    bend = [(logistic.gradient(X, Y, a, l2) - logistic.gradient(X, Y, b, l2)) / (2 * h) for a, b in ends]
    np.testing.assert_allclose(logistic.hessian(X, theta, l2), bend, atol=1e-9)


def test_no_hessian_exceeds_the_smoothness_constant_and_the_one_at_zero_reaches_it() -> None:
    constant = logistic.smoothness(X)
    tops = [np.linalg.eigvalsh(logistic.hessian(X, theta))[-1] for theta in RANDOM.standard_normal((200, 4))]
    assert max(tops) < constant
    assert np.linalg.eigvalsh(logistic.hessian(X, np.zeros(4)))[-1] == pytest.approx(constant, rel=1e-12)


def test_the_minimiser_has_no_slope_and_no_better_neighbour() -> None:
    theta = logistic.minimiser(X, Y, 1.0)
    np.testing.assert_allclose(logistic.gradient(X, Y, theta, 1.0), 0, atol=1e-13)
    least = logistic.loss(X, Y, theta, 1.0)
    assert all(logistic.loss(X, Y, theta + 1e-2 * step, 1.0) > least for step in RANDOM.standard_normal((50, 4)))


def test_the_best_rate_contracts_fastest_near_the_minimum() -> None:
    theta, best = logistic.minimiser(X, Y, 1.0), logistic.best_rate(X, Y, 1.0)
    h = logistic.hessian(X, theta, 1.0)
    radius = {speed: np.abs(np.linalg.eigvals(np.eye(4) - speed * best * h)).max() for speed in (0.95, 1.0, 1.05)}
    assert min(radius, key=lambda speed: radius[speed]) == 1.0


def test_the_gap_close_to_the_minimum_is_bounded_by_the_slope() -> None:
    best, away = logistic.minimiser(X, Y, 1.0), 1e-3 * RANDOM.standard_normal((20, 4))
    left, slopes, mu = logistic.gaps(X, Y, best + away, 1.0)
    h = logistic.hessian(X, best, 1.0)
    np.testing.assert_allclose(left, np.einsum("ki,ij,kj->k", away, h, away) / 2, rtol=1e-2)
    assert mu == pytest.approx(np.linalg.eigvalsh(h)[0])
    assert (left <= 1.01 * slopes**2 / (2 * mu)).all()
