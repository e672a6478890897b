"""The autoencoder's linear code, and initial weights of which each unit keeps a few."""

import jax.numpy as jnp
import numpy as np
import pytest

from models import ACTIVATIONS, INITS, MODELS, Shape
from models.inits import INCOMING

pytestmark = pytest.mark.usefixtures("devices")


@pytest.mark.slow
def test_every_hidden_layer_but_the_code_has_the_activation():
    options = {"depth": 3, "width": (5, 2, 5), "bias": True}
    model = MODELS["autoencoder"].make(Shape(4, 4), options, INITS["lecun"], ACTIVATIONS["tanh"])
    random = np.random.default_rng(0)
    hyper = {name: jnp.asarray(value) for name, value in model.hyper.items()} | {"init.bias": jnp.asarray(0.5)}
    params, x = model.init(jnp.asarray(random.standard_normal(model.draws)), hyper), random.standard_normal((6, 4))
    want = x
    for index, layer in enumerate(params):
        want = want @ np.asarray(layer["weight"]) + np.asarray(layer["bias"])
        want = np.tanh(want) if index in (0, 2) else want
    np.testing.assert_allclose(model.apply(params, jnp.asarray(x), hyper), want, rtol=1e-12)


@pytest.mark.parametrize("shape", [(64, 48), (8, 24), (40, 1)])
def test_a_unit_keeps_as_many_incoming_weights_as_it_may(shape):
    draw = np.random.default_rng(1).standard_normal(shape)
    weight = np.asarray(INITS["sparse"].weight(jnp.asarray(draw)))
    np.testing.assert_array_equal((weight != 0).sum(axis=0), min(INCOMING, shape[0]))
    np.testing.assert_array_equal(weight[weight != 0], draw[weight != 0])


@pytest.mark.slow
def test_kept_weights_are_standard_normal():
    draw = np.random.default_rng(2).standard_normal((64, 4000))
    weight = np.asarray(INITS["sparse"].weight(jnp.asarray(draw)))
    kept = weight[weight != 0]
    assert kept.mean() == pytest.approx(0, abs=0.02)
    assert kept.std() == pytest.approx(1, abs=0.02)
