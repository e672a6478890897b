"""Every registered model keeps the contract of `models.base`: shapes, transformations, gradients, dtypes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bench.spec import Run
from bench.spec.run import STATIC
from models import ACTIVATIONS, INITS, LOSSES, MODELS, Batch, Shape, inspected, objective

pytestmark = pytest.mark.usefixtures("devices")

ROWS, SHAPE = 5, Shape(4, 3)
OPTIONS = {axis: getattr(Run, axis) for axis in STATIC} | {"depth": 2, "width": 3, "bias": True}
DTYPES = ("float16", "bfloat16", "float32", "float64")
WITH_DATA = [name for name, architecture in MODELS.items() if architecture.needs_data]
SURFACES = [name for name, architecture in MODELS.items() if not architecture.needs_data]


def _model(name, dtype="float64", init="normal", activation="tanh", **options):
    architecture = MODELS[name]
    shape = SHAPE if architecture.needs_data else Shape(1, 1)
    model = architecture.make(shape, OPTIONS | options, INITS[init], ACTIVATIONS[activation])
    wide = "float64" if dtype == "float64" else "float32"  # constants of half-precision runs are float32
    hyper = {axis: jnp.asarray(value, wide) for axis, value in model.hyper.items()}
    return model, hyper, jnp.asarray(np.random.default_rng(1).standard_normal(model.draws), dtype)


def _make(name, **choices):
    model, hyper, draw = _model(name, **choices)
    return model, hyper, jax.jit(model.init)(draw, hyper)


def _batch(dtype="float64"):
    random = np.random.default_rng(2)
    x = jnp.asarray(random.standard_normal((ROWS, SHAPE.inputs)), dtype)
    return Batch(x, jnp.asarray(random.integers(SHAPE.outputs, size=ROWS), jnp.int32))


def _objective(name, model):
    loss = LOSSES["softmax_cross_entropy"].per_row if MODELS[name].needs_data else None
    return objective(model, loss, ROWS)


@pytest.mark.parametrize("name", WITH_DATA)
def test_outputs_and_parameters_have_the_promised_sizes(name):
    model, hyper, params = _make(name)
    assert jax.eval_shape(model.apply, params, _batch().x, hyper).shape == (ROWS, SHAPE.outputs)
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == model.draws


@pytest.mark.parametrize("name", MODELS)
def test_ungrouping_undoes_grouping(name):
    model, _, params = _make(name, depth=4)
    back = model.ungroup(model.group(params))
    assert jax.tree.structure(back) == jax.tree.structure(params)
    jax.tree.map(np.testing.assert_array_equal, back, params)


def _inspected(name, **options):
    """Value, taps, grouped gradient and deltas of a model that can be looked into, and the plain value and gradient."""
    model, hyper, params = _make(name, **options)
    batch, loss = _batch(), LOSSES["softmax_cross_entropy"].per_row
    if model.inspect is None:
        pytest.skip(f"{name} cannot be looked into")
    look = inspected(model, loss, ROWS)
    shift = tuple(jnp.zeros(shape) for shape in model.taps(ROWS))
    both = jax.jit(jax.value_and_grad(lambda g, s: look(g, s, batch, hyper), (0, 1), has_aux=True))
    (value, (outputs, taps)), (slope, deltas) = both(model.group(params), shift)
    plain = jax.jit(jax.value_and_grad(lambda p: objective(model, loss, ROWS)(p, batch, hyper)))(params)
    np.testing.assert_allclose(outputs, jax.jit(model.apply)(params, batch.x, hyper), rtol=1e-12)
    return model, batch, value, taps, slope, deltas, plain


@pytest.mark.parametrize("depth", [2, 4])
@pytest.mark.parametrize("name", WITH_DATA)
def test_looking_into_a_model_changes_neither_its_value_nor_its_gradient(name, depth):
    model, _, value, _, slope, _, plain = _inspected(name, depth=depth)
    assert float(value) == pytest.approx(float(plain[0]), rel=1e-13)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-15), model.ungroup(slope), plain[1])


@pytest.mark.parametrize("name", WITH_DATA)
def test_taps_have_one_entry_per_layer(name):
    model, _, _, taps, _, deltas, _ = _inspected(name, depth=4)
    assert tuple(z.shape for z in taps.pre) == model.taps(ROWS) == tuple(d.shape for d in deltas)
    assert sum(len(z) for z in taps.pre) == model.layers
    _, hyper, params = _make(name, depth=4)
    slopes = model.slopes(model.group(params), taps.pre, hyper)
    assert tuple(h.shape for h in taps.post) == tuple(s.shape for s in slopes)
    assert sum(len(h) for h in taps.post) == model.layers - 1


LAYERED = ["linear", "logistic", "softmax", *(name for name in MODELS if "depth" in MODELS[name].axes)]


@pytest.mark.parametrize("name", LAYERED)
def test_gradient_of_the_shift_is_the_gradient_of_the_preactivations(name):
    """dL/dW_l = h_{l-1}^T dL/dz_l, which holds for no other reading of the deltas."""
    model, batch, _, taps, slope, deltas, _ = _inspected(name, depth=4)
    hidden, delta = ([layer for group in groups for layer in group] for groups in (taps.post, deltas))
    weights = [layer for group in model.weights(slope) for layer in group]
    for before, after, weight in zip((batch.x, *hidden), delta, weights, strict=True):
        np.testing.assert_allclose(before.T @ after, weight, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_leaves_of_the_parameters(name):
    model, _, params = _make(name)
    leaves = [id(leaf) for leaf in jax.tree.leaves(params)]
    assert all(id(weight) in leaves for weight in model.weights(params))


@pytest.mark.parametrize("name", MODELS)
def test_jit_changes_nothing_and_vmap_is_a_loop(name):
    model, hyper, params = _make(name)
    j, batch = _objective(name, model), _batch()
    value = lambda p: j(p, batch, hyper)  # noqa: E731
    assert float(jax.jit(value)(params)) == pytest.approx(float(value(params)), rel=1e-13)
    stacked = jax.tree.map(lambda a: jnp.stack([a, 0.5 * a, -a]), params)
    loop = [jax.jit(value)(jax.tree.map(lambda a, f=f: f * a, params)) for f in (1.0, 0.5, -1.0)]
    np.testing.assert_allclose(jax.jit(jax.vmap(value))(stacked), loop, rtol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_finite_and_agrees_with_finite_differences(name):
    model, hyper, params = _make(name)
    j, batch = _objective(name, model), _batch()
    flat, unravel = jax.flatten_util.ravel_pytree(params)
    value = jax.jit(lambda v: j(unravel(v), batch, hyper))
    slope, h = np.asarray(jax.jit(jax.grad(value))(flat)), 1e-5
    assert np.isfinite(slope).all()
    start = np.asarray(flat)
    central = [(value(start + e) - value(start - e)) / (2 * h) for e in np.eye(start.size) * h]
    np.testing.assert_allclose(slope, central, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MODELS)
def test_every_leaf_keeps_its_dtype_under_strict_promotion(name, dtype):
    with jax.numpy_dtype_promotion("strict"):
        model, hyper, draw = _model(name, dtype)
        hyper = hyper | ({"l2": hyper["init.gain"]} if MODELS[name].needs_data else {})
        params = jax.eval_shape(model.init, draw, hyper)
        j = jax.value_and_grad(lambda p: _objective(name, model)(p, _batch(dtype), hyper))
        value, slope = jax.eval_shape(j, params)
        assert {leaf.dtype.name for leaf in jax.tree.leaves((params, slope))} == {dtype}
        assert value.dtype == dtype


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mlp_takes_every_activation(activation):
    model, hyper, params = _make("mlp", activation=activation)
    slope = jax.jit(jax.grad(lambda p: _objective("mlp", model)(p, _batch(), hyper)))(params)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))
    learned = ACTIVATIONS[activation].learned
    assert all(
        set(layer) - {"weight", "bias"} == (set(ACTIVATIONS[activation].constants) if learned else set())
        for layer in params[:-1]
    )
    assert set(params[-1]) == {"weight", "bias"}


def test_mlp_is_the_composition_that_its_docstring_states():
    model, hyper, params = _make("mlp", width=(3, 2))
    h = np.asarray(_batch().x)
    for layer in params[:-1]:
        h = np.tanh(h @ np.asarray(layer["weight"]) + np.asarray(layer["bias"]))
    want = h @ np.asarray(params[-1]["weight"]) + np.asarray(params[-1]["bias"])
    np.testing.assert_allclose(model.apply(params, _batch().x, hyper), want, rtol=1e-13)


@pytest.mark.parametrize("init", INITS)
def test_gain_multiplies_the_weights_and_never_the_biases(init):
    model, hyper, _ = _make("mlp", init=init)
    draw = jnp.asarray(np.random.default_rng(4).standard_normal(model.draws))
    one, two = (model.init(draw, hyper | {"init.gain": jnp.asarray(gain)}) for gain in (1.0, 2.0))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(2 * a["weight"], b["weight"])
        np.testing.assert_array_equal(a["bias"], b["bias"])


def test_layers_without_bias_have_none():
    model, hyper, params = _make("mlp", bias=False)
    assert all(set(layer) == {"weight"} for layer in params)
    assert model.apply(params, jnp.zeros((1, 4)), hyper).tolist() == [[0.0] * 3]


MINIMA = {
    "quadratic": [(0.0, 0.0)],
    "rosenbrock": [(1.0, 1.0)],
    "saddle": [(0.0, 1.0), (0.0, -1.0)],
    "huber": [(0.0, 0.0)],
    "quartic": [(0.0, 0.0)],
    "three_pieces": [(0.0, 0.0)],
    "narrow_well": [(0.0, 0.0)],
}


@pytest.mark.parametrize("name", MINIMA)
def test_surfaces_are_stationary_where_the_literature_says(name):
    model, hyper, _ = _make(name)
    for point in MINIMA[name]:
        slope = jax.grad(lambda p: model.value(p, hyper))({"position": jnp.asarray(point)})
        np.testing.assert_allclose(slope["position"], 0, atol=1e-12)


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_start_where_they_are_told_to(name):
    _, _, params = _make(name, init="zeros")
    defaults = {"rosenbrock": (-1.2, 1.0), "three_pieces": (3.3, 0.0)} | dict.fromkeys(
        ("saddle", "huber", "quartic", "narrow_well"), (1.0, 0.0)
    )
    np.testing.assert_allclose(params["position"], defaults.get(name, 1.0))


def _slope(name, x, /, **constants):
    model, hyper, _ = _make(name)
    hyper |= {f"surface.{axis}": jnp.asarray(value) for axis, value in constants.items()}
    return float(jax.grad(lambda p: model.value(p, hyper))({"position": jnp.array([x, 0.0])})["position"][0])


@pytest.mark.parametrize(("x", "want"), [(0.5, 12.5), (1.5, 25.5), (3.3, 58.5), (-2.0, -50.0)])
def test_three_pieces_has_the_derivative_of_lessard_recht_and_packard(x, want):
    assert _slope("three_pieces", x) == pytest.approx(want, rel=1e-14)


@pytest.mark.parametrize(("x", "want"), [(0.2, 0.2), (0.5, 0.5), (4.0, 0.5), (-4.0, -0.5)])
def test_huber_is_linear_beyond_its_kink(x, want):
    assert _slope("huber", x, kink=0.5) == pytest.approx(want, rel=1e-14)


def test_a_bowl_has_its_minimum_at_its_centre():
    assert _slope("quadratic", 3.0, x=3.0, xx=7.0) == 0
    assert _slope("quadratic", 5.0, x=3.0, xx=7.0) == 14


@pytest.mark.parametrize("name", ["mlp", "linear"])
def test_output_bias_is_added_to_the_last_layer_alone(name):
    model, hyper, draw = _model(name)
    plain, moved = (model.init(draw, hyper | {"init.output_bias": jnp.asarray(b)}) for b in (0.0, 4.0))
    np.testing.assert_allclose(moved[-1]["bias"], plain[-1]["bias"] + 4, rtol=1e-14)
    back = [*moved[:-1], {**moved[-1], "bias": plain[-1]["bias"]}]
    jax.tree.map(np.testing.assert_array_equal, back, plain)


def test_hidden_bias_is_added_to_all_layers_but_the_last():
    model, hyper, draw = _model("mlp", depth=3)
    plain, moved = (model.init(draw, hyper | {"init.hidden_bias": jnp.asarray(b)}) for b in (0.0, -2.0))
    for before, after in zip(plain[:-1], moved[:-1], strict=True):
        np.testing.assert_allclose(after["bias"], before["bias"] - 2, rtol=1e-14)
    np.testing.assert_array_equal(moved[-1]["bias"], plain[-1]["bias"])
