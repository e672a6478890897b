"""Many independent particles on one surface, each under gradient noise of its own: a thousand chains in one model."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape
from models.inits import Init


def _particles(height: Callable[[Array, Array], Array]) -> Callable[..., Model]:
    """n particles at (x_i, y_i); a row of data holds 2 n numbers, the noise of every x_i and then of every y_i.

    The output of a row is sum_i f(x_i, y_i) + sum_i (s_x xi_i x_i + s_y zeta_i y_i). Under the loss `linear` with
    target 1 the gradient of a particle is that of f plus noise of standard deviation s_x and s_y, `surface.noise_x` and
    `surface.noise_y`, where rows are standard normal.
    """

    def factory(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
        del options, activation
        count = shape.inputs // 2

        def start(draw: Array, hyper: Hyper) -> Params:
            jitter = hyper["init.gain"].astype(draw.dtype) * init.weight(draw[:, None])[:, 0]
            places = (hyper["start.x"].astype(draw.dtype), hyper["start.y"].astype(draw.dtype))
            return {name: place + part for name, place, part in zip("xy", places, jnp.split(jitter, 2), strict=True)}

        def apply(params: Params, x: Array, hyper: Hyper) -> Array:
            push = [hyper[f"surface.noise_{name}"].astype(x.dtype) * params[name] for name in "xy"]
            value = jnp.sum(height(params["x"], params["y"])) + x @ jnp.concatenate(push)
            return jnp.broadcast_to(value[:, None], (x.shape[0], shape.outputs))

        return Model(
            draws=2 * count,
            init=start,
            weights=lambda params: (params["x"], params["y"]),
            apply=apply,
            multiplications=6 * count,
            activations=2 * count,
            hyper={"start.x": 1.0, "start.y": 0.0, "init.gain": 1.0} | {"surface.noise_x": 0.0, "surface.noise_y": 0.0},
        )

    return factory


saddle_particles = _particles(lambda x, y: x * x / 2 - y * y / 2 + y**4 / 4)
"""Particles on x^2/2 - y^2/2 + y^4/4, the surface `saddle`."""
