"""An autoencoder: a network whose middle layer, the code, is linear."""

from collections.abc import Mapping
from typing import Any

from jax import Array

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape
from models.inits import Init
from models.mlp import mlp


def autoencoder(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """An MLP of an odd `depth` whose hidden layer in the middle has no activation (Hinton and Salakhutdinov 2006).

    Args:
        shape: inputs and outputs.
        options: `depth`, `width`, `bias`.
        init: as of an MLP.
        activation: of all other hidden layers; learned constants are parameters, of which the code's is not used.

    Returns:
        The model, with the parameters of an MLP.
    """
    network, code = mlp(shape, options, init, activation), options["depth"] // 2

    def apply(params: Params, x: Array, hyper: Hyper) -> Array:
        h, constants = x, {name: hyper[f"activation.{name}"] for name in activation.constants}
        for index, layer in enumerate(params):
            h = h @ layer["weight"]
            h = h + layer["bias"][None, :] if "bias" in layer else h
            if index not in (code, options["depth"]):
                h = activation.apply(h, layer if activation.learned else constants)
        return h

    plain = {"group": lambda params: params, "ungroup": lambda groups: groups, "inspect": None, "layers": 0}
    return network._replace(apply=apply, slopes=lambda *_: (), taps=lambda rows: (), layer=None, **plain)
