"""The multilayer perceptron of any depth and widths, and its depth-0 case, the affine map.

z_l = h_{l-1} W_l + b_l,  h_l = phi(z_l),  l = 1 ... depth;  outputs = h_depth W + b.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape, Taps
from models.inits import Init


def mlp(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """An MLP with `depth` hidden layers of `width` units each, or of one width per layer.

    Args:
        shape: inputs and outputs.
        options: `depth` (0 is the affine map), `width` (an int, or a sequence of `depth` ints), `bias`.
        init: weights and, where it has its own, biases. The traced values `init.gain` (multiplies the weights) and
            `init.bias` (standard deviation added to the biases) act on every layer.
        activation: between layers; learned constants are parameters.

    Returns:
        The model; parameters are a list of `{"weight": (fan_in, fan_out), "bias": (fan_out,)}`.
    """
    depth, width = options["depth"], options["width"]
    hidden = (width,) * depth if isinstance(width, int) else tuple(width)
    sizes = (shape.inputs, *hidden, shape.outputs)
    pairs = list(zip(sizes, sizes[1:], strict=False))
    constants = activation.constants

    def start(draw: Array, hyper: Hyper) -> Params:
        layers, used = [], 0
        for index, (fan_in, fan_out) in enumerate(pairs):
            normals = draw[used : used + fan_in * fan_out].reshape(fan_in, fan_out)
            used += fan_in * fan_out
            layer = {"weight": hyper["init.gain"].astype(draw.dtype) * init.weight(normals)}
            if options["bias"]:
                normals = draw[used : used + fan_out]
                layer["bias"] = init.bias(normals, fan_in) + hyper["init.bias"].astype(draw.dtype) * normals
            used += fan_out
            if activation.learned and index < depth:
                layer |= {name: hyper[f"activation.{name}"].astype(draw.dtype) for name in constants}
            layers.append(layer)
        return layers

    def apply(params: Params, x: Array, hyper: Hyper, shift: Any = None) -> tuple[Array, Taps]:
        pre, post, slope, h = [], [], [], x
        for index, layer in enumerate(params):
            z = h @ layer["weight"]
            if "bias" in layer:
                z = z + layer["bias"][None, :]
            if shift is not None:
                z = z + shift[index]
            pre.append(z)
            if index == depth:
                break
            own = layer if activation.learned else {name: hyper[f"activation.{name}"] for name in constants}
            h = activation.apply(z, own)
            if shift is not None:  # only probes look at the slope; training should not even trace it
                post.append(h)
                slope.append(_slope(activation, z, own))
        return pre[-1], Taps(tuple(pre), tuple(post), tuple(slope))

    return Model(
        draws=sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairs),
        init=start,
        weights=lambda params: tuple(layer["weight"] for layer in params),
        apply=apply,
        widths=sizes[1:],
        multiplications=sum(fan_in * fan_out for fan_in, fan_out in pairs),
        activations=2 * sum(sizes[1:]),
        hyper={"init.gain": 1.0, "init.bias": 0.0} | {f"activation.{name}": value for name, value in constants.items()},
    )


def _slope(activation: Activation, z: Array, constants: Mapping[str, Array]) -> Array:
    """phi'(z), elementwise, by forward differentiation."""
    return jax.jvp(lambda v: activation.apply(v, constants), (z,), (jnp.ones_like(z),))[1]
