"""Newton's method: the normal equation in one step, the logistic minimum in a few, damping on top."""

import numpy as np
import pytest

from bench.theory import logistic, quadratics

ROWS = {
    "data": "classes",
    "data.rows": 24,
    "data.features": 3,
    "scaling": "raw",
    "dtype": "float64",
    "probes": "parameters",
}
NEWTON = {"optimizer": "newton", "learning_rate": 1.0, "checkpoints": "end"}


@pytest.mark.slow
@pytest.mark.parametrize("l2", [0.0, 2.0])
def test_one_step_on_a_quadratic_is_the_normal_equation(train, l2):
    axes = {**ROWS, **NEWTON, "data": "gaussian", "model": "linear", "init": "normal", "l2": l2}
    found = train(axes | {"steps": 1})
    want = quadratics.minimiser(found.tables[0].x, found.tables[0].y, l2)
    np.testing.assert_allclose(found.value("parameter")[0, -1], want, rtol=1e-9)


def test_a_few_steps_reach_the_logistic_minimum(train):
    found = train({**ROWS, **NEWTON, "model": "logistic", "l2": 0.5, "steps": 12})
    want = logistic.minimiser(found.tables[0].x, found.tables[0].y, 0.5)
    np.testing.assert_allclose(found.value("parameter")[0, -1], want, rtol=1e-9)


def test_damping_is_added_to_the_hessian(train):
    axes = {**ROWS, **NEWTON, "data": "gaussian", "model": "linear", "steps": 1, "optimizer.damping": 0.3}
    found = train(axes | {"learning_rate": 0.5})
    x, y = found.tables[0].x, found.tables[0].y
    slope = quadratics.gradient(x, y, np.zeros(4))
    want = -0.5 * np.linalg.solve(quadratics.hessian(x) + 0.3 * np.eye(4), slope)
    np.testing.assert_allclose(found.value("parameter")[0, -1], want, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_lower_precision_works(train, dtype):
    axes = {**ROWS, **NEWTON, "data": "gaussian", "model": "linear", "steps": 1, "dtype": dtype}
    found = train(axes)
    want = quadratics.minimiser(found.tables[0].x, found.tables[0].y)
    np.testing.assert_allclose(found.value("parameter")[0, -1].astype(float), want, atol=0.1)
