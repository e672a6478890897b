"""A student network of two layers against a teacher of the same kind, in closed form: training without samples."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape
from models.inits import Init


@jax.custom_jvp
def _overlap(cosine: Array) -> Array:
    """(sin t + (pi - t) cos t) / (2 pi), t the angle: E relu(u x) relu(v x) of unit vectors (Cho and Saul 2009)."""
    c = jnp.clip(cosine, -1, 1)
    return (jnp.sqrt(1 - c * c) + (jnp.pi - jnp.arccos(c)) * c) / (2 * jnp.pi)


# (pi - t) / (2 pi): the terms that are singular at t = 0 cancel, which automatic differentiation cannot know.
_overlap.defjvps(lambda tangent, _, c: (jnp.pi - jnp.arccos(jnp.clip(c, -1, 1))) / (2 * jnp.pi) * tangent)


def _kernel(u: Array, v: Array) -> Array:
    """E relu(u_i x) relu(v_j x) under x ~ N(0, I) for columns u (inputs, n) and v (inputs, m), as (n, m)."""
    sizes = jnp.linalg.norm(u, axis=0)[:, None] * jnp.linalg.norm(v, axis=0)[None, :]
    return sizes * _overlap(u.T @ v / sizes)


def _own_kernel(u: Array) -> Array:
    """The kernel of columns with themselves, whose diagonal ||u_i||^2 / 2 has no angle to differentiate."""
    squares, same = jnp.sum(u * u, axis=0), jnp.eye(u.shape[1], dtype=bool)
    sizes = jnp.sqrt(squares[:, None] * squares[None, :])
    return jnp.where(same, squares[:, None] / 2, sizes * _overlap(jnp.where(same, 0, u.T @ u / sizes)))


def relu_student(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """`width` hidden ReLU units w_i with output weights 1; the rows of a batch are the units v_j of the teacher.

    The population loss F = E (sum_i relu(w_i x) - sum_j relu(v_j x))^2 / 2 under x ~ N(0, I) (Safran and Shamir 2018,
    eq. 1) is the mean of the outputs over the k rows, so that the loss is `linear` with targets 1; the output at v_j is
    sum K(w, w) / 2 - k sum_i K(w_i, v_j) + k sum_j' K(v_j, v_j') / 2.
    """
    del activation
    width = options["width"]
    assert isinstance(width, int), "one hidden layer has one width"

    def start(draw: Array, hyper: Hyper) -> Params:
        return {"weight": hyper["init.gain"].astype(draw.dtype) * init.weight(draw.reshape(shape.inputs, width))}

    def apply(params: Params, x: Array, hyper: Hyper) -> Array:
        student, teacher = params["weight"], x.T
        rows = x.shape[0] * (_own_kernel(teacher).sum(axis=0) / 2 - _kernel(student, teacher).sum(axis=0))
        return jnp.broadcast_to((rows + _own_kernel(student).sum() / 2)[:, None], (x.shape[0], shape.outputs))

    return Model(
        draws=shape.inputs * width,
        init=start,
        weights=lambda params: (params["weight"],),
        apply=apply,
        multiplications=(shape.inputs + 40) * width * (1 + width // max(shape.inputs, 1)),  # 40: an angle
        activations=8 * width * (1 + width // max(shape.inputs, 1)),
        hyper={"init.gain": 1.0},
    )
