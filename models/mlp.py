"""The multilayer perceptron of any depth and widths, and its depth-0 case, the affine map.

z_l = h_{l-1} W_l + b_l,  h_l = phi(z_l),  l = 1 ... depth;  outputs = h_depth W + b.
"""

import itertools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape, Taps
from models.inits import Init


def mlp(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
    """An MLP with `depth` hidden layers of `width` units each, or of one width per layer.

    Args:
        shape: inputs and outputs.
        options: `depth` (0 is the affine map), `width` (an int, or a sequence of `depth` ints), `bias`.
        init: weights and, where it has its own, biases. The traced values `init.gain` (multiplies the weights) and
            `init.bias` (standard deviation added to the biases) act on every layer; `init.hidden_bias` is added to the
            biases of the hidden layers, `init.output_bias` to those of the output layer.
        activation: between layers; learned constants are parameters.

    Returns:
        The model; parameters are a list of `{"weight": (fan_in, fan_out), "bias": (fan_out,)}`.
    """
    depth, width = options["depth"], options["width"]
    hidden = (width,) * depth if isinstance(width, int) else tuple(width)
    sizes = (shape.inputs, *hidden, shape.outputs)
    pairs = list(itertools.pairwise(sizes))
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
                own = "init.output_bias" if index == depth else "init.hidden_bias"
                layer["bias"] = layer["bias"] + hyper[own].astype(draw.dtype)
            used += fan_out
            if activation.learned and index < depth:
                layer |= {name: hyper[f"activation.{name}"].astype(draw.dtype) for name in constants}
            layers.append(layer)
        return layers

    def constants_of(layer: Params, hyper: Hyper) -> Mapping[str, Array]:
        return layer if activation.learned else {name: hyper[f"activation.{name}"] for name in constants}

    def layer_of(h: Array, layer: Params, hyper: Hyper, hidden: bool, shift: Array | None) -> tuple[Array, Any]:
        z = h @ layer["weight"]
        if "bias" in layer:
            z = z + layer["bias"][None, :]
        if shift is not None:
            z = z + shift
        if not hidden:
            return z, (z,)
        h = activation.apply(z, constants_of(layer, hyper))
        return h, (z, h) if shift is not None else ()

    def apply(params: Params, x: Array, hyper: Hyper) -> Array:
        for index, layer in enumerate(params):
            x = layer_of(x, layer, hyper, index < depth, None)[0]
        return x

    def inspect(groups: Params, x: Array, hyper: Hyper, shift: Any) -> tuple[Array, Taps]:
        seen = []
        for index, layers in enumerate(groups):
            hidden = runs[index][0] < depth
            inputs = (layers, None if shift is None else shift[index])
            if len(runs[index]) > 1:
                x, taps = lax.scan(lambda h, own, hidden=hidden: layer_of(h, own[0], hyper, hidden, own[1]), x, inputs)
            else:
                layer, own_shift = jax.tree.map(lambda a: a[0], inputs)
                x, taps = layer_of(x, layer, hyper, hidden, own_shift)
                taps = jax.tree.map(lambda a: a[None], taps)
            seen.append(taps)
        if shift is None:
            return x, Taps()
        return x, Taps(tuple(taps[0] for taps in seen), tuple(taps[1] for taps in seen if len(taps) > 1))

    def slopes(groups: Params, pre: tuple[Array, ...], hyper: Hyper) -> tuple[Array, ...]:
        def of(layer: Params, z: Array) -> Array:
            return _slope(activation, z, constants_of(layer, hyper))

        hidden = zip(groups[: len(runs) - 1], pre[: len(runs) - 1], strict=True)
        return tuple(jax.vmap(of)(layers, z) for layers, z in hidden)

    runs = _runs(pairs, depth)
    return Model(
        draws=sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairs),
        init=start,
        weights=lambda params: tuple(layer["weight"] for layer in params),
        apply=apply,
        group=lambda params: [jax.tree.map(lambda *a: jnp.stack(a), *(params[i] for i in run)) for run in runs],
        ungroup=lambda groups: [
            jax.tree.map(lambda a, i=i: a[i], g) for g, run in zip(groups, runs, strict=True) for i in range(len(run))
        ],
        inspect=inspect,
        slopes=slopes,
        taps=lambda rows: tuple((len(run), rows, pairs[run[0]][1]) for run in runs),
        layers=depth + 1,
        multiplications=sum(fan_in * fan_out for fan_in, fan_out in pairs),
        activations=2 * sum(sizes[1:]),
        hyper={"init.gain": 1.0, "init.bias": 0.0, "init.output_bias": 0.0}
        | ({"init.hidden_bias": 0.0} if depth else {})
        | {f"activation.{name}": value for name, value in constants.items()},
    )


def _runs(pairs: list[tuple[int, int]], depth: int) -> list[list[int]]:
    """Layers that can be stacked: neighbours of equal square shape among the hidden layers, else single ones."""
    runs: list[list[int]] = []
    for index, pair in enumerate(pairs):
        stackable = 0 < index < depth and pair[0] == pair[1]
        if stackable and runs[-1][0] > 0 and pairs[runs[-1][0]] == pair:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _slope(activation: Activation, z: Array, constants: Mapping[str, Array]) -> Array:
    """phi'(z), elementwise, by forward differentiation."""
    return jax.jvp(lambda v: activation.apply(v, constants), (z,), (jnp.ones_like(z),))[1]
