"""Methods that search along a line, against linear algebra and scipy."""

import itertools

import numpy as np
import pytest
from scipy import optimize

from bench.theory import quadratics

BOWL = {"model": "quadratic", "surface.xx": 2.0, "surface.xy": 1.0, "surface.yy": 5.0, "surface.x": 0.5}
REGRESSION = {"data": "regression", "data.features": 6, "data.rows": 40, "scaling": "raw", "model": "linear"}
EVERY_STEP = {"dtype": "float64", "checkpoints": 1, "probes": "parameters"}
SEARCHING = ("exact_line_search", "conjugate_gradient", "bfgs", "lbfgs")


def _problem(table):
    return quadratics.hessian(table.x), quadratics.minimiser(table.x, table.y)


def test_an_exact_line_search_ends_where_the_gradient_is_orthogonal_to_the_line(train):
    path = train(BOWL | EVERY_STEP | {"optimizer": "exact_line_search", "steps": 8}).value("parameter")[0]
    slopes = (path - [0.5, 0]) @ np.array([[2.0, 1.0], [1.0, 5.0]])
    np.testing.assert_allclose(np.sum(slopes[1:] * slopes[:-1], axis=1), 0, atol=1e-14)


def test_conjugate_gradients_are_those_of_the_textbook(train):
    found = train(REGRESSION | EVERY_STEP | {"optimizer": "conjugate_gradient", "steps": 5, "init": "normal"})
    (h, best), path = _problem(found.tables[0]), found.value("parameter")[0]
    theta, r = path[0].copy(), h @ (best - path[0])
    d = r.copy()
    for want in path[1:]:  # Hestenes and Stiefel 1952
        length = r @ r / (d @ h @ d)
        theta, before, r = theta + length * d, r @ r, r - length * h @ d
        d = r + r @ r / before * d
        np.testing.assert_allclose(theta, want, rtol=1e-9)


@pytest.mark.parametrize("method", ["conjugate_gradient", "bfgs"])
def test_quadratics_end_after_as_many_steps_as_they_have_eigenvalues(train, method):
    found = train(REGRESSION | EVERY_STEP | {"optimizer": method, "steps": 7})
    _, best = _problem(found.tables[0])
    np.testing.assert_allclose(found.value("parameter")[0, -1], best, atol=1e-8)


@pytest.mark.parametrize("method", SEARCHING)
def test_rosenbrock_never_rises(train, method):
    loss = train({"model": "rosenbrock", **EVERY_STEP, "optimizer": method, "steps": 60}).curve("train_loss")[0]
    assert np.all(np.diff(loss) <= 1e-14)


@pytest.mark.parametrize("method", SEARCHING[1:])
def test_rosenbrock_is_minimised_as_by_scipy(train, method):
    found = train({"model": "rosenbrock", **EVERY_STEP, "optimizer": method, "steps": 150}).value("parameter")[0]
    best = optimize.minimize(optimize.rosen, [-1.2, 1.0], jac=optimize.rosen_der, method="BFGS").x
    np.testing.assert_allclose(found[-1], best, atol=1e-4)


def test_backtracking_takes_the_first_step_that_falls_enough(train):
    path = train({"model": "rosenbrock", **EVERY_STEP, "optimizer": "backtracking", "steps": 20}).value("parameter")[0]
    for here, after in itertools.pairwise(path):
        slope, length = optimize.rosen_der(here), 1.0
        while optimize.rosen(here - length * slope) > optimize.rosen(here) - 1e-4 * length * slope @ slope:
            length /= 2
        np.testing.assert_allclose(after, here - length * slope, rtol=1e-12)


@pytest.mark.parametrize("method", ["backtracking", *SEARCHING])
def test_memory_is_in_the_precision_of_the_run(train, method):
    found = train(BOWL | {"optimizer": method, "steps": 6, "dtype": "float32", "probes": "parameters"})
    assert found.value("parameter").dtype == np.float32
    assert found.curve("train_loss")[0, -1] < found.curve("train_loss")[0, 0]


def test_a_line_search_can_be_cut_short(train):
    axes = BOWL | EVERY_STEP | {"optimizer": "exact_line_search", "steps": 1, "optimizer.relaxation": [1.0, 0.5]}
    whole, half = train(axes).value("parameter")
    np.testing.assert_allclose(half[1] - half[0], 0.5 * (whole[1] - whole[0]), rtol=1e-12)
