"""The closed form of the student's population loss against samples, and its derivatives where angles vanish."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from models import ACTIVATIONS, INITS, LOSSES, MODELS, Batch, Shape, objective

pytestmark = pytest.mark.usefixtures("devices")


def _loss(teacher, width):
    model = MODELS["relu_student"].make(
        Shape(teacher.shape[1], 1), {"width": width}, INITS["lecun"], ACTIVATIONS["relu"]
    )
    j = objective(model, LOSSES["linear"].per_row, len(teacher))
    batch = Batch(jnp.asarray(teacher), jnp.ones(len(teacher)))
    return lambda weight: j({"weight": weight}, batch, {})


@pytest.mark.slow
def test_the_loss_is_the_mean_squared_difference_over_gaussian_inputs():
    random = np.random.default_rng(0)
    teacher, weight = random.standard_normal((2, 3)), random.standard_normal((3, 4))
    x = random.standard_normal((400_000, 3))
    errors = np.maximum(x @ weight, 0).sum(axis=1) - np.maximum(x @ teacher.T, 0).sum(axis=1)
    assert float(_loss(teacher, 4)(jnp.asarray(weight))) == pytest.approx(np.mean(errors**2) / 2, rel=0.02)


@pytest.mark.slow
def test_a_student_equal_to_its_teacher_has_loss_and_gradient_zero():
    teacher = np.eye(3)
    value, slope = jax.value_and_grad(_loss(teacher, 3))(jnp.asarray(teacher.T))
    assert float(value) == pytest.approx(0, abs=1e-14)
    np.testing.assert_allclose(slope, 0, atol=1e-14)


@pytest.mark.slow
def test_the_hessian_agrees_with_differences_of_the_gradient():
    weight, h = jnp.asarray(np.random.default_rng(1).standard_normal((3, 4))), 1e-6
    loss = _loss(np.eye(3), 4)
    step = h * jnp.ones_like(weight).at[0].set(-h)
    slope = jax.jit(jax.grad(loss))
    right = jnp.einsum("abcd,cd->ab", jax.jit(jax.hessian(loss))(weight), step)
    np.testing.assert_allclose((slope(weight + step) - slope(weight - step)) / 2, right, rtol=1e-4, atol=1e-11)
