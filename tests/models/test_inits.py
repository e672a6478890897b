"""Every initialisation: moments in closed form, biases, and dtypes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from models import INITS

pytestmark = pytest.mark.usefixtures("devices")

VARIANCES = {
    "zeros": lambda fan_in, fan_out: 0.0,
    "identity": lambda fan_in, fan_out: (1 - 1 / fan_out) / fan_out,  # of the entries, fan_in <= fan_out
    "constant": lambda fan_in, fan_out: 0.0,
    "normal": lambda fan_in, fan_out: 1.0,
    "uniform": lambda fan_in, fan_out: 1 / 3,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "pytorch": lambda fan_in, fan_out: 1 / (3 * fan_in),
    "sparse": lambda fan_in, fan_out: 15 / fan_in,
    "orthogonal": lambda fan_in, fan_out: 1 / max(fan_in, fan_out),
}
SHAPE = (200, 300)
DTYPES = ("float16", "bfloat16", "float32", "float64")


def _draw(shape=SHAPE, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape))


def test_every_init_has_a_reference_variance():
    assert set(VARIANCES) == set(INITS)


@pytest.mark.parametrize("name", VARIANCES)
def test_mean_and_variance_are_those_of_the_closed_form(name):
    weight = np.asarray(INITS[name].weight(_draw()))
    want = VARIANCES[name](*SHAPE)
    assert np.var(weight) == pytest.approx(want, rel=0.04)  # 60,000 samples: six standard errors are 3.5 %
    mean = {"constant": 1.0, "identity": 1 / SHAPE[1]}.get(name, 0.0)
    assert np.mean(weight) == pytest.approx(mean, abs=6 * np.sqrt(want / weight.size) + 1e-15)


@pytest.mark.parametrize(
    ("name", "limit"), [("uniform", 1.0), ("glorot_uniform", np.sqrt(6 / 500)), ("pytorch", 1 / np.sqrt(200))]
)
def test_uniform_inits_are_uniform(name, limit):
    weight = np.asarray(INITS[name].weight(_draw())).ravel()
    assert np.abs(weight).max() <= limit
    assert stats.kstest(weight, stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-4


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7)])
def test_orthogonal_has_orthonormal_columns_or_rows(shape):
    w = np.asarray(INITS["orthogonal"].weight(_draw(shape)))
    gram = w.T @ w if shape[0] >= shape[1] else w @ w.T
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-13)


def test_orthogonal_signs_are_fair():
    """Without the sign correction of Mezzadri 2007 the diagonal of Q would have one sign."""
    corners = [float(INITS["orthogonal"].weight(_draw((4, 4), seed))[0, 0]) for seed in range(60)]
    assert 12 <= sum(corner > 0 for corner in corners) <= 48


@pytest.mark.parametrize("name", INITS)
def test_only_pytorch_starts_with_biases(name):
    bias = np.asarray(INITS[name].bias(_draw((50,)), 9))
    assert np.any(bias) == (name == "pytorch")
    assert np.abs(bias).max() <= 1 / 3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", INITS)
def test_dtype_is_preserved_under_strict_promotion(name, dtype):
    with jax.numpy_dtype_promotion("strict"):
        draw = jax.ShapeDtypeStruct((6, 4), dtype)
        assert jax.eval_shape(INITS[name].weight, draw).dtype == dtype
        assert jax.eval_shape(lambda d: INITS[name].bias(d[0], 6), draw).dtype == dtype


@pytest.mark.parametrize("name", INITS)
def test_jit_and_vmap_change_nothing(name):
    draws = jnp.stack([_draw((6, 4), seed) for seed in range(3)])
    weight = INITS[name].weight
    eager = np.stack([weight(draw) for draw in draws])
    np.testing.assert_allclose(jax.vmap(weight)(draws), eager, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(jax.jit(weight)(draws[0]), eager[0], rtol=1e-12, atol=1e-14)
