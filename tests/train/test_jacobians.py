"""Singular values of Jacobians against those of products of matrices and of central differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bench.train import jacobians
from models import ACTIVATIONS, INITS, MODELS, Shape

pytestmark = pytest.mark.usefixtures("devices")

X = np.random.default_rng(5).standard_normal((3, 4))
NAMES = ["mlp", "residual", "preactivation_residual", "batch_normalised", "layer_normalised"]


def _made(name, depth=3, width=(5, 5, 3), activation="tanh"):
    options = {"depth": depth, "width": width, "bias": True}
    model = MODELS[name].make(Shape(4, 2), options, INITS["normal"], ACTIVATIONS[activation])
    hyper = {key: jnp.asarray(value) for key, value in model.hyper.items()}
    params = model.init(jnp.asarray(np.random.default_rng(6).standard_normal(model.draws)), hyper)
    return model, params, (model, model.group(params), jnp.asarray(X), hyper)


def _of_layers(model, groups, x, hyper):
    return jax.jit(lambda x: jacobians.of_layers(model, groups, x, hyper)["layer_singular_value_mean"])(x)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_from_input_to_last_signal_it_is_that_of_central_differences(name):
    model, _, (_, groups, x, hyper) = _made(name)
    found = jax.jit(lambda x: jacobians.of_network(model, groups, x, hyper))(x)["jacobian_singular_value"]
    still = tuple(jnp.zeros(shape) for shape in model.taps(3))

    @jax.jit
    def signal(step):
        return model.inspect(groups, x.at[0].add(step), hyper, still)[1].post[-1][-1, 0]

    steps = 1e-5 * np.eye(4)
    jacobian = np.array([signal(e) - signal(-e) for e in steps]).T / 2e-5
    np.testing.assert_allclose(found, np.linalg.svd(jacobian)[1], rtol=1e-6, atol=1e-8)


@pytest.mark.slow
def test_from_layer_to_layer_it_is_slopes_times_weights():
    _, params, given = _made("mlp")
    found = _of_layers(*given)
    h, want = X[0], []
    slope = np.ones(4)
    for layer in params:
        weight = np.asarray(layer["weight"])
        want.append(np.linalg.svd(slope[:, None] * weight)[1].mean())
        h = np.tanh(h @ weight + np.asarray(layer["bias"]))
        slope = 1 - h**2
    np.testing.assert_allclose(found, want, rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_one_layer_each_whatever_the_model(name):
    model, _, given = _made(name)
    found = _of_layers(*given)
    assert found.shape == (model.layers,)
    assert np.isfinite(found).all()


@pytest.mark.slow
def test_a_model_without_hidden_layers_has_no_hidden_signal():
    _, _, given = _made("linear")
    assert jacobians.of_network(*given) == {}
    assert jacobians.of_layers(*given)["layer_singular_value_mean"].shape == (1,)
