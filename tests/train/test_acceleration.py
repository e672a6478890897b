"""Nesterov's method with growing momentum, against a plain loop."""

import numpy as np
import pytest


@pytest.mark.slow
def test_the_iterates_are_those_of_the_textbook(train):
    axes = {"model": "quadratic", "surface.yy": 10.0, "surface.x": 0.5, "start.x": 3.0, "start.y": -2.0}
    run = {"optimizer": "accelerated", "learning_rate": 0.1, "steps": 30, "checkpoints": 1, "probes": "parameters"}
    path = train(axes | run | {"dtype": "float64"}).value("parameter")[0]
    x = y = np.array([3.0, -2.0])
    t = 1.0
    for got in path:
        np.testing.assert_allclose(got, y, rtol=1e-12, atol=1e-14)
        before, x = x, y - 0.1 * np.array([1.0, 10.0]) * (y - [0.5, 0.0])
        before_t, t = t, (1 + np.sqrt(1 + 4 * t * t)) / 2
        y = x + (before_t - 1) / t * (x - before)


def test_its_value_stays_below_the_published_bound(train):
    axes = {"model": "quadratic", "surface.xx": 0.01, "start.x": 1.0, "start.y": 0.0, "learning_rate": 1.0}
    run = {"optimizer": "accelerated", "steps": 100, "checkpoints": 1, "probes": "parameters", "dtype": "float64"}
    y = train(axes | run).value("parameter")[0, :, 0]
    x = y * (1 - 0.01)  # x_{k+1}, the end of the gradient step from y_k
    assert np.all(0.01 * x**2 / 2 <= 2 / (np.arange(1, len(x) + 1) + 1) ** 2)
