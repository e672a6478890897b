"""Rates and bounds of first-order methods against plain loops."""

import numpy as np
import pytest

from bench.theory import descent

H = np.diag([1.0, 3.0, 10.0])
START = np.array([1.0, -2.0, 0.5])


@pytest.mark.parametrize("gamma", [2.0, 100.0])
def test_the_best_step_is_found_by_brute_force(gamma):
    h, theta = np.diag([1.0, gamma]), np.array([gamma, 1.0])
    for want in descent.exact_line_search_path(gamma, np.arange(7)):
        np.testing.assert_allclose(theta, want, rtol=1e-12)
        g = h @ theta
        theta = theta - g @ g / (g @ h @ g) * g


@pytest.mark.parametrize("steps", [1, 5, 20])
@pytest.mark.parametrize("speed", [0.5, 1.0, 1.5, 1.99])
def test_no_huber_function_is_slower_than_the_bound_and_one_attains_it(steps, speed):
    def gap(kink):
        x = 1.0
        for _ in range(steps):
            x -= speed * np.clip(x, -kink, kink)
        return min(x * x / 2, abs(kink * abs(x) - kink**2 / 2)) if abs(x) > kink else x * x / 2

    own = float(descent.huber_kink(steps, speed))
    gaps = [gap(kink) for kink in (*np.linspace(0.001, 1.2, 400), own, 2.0)]
    assert max(gaps) == pytest.approx(float(descent.convex_gap(steps, speed)), rel=1e-12)
    assert gap(own) == pytest.approx(1 / (4 * steps * speed + 2), rel=1e-11)


def test_what_is_left_follows_from_the_last_decrease():
    rho, series = 0.9, 0.9 ** (2 * np.arange(10))
    np.testing.assert_allclose(descent.gap_after(series[:-1] - series[1:], rho), series[1:], rtol=1e-12)


@pytest.mark.parametrize("look_ahead", [False, True])
def test_errors_under_momentum_fall_like_the_radius_of_the_companion_matrix(look_ahead):
    rate, beta = 0.05, 0.3
    path = descent.momentum_path(H, START, rate, beta, 400, look_ahead)
    norms = np.linalg.norm(path, axis=1)
    radius = descent.momentum_radius(np.diag(H), rate, beta, look_ahead)
    assert (norms[400] / norms[300]) ** 0.01 == pytest.approx(radius, rel=1e-9)


@pytest.mark.parametrize("kappa", [10.0, 470.08])
def test_the_tuned_methods_reach_their_published_radii(kappa):
    root, values = np.sqrt(kappa), np.geomspace(1, kappa, 50)
    assert descent.momentum_radius(values, *descent.heavy_ball(kappa, kappa)) == pytest.approx(
        (root - 1) / (root + 1), rel=1e-6
    )
    assert descent.momentum_radius(values, *descent.nesterov(kappa, kappa), look_ahead=True) == pytest.approx(
        1 - 1 / root, rel=1e-6
    )


@pytest.mark.parametrize("steps", [1, 10, 200])
def test_the_slowest_huber_function_of_the_accelerated_method_is_found_by_brute_force(steps):
    def gap(kink):
        x = y = t = 1.0
        for _ in range(steps):
            before, x = x, y - np.clip(y, -kink, kink)
            last, t = t, (1 + np.sqrt(1 + 4 * t * t)) / 2
            y = x + (last - 1) / t * (x - before)
        return kink * abs(x) - kink**2 / 2 if abs(x) > kink else x * x / 2

    own = descent.accelerated_kink(steps)
    assert gap(own) == pytest.approx(own / 2, rel=1e-11)
    assert max(gap(own * factor) for factor in np.linspace(0.2, 1.4, 61)) <= own / 2 * (1 + 1e-12)
    assert own / 2 <= descent.accelerated_bound(steps)


def test_conjugate_gradients_stay_below_their_bound():
    x, r = START.copy(), H @ START
    d, start = r.copy(), START @ H @ START
    for step in range(1, 3):
        length = r @ r / (d @ H @ d)
        x, before, r = x - length * d, r @ r, r - length * H @ d
        d = r + r @ r / before * d
        assert np.sqrt(x @ H @ x / start) <= descent.conjugate_gradient_bound(10.0, step)


def test_lengths_of_steps_tell_how_often_they_were_halved():
    path, lengths = [START], [1.0, 0.5, 0.125]
    for length in lengths:
        g = H @ path[-1]
        path.append(path[-1] - length * g @ g / (g @ H @ g) * g)
    found = descent.halvings(np.stack(path), np.stack(path[:-1]) @ H, [H] * 3)
    np.testing.assert_allclose(found, [0, 1, 3], atol=1e-12)


def test_heavy_ball_goes_round_the_published_cycle():
    def slope(x):
        return 25 * x if x < 1 else x + 24 if x < 2 else 25 * x - 24

    before, here = 3.3, 3.3
    for _ in range(600):
        before, here = here, here - slope(here) / 9 + 4 / 9 * (here - before)
    assert min(abs(here - point) for point in descent.LESSARD_CYCLE) < 1e-12


def test_evaluations_count_halvings_of_both_line_searches() -> None:
    hessian = np.diag([1.0, 4.0])
    start = np.array([1.0, 1.0])
    slope = hessian @ start
    newton = slope @ slope / (slope @ hessian @ slope)
    path = np.stack([start, start - newton / 4 * slope])
    assert descent.evaluations(path, [slope], [hessian]) == 3 + 2
    assert descent.evaluations(path, [slope], [-hessian], most=40) == 3 + 40
    assert descent.evaluations(np.stack([start, start - slope / 8]), [slope]) == 2 + 3
