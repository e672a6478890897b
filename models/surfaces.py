"""Test surfaces in two variables: models without data, so that trajectories come from the same engine.

The start is the traced pair `start.x`, `start.y`; with an init other than `zeros`, init.gain times a draw is added.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape
from models.inits import Init


def _surface(value: Callable[[Array, Array, Hyper], Array], hyper: Mapping[str, float]) -> Callable[..., Model]:
    def factory(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
        del shape, options, activation

        def start(draw: Array, hyper: Hyper) -> Params:
            own = _cast(hyper, draw.dtype)
            jitter = own["init.gain"] * init.weight(draw[:, None])[:, 0]
            return {"position": jnp.stack([own["start.x"], own["start.y"]]) + jitter}

        def height(params: Params, hyper: Hyper) -> Array:
            position = params["position"]
            return value(position[0], position[1], _cast(hyper, position.dtype))

        return Model(
            draws=2,
            init=start,
            weights=lambda params: (params["position"],),
            value=height,
            multiplications=4,
            hyper={"start.x": 1.0, "start.y": 1.0, "init.gain": 1.0} | dict(hyper),
        )

    return factory


BOWL_VARIABLES = 6


def bowl(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """1/2 sum_i a_i (x_i - c)^2 in six variables; where a_i = 0 the variable does not count.

    The start is `start.x1` ... `start.x6` and jitter as above; a_i is `surface.a1` ... `surface.a6` and c `surface.x`.
    """
    del shape, options, activation
    numbers = range(1, BOWL_VARIABLES + 1)

    def start(draw: Array, hyper: Hyper) -> Params:
        own = _cast(hyper, draw.dtype)
        jitter = own["init.gain"] * init.weight(draw[:, None])[:, 0]
        return {"position": jnp.stack([own[f"start.x{i}"] for i in numbers]) + jitter}

    def height(params: Params, hyper: Hyper) -> Array:
        own = _cast(hyper, params["position"].dtype)
        curvature = jnp.stack([own[f"surface.a{i}"] for i in numbers])
        return 0.5 * jnp.sum(curvature * jnp.square(params["position"] - own["surface.x"]))

    places = {f"start.x{i}": 1.0 for i in numbers} | {f"surface.a{i}": 1.0 for i in numbers}
    return Model(
        draws=BOWL_VARIABLES,
        init=start,
        weights=lambda params: (params["position"],),
        value=height,
        multiplications=2 * BOWL_VARIABLES,
        hyper=places | {"surface.x": 0.0, "init.gain": 1.0},
    )


def _cast(hyper: Hyper, dtype: Any) -> Hyper:
    """Traced constants in the precision of the parameters; those of half-precision runs come in as float32."""
    return {axis: value.astype(dtype) for axis, value in hyper.items()}


def _bowl(x: Array, y: Array, c: Hyper) -> Array:
    x, y = x - c["surface.x"], y - c["surface.y"]
    return 0.5 * (c["surface.xx"] * x * x + c["surface.yy"] * y * y) + c["surface.xy"] * x * y


quadratic = _surface(
    _bowl, {"surface.xx": 1.0, "surface.xy": 0.0, "surface.yy": 1.0, "surface.x": 0.0, "surface.y": 0.0}
)
"""1/2 (a u^2 + c v^2) + b u v, (u, v) from the centre: the bowl with Hessian [[a, b], [b, c]]."""

rosenbrock = _surface(lambda x, y, _: 100 * (y - x * x) ** 2 + (1 - x) ** 2, {"start.x": -1.2})
"""100 (y - x^2)^2 + (1 - x)^2 (Rosenbrock 1960), from (-1.2, 1)."""

double_well = _surface(lambda x, y, c: (x * x - 1) ** 2 + c["surface.tilt"] * x + y * y, {"surface.tilt": 0.3})
"""(x^2 - 1)^2 + tilt x + y^2: a global and a local minimum."""

saddle = _surface(lambda x, y, _: x * x / 2 - y * y / 2 + y**4 / 4, {"start.y": 0.0})
"""x^2/2 - y^2/2 + y^4/4: a saddle at the origin, minima at y = 1 and y = -1."""


def _huber(x: Array, kink: Array) -> Array:
    """x^2 / 2 up to the kink, a line beyond it."""
    size = jnp.abs(x)
    return jnp.where(size <= kink, 0.5 * x * x, kink * size - 0.5 * kink * kink)


def _three_pieces(x: Array) -> Array:
    """The integral of 25 x for x < 1, x + 24 for 1 <= x < 2, 25 x - 24 beyond."""
    upper = jnp.where(x < 2, 0.5 * x * x + 24 * x - 12, 12.5 * x * x - 24 * x + 36)
    return jnp.where(x < 1, 12.5 * x * x, upper)


def _well(x: Array, c: Hyper) -> Array:
    offset = (x - c["surface.x"]) / c["surface.width"]
    return 1 - jnp.exp(-0.5 * offset * offset) + 0.1 * x * x


huber = _surface(lambda x, y, c: _huber(x, c["surface.kink"]) + y * y / 2, {"surface.kink": 1.0, "start.y": 0.0})
"""x^2 / 2 for |x| <= kink, linear beyond, + y^2 / 2: L = 1, and the slowest function for gradient descent of its class
where the kink is right (Drori and Teboulle 2014, theorem 3.2)."""

quartic = _surface(lambda x, y, _: x**4 + y * y / 2, {"start.y": 0.0})
"""x^4 + y^2 / 2: its curvature grows with the distance, so that every learning rate is too large somewhere."""

three_pieces = _surface(lambda x, y, _: _three_pieces(x) + y * y / 2, {"start.x": 3.3, "start.y": 0.0})
"""Strongly convex with mu = 1 and L = 25, made of three parabolas, + y^2 / 2 (Lessard et al. 2016, section 4.6)."""

narrow_well = _surface(
    lambda x, y, c: _well(x, c) + y * y / 2, {"surface.x": 0.0, "surface.width": 0.1, "start.y": 0.0}
)
"""1 - exp(-(x - c)^2 / (2 w^2)) + x^2 / 10 + y^2 / 2: a narrow well at c in a wide bowl."""
