"""Linear, logistic and softmax regression: one affine map; the loss makes the difference."""

from collections.abc import Mapping
from typing import Any

from jax import Array

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape
from models.inits import Init
from models.mlp import mlp


def linear(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """The affine map x W + b: an MLP of depth 0.

    Args:
        shape: inputs and outputs.
        options: `bias`.
        init: of W and b; zeros unless the grid says otherwise. The traced values `start.weight` and `start.bias` are
            added to every weight and bias, so that a grid can name its start.
        activation: unused, an affine map has none.

    Returns:
        The model, parameters `[{"weight": (inputs, outputs), "bias": (outputs,)}]`.
    """
    del activation
    model = mlp(shape, {"depth": 0, "width": 1, "bias": options["bias"]}, init, Activation(lambda z, _: z))

    def start(draw: Array, hyper: Hyper) -> Params:
        (layer,) = model.init(draw, hyper)
        return [{name: value + hyper[f"start.{name}"].astype(value.dtype) for name, value in layer.items()}]

    return model._replace(init=start, hyper={**model.hyper, "start.weight": 0.0, "start.bias": 0.0})
