"""Noise of batch gradients and moments of stochastic descent against enumeration and simulation."""

import itertools

import numpy as np
import pytest

from bench.theory import noise

RANDOM = np.random.default_rng(0)
X, DELTA = RANDOM.standard_normal((6, 3)), RANDOM.standard_normal((6, 2))


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_noise_of_a_batch_is_the_mean_over_all_batches(size: int, replacement: bool) -> None:
    mean, trace = noise.row_noise(X, DELTA)
    every = itertools.product(range(6), repeat=size) if replacement else itertools.permutations(range(6), size)
    found = [np.sum((X[list(rows)].T @ DELTA[list(rows)] / size - mean) ** 2) for rows in every]
    assert noise.batch_noise(trace, size, 6, replacement) == pytest.approx(np.mean(found), rel=1e-12)


@pytest.mark.parametrize("size", [1, 2])
def test_second_moments_after_a_step_are_the_mean_over_all_batches(size: int) -> None:
    y, error, rate = RANDOM.standard_normal(6), np.array([0.5, -1.0, 0.2]), 0.3
    best = np.linalg.lstsq(X, y)[0]
    residual, found = X @ best - y, []
    for rows in itertools.product(range(6), repeat=size):
        for start in (error, -error):  # the mean error is 0
            own = X[list(rows)]
            after = start - rate * own.T @ (own @ start + residual[list(rows)]) / size
            found.append(np.outer(after, after))
    fresh = rate**2 / size * (X * residual[:, None] ** 2).T @ X / 6
    want = noise.moment_map(X, rate, size) @ np.outer(error, error).ravel() + fresh.ravel()
    np.testing.assert_allclose(np.mean(found, axis=0).ravel(), want, rtol=1e-11)


def test_the_stationary_covariance_is_the_limit_of_the_steps() -> None:
    residual, rate, size = RANDOM.standard_normal(6), 0.1, 2
    step, c = noise.moment_map(X, rate, size), np.zeros(9)
    for _ in range(5000):
        c = step @ c + rate**2 / size * ((X * residual[:, None] ** 2).T @ X / 6).ravel()
    np.testing.assert_allclose(noise.stationary_covariance(X, residual, rate, size).ravel(), c, rtol=1e-9)
    assert np.isinf(noise.stationary_covariance(X, residual, 5.0, size)).all()


VALUES = np.array([1, 0.5, 0.25, 0.1, 0.05])


@pytest.mark.parametrize(
    ("rate", "size", "want"),
    [(0.05, 1, 0.05178), (0.1, 1, 0.113902), (0.2, 1, 0.285555), (0.2, 4, 0.055015), (0.5, 16, 0.038278)],
)
def test_the_floor_of_gaussian_rows_solves_its_recursion(rate: float, size: int, want: float) -> None:
    found = noise.gaussian_floor(VALUES, rate, size)
    assert found == pytest.approx(want, rel=2e-4)
    c = np.zeros(5)
    for _ in range(20_000):
        c = (1 - rate * VALUES) ** 2 * c + rate**2 / size * (VALUES**2 * c + VALUES * (VALUES @ c + 1))
    assert found == pytest.approx(VALUES @ c, rel=1e-9)


def test_there_is_no_floor_above_the_largest_rate() -> None:
    assert np.isinf(noise.gaussian_floor(np.ones(20), 1.01 * 2 / 22, 1))
    assert np.isfinite(noise.gaussian_floor(np.ones(20), 0.99 * 2 / 22, 1))


@pytest.mark.parametrize("averaged", [True, False])
def test_the_weights_of_measurements_are_those_of_the_loop(averaged: bool) -> None:
    rates, x, w = 0.7 * np.arange(1.0, 13) ** -0.6, RANDOM.standard_normal(12), 3.0
    path = [w := w - rate * (w - one) for rate, one in zip(rates, x, strict=True)]
    first, weights = noise.mean_weights(rates, averaged)
    assert first * 3 + weights @ x == pytest.approx(np.mean(path) if averaged else path[-1], rel=1e-12)


def test_one_over_t_is_the_running_mean_and_other_decays_have_their_known_variance() -> None:
    t = np.arange(1.0, 20_001)
    np.testing.assert_allclose(noise.mean_weights(1 / t)[1], 1 / len(t), rtol=1e-9)
    assert len(t) * np.sum(noise.mean_weights(2 / (t + 1))[1] ** 2) == pytest.approx(4 / 3, rel=1e-3)
    slope = np.log(noise.mean_weights(0.25 / t)[0] / noise.mean_weights(0.25 / t[:2000])[0]) / np.log(10)
    assert slope == pytest.approx(-0.25, abs=1e-3)
    assert len(t) * np.sum(noise.mean_weights(t ** (-2 / 3), averaged=True)[1] ** 2) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("size", [1, 4, 16, 64, 256])
def test_the_largest_rate_is_where_one_step_neither_grows_nor_shrinks(size: int) -> None:
    found = noise.largest_rate(np.ones(20), size)
    assert found == pytest.approx(2 * size / (size + 21), rel=1e-9)
    assert noise.one_step(20, found, size) == pytest.approx(1, rel=1e-9)
    assert np.isinf(noise.gaussian_floor(np.ones(20), 1.001 * found, size))


def test_one_step_on_gaussian_rows_has_its_mean() -> None:
    random, w, found = np.random.default_rng(1), np.array([1.0, 0, 0]), []
    for rows in random.standard_normal((40_000, 2, 3)):
        found.append(np.sum((w - 0.4 * rows.T @ (rows @ w) / 2) ** 2))
    assert np.mean(found) == pytest.approx(noise.one_step(3, 0.4, 2), rel=0.03)


@pytest.mark.parametrize(("distance", "rate", "want"), [(1.0, 0.0, 0.25), (2.0, 0.0, 0.147584), (2.0, 0.1, 0.313)])
def test_uphill_steps_are_as_frequent_as_in_a_simulation(distance: float, rate: float, want: float) -> None:
    found = noise.uphill(distance, 10, rate)
    assert found == pytest.approx(want, abs=5e-4)
    random = np.random.default_rng(2)
    x = random.standard_normal((100_000, 10))
    slope = x[:, 0] * distance - random.standard_normal(len(x))
    step = -2 * slope * x[:, 0] * distance + rate * slope**2 * np.sum(x**2, axis=1)
    assert np.mean(step > 0) == pytest.approx(found, abs=0.006)


def test_every_step_leads_uphill_at_the_minimum() -> None:
    assert noise.uphill(0.0, 10, 0.01) == 1
    assert noise.uphill(1e-3, 10, 0.1) == pytest.approx(1, abs=0.01)
    assert noise.uphill(1.0, 10, 1e-6) == pytest.approx(0.25, abs=1e-3)


def test_the_risk_on_fresh_rows_goes_from_its_start_to_its_floor():
    values, start = np.array([1.0, 0.5, 0.1]), np.array([4.0, 1.0, 9.0])
    risk = noise.gaussian_risk(values, start, 0.2, 2, 0.5, 3000)
    assert risk[0] == pytest.approx(values @ start / 2)
    assert risk[-1] == pytest.approx(noise.gaussian_floor(values, 0.2, 2, 0.5) / 2)
    alike = noise.gaussian_risk(np.ones(3), np.full(3, 2.0), 0.2, 2, 0.0, 1)
    assert alike[1] / alike[0] == pytest.approx(noise.one_step(3, 0.2, 2))
    assert noise.gaussian_risk(values, start, 0.2, np.inf, 0.5, 1)[1] == pytest.approx(
        values @ ((1 - 0.2 * values) ** 2 * start) / 2
    )
