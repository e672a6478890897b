"""Residual and normalised networks against their definitions in numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from models import ACTIVATIONS, INITS, MODELS, Shape

pytestmark = pytest.mark.usefixtures("devices")

X = np.random.default_rng(3).standard_normal((6, 4))


def _model(name, bias=True, **hyper):
    options = {"depth": 4, "width": (3, 3, 3, 5), "bias": bias}
    model = MODELS[name].make(Shape(4, 2), options, INITS["normal"], ACTIVATIONS["tanh"])
    hyper = {key: jnp.asarray(value) for key, value in {**model.hyper, "init.bias": 0.5, **hyper}.items()}
    params = model.init(jnp.asarray(np.random.default_rng(4).standard_normal(model.draws)), hyper)
    return model, hyper, params


def _affine(h, layer):
    return h @ np.asarray(layer["weight"]) + np.asarray(layer["bias"])


@pytest.mark.parametrize(("decay", "a"), [(0.0, 0.8), (0.5, 0.8 / np.sqrt(2)), (1.0, 0.4)])
def test_skips_go_around_hidden_layers_that_keep_the_width(decay, a):
    model, hyper, params = _model("residual", **{"residual.scale": 0.8, "residual.decay": decay})
    h = np.tanh(_affine(X, params[0]))
    h = h + a * np.tanh(_affine(h, params[1]))
    h = h + a * np.tanh(_affine(h, params[2]))
    h = np.tanh(_affine(h, params[3]))
    np.testing.assert_allclose(model.apply(params, jnp.asarray(X), hyper), _affine(h, params[4]), rtol=1e-12)

    model, hyper, params = _model("preactivation_residual", **{"residual.scale": 0.8, "residual.decay": decay})
    z = _affine(X, params[0])
    z = z + a * _affine(np.tanh(z), params[1])
    z = z + a * _affine(np.tanh(z), params[2])
    h = np.tanh(_affine(np.tanh(z), params[3]))
    np.testing.assert_allclose(model.apply(params, jnp.asarray(X), hyper), _affine(h, params[4]), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "axis"), [("batch_normalised", 0), ("layer_normalised", 1)])
def test_hidden_layers_are_normalised_and_then_scaled_and_shifted(name, axis):
    model, hyper, params = _model(name, **{"normalisation.epsilon": 0.01})
    params = [{**layer, "scale": jnp.linspace(0.5, 2, layer["bias"].size)} for layer in params[:-1]] + params[-1:]
    h = X
    for layer in params[:-1]:
        z = h @ np.asarray(layer["weight"])
        z = (z - z.mean(axis, keepdims=True)) / np.sqrt(z.var(axis, keepdims=True) + 0.01)
        h = np.tanh(np.asarray(layer["scale"]) * z + np.asarray(layer["bias"]))
    np.testing.assert_allclose(model.apply(params, jnp.asarray(X), hyper), _affine(h, params[-1]), rtol=1e-12)


def test_without_biases_normalised_layers_keep_their_scale_alone():
    _, _, params = _model("batch_normalised", bias=False)
    assert [set(layer) for layer in params] == [{"weight", "scale"}] * 4 + [{"weight"}]


@pytest.mark.parametrize("name", ["residual", "preactivation_residual", "batch_normalised", "layer_normalised"])
def test_weights_start_from_the_draw_of_the_plain_network(name):
    model, _, params = _model(name)
    plain, plain_hyper, _ = _model("mlp")
    draw = jnp.asarray(np.random.default_rng(4).standard_normal(model.draws))
    for one, other in zip(params, plain.init(draw[: plain.draws], plain_hyper), strict=True):
        np.testing.assert_array_equal(one["weight"], other["weight"])


@pytest.mark.slow
def test_test_rows_are_normalised_with_the_statistics_of_the_train_rows():
    model, hyper, params = _model("batch_normalised")
    groups, far = model.group(params), np.vstack([X, 1e3 * X[:2]])
    found = model.predict(groups, jnp.asarray(far), hyper, len(X))
    np.testing.assert_allclose(found[: len(X)], model.apply(params, jnp.asarray(X), hyper), rtol=1e-12)
    alone = model.predict(groups, jnp.asarray(np.vstack([X, far[-1:]])), hyper, len(X))
    np.testing.assert_allclose(found[-1], alone[-1], rtol=1e-12)


@pytest.mark.slow
def test_statistics_of_all_train_rows_decide_recorded_losses_and_a_step_takes_those_of_its_batch(train):
    net = {"data": "classes", "data.rows": 24, "data.features": 3, "scaling": "raw", "model": "batch_normalised"}
    run = {"width": 5, "split": "16/8", "steps": 30, "batch_size": 8, "checkpoints": "end", "init.gain": 2.0}
    found = train(net | run | {"probes": "outputs", "probe_rows": "all", "seed": 0})
    losses = found.curve("train_loss")[0]
    assert losses[-1] < losses[0]
    outputs = found.value("output")[0, -1].reshape(16, 2).astype(float)
    y = np.asarray(found.tables[0].y, int)
    want = np.mean(np.log(np.exp(outputs).sum(1)) - outputs[np.arange(16), y])
    np.testing.assert_allclose(losses[-1], want, rtol=1e-5)
