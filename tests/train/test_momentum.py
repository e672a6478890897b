"""Growing momentum against its formula, and against optax where it does not grow."""

import jax.numpy as jnp
import numpy as np
import pytest

from bench.train.momentum import CONSTANTS, coefficient

WELL = {"model": "quadratic", "surface.yy": 0.1, "learning_rate": 0.3, "dtype": "float64", "probes": "parameters"}


@pytest.mark.parametrize(("step", "want"), [(0, 0.5), (249, 0.5), (250, 0.75), (1000, 0.9), (1e6, 0.99), (2e9, 0.9)])
def test_the_coefficient_is_that_of_sutskever(step, want):
    hyper = {f"optimizer.{name}": jnp.asarray(value) for name, value in CONSTANTS.items()}
    assert float(coefficient(hyper, jnp.asarray(float(step)))) == pytest.approx(want)


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_a_constant_coefficient_is_ordinary_momentum(train, name):
    run = {**WELL, "steps": 20, "checkpoints": 1}
    plain = train({**run, "optimizer": name, "optimizer.momentum": 0.5}).value("parameter")
    grown = train({**run, "optimizer": f"growing_{name}", "optimizer.momentum": 0.5}).value("parameter")
    np.testing.assert_allclose(grown, plain, rtol=1e-10)
