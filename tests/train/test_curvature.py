"""The largest eigenvalue by Lanczos iteration against dense eigenvalues."""

import jax.numpy as jnp
import numpy as np
import pytest

from bench.theory import backprop
from bench.theory.meanfield import ACTIVATIONS
from bench.train.curvature import LANCZOS_STEPS, largest_eigenvalue

NET = {"data": "classes", "data.rows": 24, "data.features": 3, "scaling": "raw", "model": "mlp", "activation": "tanh"}


@pytest.mark.slow
@pytest.mark.usefixtures("devices")
@pytest.mark.parametrize("size", [1, 2, 7, LANCZOS_STEPS])
def test_a_quadratic_of_few_variables_is_exact_and_its_sign_counts(size):
    half = np.random.default_rng(size).standard_normal((size, size))
    matrix = half + half.T - 3 * np.eye(size)
    found = largest_eigenvalue(lambda x: jnp.asarray(matrix) @ x, jnp.zeros(size))
    np.testing.assert_allclose(found, np.linalg.eigvalsh(matrix)[-1], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("devices")
def test_a_space_that_closes_early_and_one_that_is_not_spanned():
    few = jnp.concatenate([jnp.full(10, 2.0), jnp.full(30, -5.0)])  # two eigenvalues: closed after two steps
    assert largest_eigenvalue(lambda x: few * x, jnp.zeros(40)) == pytest.approx(2, rel=1e-9)
    many = jnp.concatenate([jnp.linspace(0, 5, 499), jnp.array([8.0])])
    assert largest_eigenvalue(lambda x: many * x, jnp.zeros(500)) == pytest.approx(8, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "dtype", "tolerance"), [(1, "float64", 1e-4), (3, "float64", 1e-4), (2, "float32", 1e-3)]
)
def test_sharpness_is_the_largest_eigenvalue_of_differences_of_gradients_by_hand(train, depth, dtype, tolerance):
    axes = {"depth": depth, "width": 4, "init.gain": 1.5, "steps": 0, "dtype": dtype, "init.bias": 0.3}
    found = train(NET | axes | {"probes": [("sharpness", "parameters")], "seed": [1, 2]})
    sizes = (3, *[4] * depth, 2)
    for lane, table in enumerate([found.tables[0], found.tables[-1]]):
        theta = found.value("parameter")[lane, 0].astype(float)

        def slope(point, table=table):
            given = backprop.split(point, sizes), table.x, table.y, ACTIVATIONS["tanh"], "softmax_cross_entropy"
            return backprop.flat(backprop.gradient(*given)[1])

        hessian = np.array([slope(theta + e) - slope(theta - e) for e in 1e-5 * np.eye(theta.size)]) / 2e-5
        want = np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1]
        np.testing.assert_allclose(found.curve("sharpness")[lane, 0], want, rtol=tolerance)


@pytest.mark.slow
def test_of_a_linear_model_the_gauss_newton_matrix_is_the_hessian(train):
    axes = {"data": "classes", "data.rows": 24, "data.features": 3, "scaling": "raw", "model": "logistic", "steps": 1}
    found = train(axes | {"dtype": "float64", "probes": [("gauss_newton", "hessian_spectrum")], "checkpoints": "end"})
    spectrum = found.value("hessian_eigenvalue")[0]
    np.testing.assert_allclose(found.value("gauss_newton_largest")[0, :, 0], spectrum[:, -1], rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [1, 2])
def test_the_gauss_newton_matrix_is_that_of_differences_of_outputs(train, depth):
    axes = {"depth": depth, "width": 4, "bias": False, "steps": 0, "dtype": "float64", "loss": "half_squared_error"}
    found = train(NET | axes | {"data.classes": 3, "probes": [("gauss_newton", "parameters")]})
    theta, x = found.value("parameter")[0, 0], found.tables[0].x
    shapes = [(3, 4), *[(4, 4)] * (depth - 1), (4, 3)]

    def outputs(flat):
        h, used = x, 0
        for index, (fan_in, fan_out) in enumerate(shapes):
            h = h @ flat[used : used + fan_in * fan_out].reshape(fan_in, fan_out)
            h = h if index == depth else np.tanh(h)
            used += fan_in * fan_out
        return h.ravel()

    h = 1e-6
    jacobian = np.stack([(outputs(theta + h * e) - outputs(theta - h * e)) / (2 * h) for e in np.eye(theta.size)])
    want = np.linalg.eigvalsh(jacobian @ jacobian.T / len(x))[-1]
    np.testing.assert_allclose(found.value("gauss_newton_largest")[0, 0], want, rtol=1e-5)
