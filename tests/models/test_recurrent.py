"""Recurrent networks against the recursion written out in numpy, and what their memory keeps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bench.train.memory import survival
from models import ACTIVATIONS, INITS, MODELS, Shape

pytestmark = pytest.mark.usefixtures("devices")

UNITS, LENGTH, ROWS = 3, 5, 4


def _made(name, **hyper):
    model = MODELS[name].make(Shape(LENGTH, 2), {"width": UNITS}, INITS["pytorch"], ACTIVATIONS["tanh"])
    own = {axis: jnp.asarray(value) for axis, value in {**model.hyper, **hyper}.items()}
    random = np.random.default_rng(0)
    params = model.init(jnp.asarray(random.standard_normal(model.draws)), own)
    return model, params, own, random.standard_normal((ROWS, LENGTH))


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _by_hand(name, params, x):
    """Outputs, and the gates of forgetting of every step, (steps, rows, units)."""
    (cell, output), forgotten = jax.tree.map(np.asarray, params), []
    h, c = np.zeros((ROWS, UNITS)), np.zeros((ROWS, UNITS))
    for t in range(LENGTH):
        z = np.column_stack([x[:, t], h]) @ cell["weight"] + cell["bias"]
        if name == "rnn":
            h = np.tanh(z)
        else:
            i, f, g, o = np.split(z, 4, axis=1)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
            forgotten.append(_sigmoid(f))
    return h @ output["weight"] + output["bias"], np.array(forgotten)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_outputs_are_those_of_the_recursion(name):
    model, params, hyper, x = _made(name, **({"init.forget_bias": 0.7} if name == "lstm" else {}))
    np.testing.assert_allclose(model.apply(params, jnp.asarray(x), hyper), _by_hand(name, params, x)[0], rtol=1e-12)


@pytest.mark.slow
def test_the_forget_bias_is_added_to_the_forget_gates_alone():
    biases = [_made("lstm", **{"init.forget_bias": bias})[1][0]["bias"] for bias in (0.0, 2.5)]
    np.testing.assert_allclose((biases[1] - biases[0]).reshape(4, UNITS)[:, 0], [0, 2.5, 0, 0])


@pytest.mark.slow
def test_a_cell_keeps_the_product_of_its_forget_gates():
    model, params, hyper, x = _made("lstm")
    kept = _by_hand("lstm", params, x)[1].prod(axis=0)
    found = survival(model, params, jnp.asarray(x), hyper)
    np.testing.assert_allclose(found["memory_diagonal"], kept.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found["memory_gain"], kept.max(axis=1), rtol=1e-12)


@pytest.mark.slow
def test_the_memory_of_a_plain_network_is_its_signal():
    model, params, hyper, x = _made("rnn")
    weight = np.asarray(params[0]["weight"])
    h, jacobian = np.zeros(UNITS), np.eye(UNITS)
    for number in x[0]:
        h = np.tanh(np.concatenate([[number], h]) @ weight + np.asarray(params[0]["bias"]))
        jacobian = np.diag(1 - h**2) @ weight[1:].T @ jacobian
    found = survival(model, params, jnp.asarray(x), hyper)
    assert float(found["memory_gain"][0]) == pytest.approx(np.linalg.norm(jacobian, 2), rel=1e-12)
    assert float(found["memory_diagonal"][0]) == pytest.approx(np.trace(jacobian) / UNITS, rel=1e-12)


def test_models_without_memory_yield_nothing(train):
    found = train({"model": "quadratic", "steps": 0, "checkpoints": "end", "probes": "memory"})
    assert not found.outcome.values
