"""Linear, logistic and softmax regression: one affine map; the loss makes the difference."""

from collections.abc import Mapping
from typing import Any

from models.activations import Activation
from models.base import Model, Shape
from models.inits import Init
from models.mlp import mlp


def linear(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """The affine map x W + b: an MLP of depth 0.

    Args:
        shape: inputs and outputs.
        options: `bias`.
        init: of W and b; zeros unless the grid says otherwise.
        activation: unused, an affine map has none.

    Returns:
        The model, parameters `[{"weight": (inputs, outputs), "bias": (outputs,)}]`.
    """
    del activation
    return mlp(shape, {"depth": 0, "width": 1, "bias": options["bias"]}, init, Activation(lambda z, _: z))
