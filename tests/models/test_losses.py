"""Every loss against its formula in numpy, scipy or scikit-learn, and the objective built on it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from sklearn.metrics import log_loss, mean_squared_error

from models import ACTIVATIONS, INITS, LOSSES, MODELS, Batch, Shape, objective

pytestmark = pytest.mark.usefixtures("devices")

ROWS = 7
DTYPES = ("float16", "bfloat16", "float32", "float64")


def _case(loss, classes):
    """Outputs, labels, and labels as the outputs see them."""
    random = np.random.default_rng(3)
    outputs = random.standard_normal((ROWS, LOSSES[loss].outputs(classes))) * 2
    y = random.integers(classes, size=ROWS) if classes else random.standard_normal(ROWS)
    if outputs.shape[1] == 1:
        return outputs, y, y[:, None].astype(float)
    return outputs, y, np.eye(outputs.shape[1])[y]


FORMULAS = {
    "squared_error": lambda z, t: np.sum((z - t) ** 2, axis=1),
    "half_squared_error": lambda z, t: np.sum((z - t) ** 2, axis=1) / 2,
    "huber": lambda z, t: np.sum(special.huber(1, z - t), axis=1),
    "linear": lambda z, t: np.sum(z * t, axis=1),
    "binary_cross_entropy": lambda z, t: (
        -np.sum(special.xlogy(t, special.expit(z)) + special.xlogy(1 - t, special.expit(-z)), axis=1)
    ),
    "bernoulli_cross_entropy": lambda z, t: (
        -np.sum(special.xlogy(t, special.expit(z)) + special.xlogy(1 - t, special.expit(-z)), axis=1)
    ),
    "softmax_cross_entropy": lambda z, t: -np.sum(t * special.log_softmax(z, axis=1), axis=1),
    "sigmoid_squared_error": lambda z, t: np.sum((special.expit(z) - t) ** 2, axis=1),
    "half_sigmoid_squared_error": lambda z, t: np.sum((special.expit(z) - t) ** 2, axis=1) / 2,
}
CASES = [(name, classes) for name in LOSSES for classes in (0, 2, 4) if classes or not LOSSES[name].needs_classes]


def test_every_loss_has_a_reference_formula():
    assert set(FORMULAS) == set(LOSSES)


@pytest.mark.parametrize(("name", "classes"), [case for case in CASES if case[0] in FORMULAS])
def test_value_is_the_formula(name, classes):
    outputs, y, targets = _case(name, classes)
    got = jax.jit(LOSSES[name].per_row)(outputs, y)
    assert got.shape == (ROWS,)
    np.testing.assert_allclose(got, FORMULAS[name](outputs, targets), rtol=1e-13, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 4])
def test_cross_entropies_are_those_of_scikit_learn(classes):
    outputs, y, _ = _case("softmax_cross_entropy", classes)
    got = LOSSES["softmax_cross_entropy"].per_row(jnp.asarray(outputs), jnp.asarray(y)).mean()
    assert got == pytest.approx(log_loss(y, special.softmax(outputs, axis=1), labels=range(classes)), rel=1e-12)
    if classes == 2:
        outputs, y, _ = _case("binary_cross_entropy", 2)
        got = LOSSES["binary_cross_entropy"].per_row(jnp.asarray(outputs), jnp.asarray(y)).mean()
        assert got == pytest.approx(log_loss(y, special.expit(outputs[:, 0]), labels=[0, 1]), rel=1e-12)


def test_squared_error_is_that_of_scikit_learn():
    outputs, y, _ = _case("squared_error", 0)
    got = LOSSES["squared_error"].per_row(jnp.asarray(outputs), jnp.asarray(y)).mean()
    assert got == pytest.approx(mean_squared_error(y, outputs[:, 0]), rel=1e-13)


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if not loss.needs_classes])
def test_several_targets_per_row_count_side_by_side(name):
    random = np.random.default_rng(7)
    outputs, y = random.standard_normal((2, ROWS, 3)) * 2
    per_row = LOSSES[name].per_row
    alone = sum(per_row(jnp.asarray(outputs[:, [k]]), jnp.asarray(y[:, k])) for k in range(3))
    np.testing.assert_allclose(per_row(jnp.asarray(outputs), jnp.asarray(y)), alone, rtol=1e-13)


@pytest.mark.parametrize(("name", "classes"), CASES)
def test_jit_and_vmap_change_nothing(name, classes):
    outputs, y, _ = _case(name, classes)
    z, t, per_row = jnp.asarray(outputs), jnp.asarray(y), LOSSES[name].per_row
    eager = np.asarray(per_row(z, t))
    np.testing.assert_allclose(jax.jit(per_row)(z, t), eager, rtol=1e-13, atol=1e-14)
    alone = jax.vmap(lambda one, label: per_row(one[None], label[None])[0])(z, t)
    np.testing.assert_allclose(alone, eager, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("name", "classes"), CASES)
def test_gradient_is_finite_for_confident_outputs(name, classes):
    outputs, y, _ = _case(name, classes)
    mean = jax.jit(jax.value_and_grad(lambda z: LOSSES[name].per_row(z, jnp.asarray(y)).mean()))
    value, slope = mean(np.float32(outputs * 1e3))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "classes"), CASES)
def test_dtype_is_preserved_under_strict_promotion(name, classes, dtype):
    outputs, y, _ = _case(name, classes)
    with jax.numpy_dtype_promotion("strict"):
        labels = jax.ShapeDtypeStruct(y.shape, jnp.int32 if classes else dtype)
        found = jax.eval_shape(LOSSES[name].per_row, jax.ShapeDtypeStruct(outputs.shape, dtype), labels)
        assert found.dtype == dtype


def _linear(l2):
    model = MODELS["linear"].make(Shape(3, 1), {"bias": True}, INITS["normal"], ACTIVATIONS["identity"])
    random = np.random.default_rng(5)
    batch = Batch(jnp.asarray(random.standard_normal((ROWS, 3))), jnp.asarray(random.standard_normal(ROWS)))
    hyper = {name: jnp.asarray(value) for name, value in model.hyper.items()} | {"init.bias": jnp.asarray(1.0)}
    params = model.init(jnp.asarray(random.standard_normal(model.draws)), hyper)
    j = objective(model, LOSSES["half_squared_error"].per_row, ROWS)
    return j, params, batch, hyper | ({"l2": jnp.asarray(l2)} if l2 else {})


@pytest.mark.slow
def test_penalty_is_l2_over_two_m_times_the_squared_weights():
    j, params, batch, plain = _linear(0.0)
    hyper = plain | {"l2": jnp.asarray(0.7)}
    extra = j(params, batch, hyper) - j(params, batch, plain)
    assert extra == pytest.approx(0.7 / (2 * ROWS) * np.sum(np.square(params[0]["weight"])), rel=1e-12)


def test_penalty_leaves_the_bias_free():
    j, params, batch, plain = _linear(0.0)
    hyper = plain | {"l2": jnp.asarray(0.7)}
    with_, without = (jax.jit(jax.grad(lambda p, h=h: j(p, batch, h)))(params)[0] for h in (hyper, plain))
    np.testing.assert_array_equal(with_["bias"], without["bias"])
    np.testing.assert_allclose(with_["weight"] - without["weight"], 0.7 / ROWS * params[0]["weight"], rtol=1e-10)


@pytest.mark.slow
def test_padding_rows_do_not_count():
    j, params, batch, hyper = _linear(0.0)
    pad = Batch(
        jnp.concatenate([batch.x, jnp.full((2, 3), 99.0)]),
        jnp.concatenate([batch.y, jnp.full(2, -99.0)]),
        jnp.asarray([1.0] * ROWS + [0.0] * 2),
    )
    plain, padded = (jax.jit(jax.value_and_grad(lambda p, b=b: j(p, b, hyper)))(params) for b in (batch, pad))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13), plain, padded)
