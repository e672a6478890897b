"""Every activation: its formula, its derivative, and that it is an ordinary JAX function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from models import ACTIVATIONS

pytestmark = pytest.mark.usefixtures("devices")

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, section 2

FORMULAS = {
    "identity": lambda z: z,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "prelu": lambda z: np.where(z > 0, z, 0.25 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
    "softplus": lambda z: np.logaddexp(0, z),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
}
KINKS = (-1.0, 0.0, 1.0)
DTYPES = ("float16", "bfloat16", "float32", "float64")


def _bound(name, dtype="float64"):
    activation = ACTIVATIONS[name]
    constants = {key: jnp.asarray(value, dtype) for key, value in activation.constants.items()}
    return lambda z: activation.apply(z, constants)


def _points():
    z = np.linspace(-6, 6, 241) + 0.01  # no point within 0.01 of a kink
    return z[np.min(np.abs(z[:, None] - np.asarray(KINKS)), axis=1) > 5e-3]


def test_every_activation_has_a_reference_formula():
    assert set(FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", FORMULAS)
def test_value_is_the_formula(name):
    z = _points()
    np.testing.assert_allclose(_bound(name)(jnp.asarray(z)), FORMULAS[name](z), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_the_limit_of_finite_differences(name):
    z, h = _points(), 1e-5
    apply = _bound(name)
    slope = jax.vmap(jax.grad(apply))(jnp.asarray(z))
    difference = (np.asarray(apply(jnp.asarray(z + h))) - np.asarray(apply(jnp.asarray(z - h)))) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-8, atol=2e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_stays_finite_far_from_the_origin(name):
    z = jnp.asarray([-1e4, -800.0, -100.0, 100.0, 800.0, 1e4], jnp.float32)
    value, slope = jax.vmap(jax.value_and_grad(_bound(name, "float32")))(z)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_jit_and_vmap_change_nothing(name):
    apply, z = _bound(name), jnp.asarray(_points())
    eager = np.asarray(apply(z))
    np.testing.assert_allclose(jax.jit(apply)(z), eager, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(jax.vmap(apply)(z[:, None])[:, 0], eager, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dtype_is_preserved_under_strict_promotion(name, dtype):
    wide = "float64" if dtype == "float64" else "float32"  # constants of half-precision runs are float32
    with jax.numpy_dtype_promotion("strict"):
        assert jax.eval_shape(_bound(name, wide), jax.ShapeDtypeStruct((7,), dtype)).dtype == dtype


def test_relu_has_slope_zero_at_zero():
    assert jax.grad(_bound("relu"))(0.0) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_elu_is_smooth_at_zero(dtype):
    assert jax.grad(_bound("elu", "float64" if dtype == "float64" else "float32"))(jnp.zeros((), dtype)) == 1.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softplus_is_accurate_to_two_units_in_the_last_place(dtype):
    z = np.linspace(-80, 80, 4001, dtype=dtype)
    got = np.asarray(jax.jit(lambda z: ACTIVATIONS["softplus"].apply(z, {}))(z), np.longdouble)
    np.testing.assert_allclose(got, np.logaddexp(0, z.astype(np.longdouble)), rtol=2 * np.finfo(dtype).eps)
