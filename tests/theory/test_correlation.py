"""Correlations of two inputs against simulated layers and the depth scales of the catalogue."""

import numpy as np
import pytest

from bench.theory import correlation, meanfield

TANH = meanfield.ACTIVATIONS["tanh"]


@pytest.mark.parametrize(
    ("variance", "scale", "limit"),
    [(1.0, 3.63, 1), (1.4, 10.73, 1), (1.7, 74.9, 1), (2.0, 25.2, 0.744), (2.5, 11.8, 0.447), (4.0, 6.98, 0.165)],
)
def test_depth_scales_of_tanh(variance, scale, limit):
    assert correlation.depth_scale(TANH, variance, 0.05) == pytest.approx(scale, rel=2e-3)
    assert correlation.fixed_point(TANH, variance, 0.05) == pytest.approx(limit, abs=5e-4)


@pytest.mark.slow
def test_the_trajectory_is_that_of_wide_layers():
    random, n = np.random.default_rng(0), 4000
    angle = np.arccos(0.3)
    x = np.sqrt(n) * np.linalg.qr(random.standard_normal((n, 2)))[0] @ [[1, np.cos(angle)], [0, np.sin(angle)]]
    found = []
    for _ in range(4):
        z = random.standard_normal((n, n)) @ x * np.sqrt(1.5 / n) + np.sqrt(0.05) * random.standard_normal((n, 1))
        found.append(z[:, 0] @ z[:, 1] / np.linalg.norm(z[:, 0]) / np.linalg.norm(z[:, 1]))
        x = np.tanh(z)
    np.testing.assert_allclose(found, correlation.trajectory(TANH, 4, 1.5, 0.05, 0.3), atol=0.05)


def test_the_correlation_falls_off_at_the_depth_scale():
    c = 1 - correlation.trajectory(TANH, 90, 1.4, 0.05, 0.3)
    assert -1 / np.log(c[-1] / c[-2]) == pytest.approx(correlation.depth_scale(TANH, 1.4, 0.05), rel=0.01)
