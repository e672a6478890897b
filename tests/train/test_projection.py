"""Projected steps, against clipping by hand."""

import itertools

import numpy as np
import pytest


@pytest.mark.parametrize("method", ["projected_sgd", "projected_adam", "projected_amsgrad"])
def test_parameters_never_leave_the_box_and_end_at_its_nearest_point(train, method):
    """The minimum of the bowl, (3, -0.2), is outside of |theta| <= 1/2."""
    axes = {"model": "quadratic", "surface.x": 3.0, "surface.y": -0.2, "start.x": 0.0, "start.y": 0.0}
    run = {"optimizer": method, "optimizer.radius": 0.5, "learning_rate": 0.05, "dtype": "float64"}
    path = train(axes | run | {"steps": 800, "checkpoints": 1, "probes": "parameters"}).value("parameter")[0]
    assert np.abs(path).max() <= 0.5 * (1 + 1e-15)
    np.testing.assert_allclose(path[-1], [0.5, -0.2], atol=1e-3)


def test_a_projected_step_is_a_clipped_one(train):
    axes = {"model": "quadratic", "surface.xx": 4.0, "start.x": 1.0, "start.y": -1.0, "dtype": "float64"}
    run = {"optimizer": "projected_sgd", "optimizer.radius": 0.4, "learning_rate": 0.45}
    path = train(axes | run | {"steps": 5, "checkpoints": 1, "probes": "parameters"}).value("parameter")[0]
    for before, after in itertools.pairwise(path):
        np.testing.assert_allclose(after, np.clip(before - 0.45 * np.array([4, 1]) * before, -0.4, 0.4), atol=1e-15)


def test_inside_the_box_nothing_changes(train):
    axes = {"model": "quadratic", "dtype": "float64", "learning_rate": 0.1, "steps": 9, "probes": "parameters"}
    free, boxed = (
        train(axes | {"optimizer": name}).value("parameter") for name in ("adam", "projected_adam")
    )  # from (1, 1), the corner of the box
    np.testing.assert_allclose(boxed, free, rtol=1e-14)
