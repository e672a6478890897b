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


def _cast(hyper: Hyper, dtype: Any) -> Hyper:
    """Traced constants in the precision of the parameters; those of half-precision runs come in as float32."""
    return {axis: value.astype(dtype) for axis, value in hyper.items()}


quadratic = _surface(
    lambda x, y, c: 0.5 * (c["surface.xx"] * x * x + c["surface.yy"] * y * y) + c["surface.xy"] * x * y,
    {"surface.xx": 1.0, "surface.xy": 0.0, "surface.yy": 1.0},
)
"""1/2 (a x^2 + c y^2) + b x y: the bowl with Hessian [[a, b], [b, c]]."""

rosenbrock = _surface(lambda x, y, _: 100 * (y - x * x) ** 2 + (1 - x) ** 2, {"start.x": -1.2})
"""100 (y - x^2)^2 + (1 - x)^2 (Rosenbrock 1960), from (-1.2, 1)."""

double_well = _surface(lambda x, y, c: (x * x - 1) ** 2 + c["surface.tilt"] * x + y * y, {"surface.tilt": 0.3})
"""(x^2 - 1)^2 + tilt x + y^2: a global and a local minimum."""

saddle = _surface(lambda x, y, _: x * x / 2 - y * y / 2 + y**4 / 4, {"start.y": 0.0})
"""x^2/2 - y^2/2 + y^4/4: a saddle at the origin, minima at y = 1 and y = -1."""
