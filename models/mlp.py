"""The multilayer perceptron of any depth and widths, its residual and normalised forms, and its depth-0 case.

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
from models.hidden import Skip, hidden
from models.inits import Init
from models.normalisation import Normalisation


def mlp(
    shape: Shape,
    options: Mapping[str, Any],
    init: Init,
    activation: Activation,
    skip: Skip = "none",
    normalisation: Normalisation | None = None,
) -> Model:
    """An MLP with `depth` hidden layers of `width` units each, or of one width per layer.

    Args:
        shape: inputs and outputs.
        options: `depth` (0 is the affine map), `width` (an int, or a sequence of `depth` ints), `bias`.
        init: weights and, where it has its own, biases. The traced values `init.gain` (multiplies the weights) and
            `init.bias` (standard deviation added to the biases) act on every layer; `init.hidden_bias` is added to the
            biases of the hidden layers, `init.output_bias` to those of the output layer; `init.output_gain` multiplies
            the weights of the output layer of a network on top.
        activation: between layers; learned constants are parameters.
        skip: around every hidden layer after the first that keeps the width. Its branch is scaled by a =
            `residual.scale` / n^`residual.decay`, of traced values, where n is the number of these layers.
        normalisation: of h_{l-1} W_l in hidden layers; phi is applied to scale normalised(z_l) + bias, with a learned
            scale of each unit that starts at 1. `normalisation.epsilon` is traced.

    Returns:
        The model; parameters are a list of `{"weight": (fan_in, fan_out), "bias": (fan_out,)}`, and `"scale":
        (fan_out,)` where they are normalised.
    """
    depth, width = options["depth"], options["width"]
    widths = (width,) * depth if isinstance(width, int) else tuple(width)
    sizes = (shape.inputs, *widths, shape.outputs)
    pairs = list(itertools.pairwise(sizes))
    kind = hidden(activation, skip, normalisation)
    joined = [skip != "none" and 0 < index < depth and pair[0] == pair[1] for index, pair in enumerate(pairs)]
    runs = _runs(pairs, depth)

    def start(draw: Array, hyper: Hyper) -> Params:
        layers, used = [], 0
        for index, (fan_in, fan_out) in enumerate(pairs):
            normals = draw[used : used + fan_in * fan_out].reshape(fan_in, fan_out)
            used += fan_in * fan_out
            gain = hyper["init.gain"] * hyper["init.output_gain"] if 0 < index == depth else hyper["init.gain"]
            layer = {"weight": gain.astype(draw.dtype) * init.weight(normals)}
            if options["bias"]:
                normals = draw[used : used + fan_out]
                layer["bias"] = init.bias(normals, fan_in) + hyper["init.bias"].astype(draw.dtype) * normals
                own = "init.output_bias" if index == depth else "init.hidden_bias"
                layer["bias"] = layer["bias"] + hyper[own].astype(draw.dtype)
            used += fan_out
            layers.append(layer | (kind.parameters(fan_out, draw, hyper) if index < depth else {}))
        return layers

    def layer_of(before: Any, layer: Params, hyper: Hyper, index: int, shift: Any, fitted: int | None) -> Any:
        """From (what the skip adds, h_{l-1}) to the same of layer l, and its taps."""
        carried, h = before
        z = h @ layer["weight"]
        if "bias" in layer and (index == depth or not kind.bias_after):
            z = z + layer["bias"][None, :]
        if index == depth:
            z = z if shift is None else z + shift
            return (None, z), (z,)
        scale = hyper["residual.scale"] * sum(joined) ** -hyper["residual.decay"] if joined[index] else None
        z, h, carried = kind.apply(z, carried, layer, hyper, scale, shift, fitted)
        return (carried, h), (z, h) if shift is not None else ()

    def apply(params: Params, x: Array, hyper: Hyper) -> Array:
        state = (None, x)
        for index, layer in enumerate(params):
            state, _ = layer_of(state, layer, hyper, index, None, None)
        return state[1]

    def inspect(groups: Params, x: Array, hyper: Hyper, shift: Any, fitted: int | None = None) -> tuple[Array, Taps]:
        state, seen = (None, x), []
        for run, layers, own in zip(runs, groups, shift or (None,) * len(runs), strict=True):
            if len(run) > 1:
                step = lambda state, given, i=run[0]: layer_of(state, given[0], hyper, i, given[1], fitted)  # noqa: E731
                state, taps = lax.scan(step, state, (layers, own))
            else:
                layer, own_shift = jax.tree.map(lambda a: a[0], (layers, own))
                state, taps = layer_of(state, layer, hyper, run[0], own_shift, fitted)
                taps = jax.tree.map(lambda a: a[None], taps)
            seen.append(taps)
        if shift is None:
            return state[1], Taps()
        return state[1], Taps(tuple(taps[0] for taps in seen), tuple(taps[1] for taps in seen if len(taps) > 1))

    def slopes(groups: Params, pre: tuple[Array, ...], hyper: Hyper) -> tuple[Array, ...]:
        inner = zip(groups[:-1], pre[:-1], strict=True)
        return tuple(jax.vmap(lambda layer, z: kind.slope(z, layer, hyper))(*own) for own in inner)

    scales = sum(widths) if normalisation else 0
    return Model(
        draws=sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairs) + scales,  # those of the scales are not used
        init=start,
        weights=lambda params: tuple(layer["weight"] for layer in params),
        apply=apply,
        group=lambda params: [jax.tree.map(lambda *a: jnp.stack(a), *(params[i] for i in run)) for run in runs],
        ungroup=lambda groups: [
            jax.tree.map(lambda a, i=i: a[i], g) for g, run in zip(groups, runs, strict=True) for i in range(len(run))
        ],
        inspect=inspect,
        predict=(lambda groups, x, hyper, fitted: inspect(groups, x, hyper, None, fitted)[0])
        if normalisation and normalisation.mixes_rows
        else None,
        slopes=slopes,
        layer=(lambda layer, h, hyper, index: layer_of((None, h), layer, hyper, index, None, None)[0][1])
        if skip == "none"
        else None,
        taps=lambda rows: tuple((len(run), rows, pairs[run[0]][1]) for run in runs),
        layers=depth + 1,
        multiplications=sum(fan_in * fan_out for fan_in, fan_out in pairs),
        activations=2 * sum(sizes[1:]),
        hyper={"init.gain": 1.0, "init.bias": 0.0, "init.output_bias": 0.0}
        | ({"init.hidden_bias": 0.0, "init.output_gain": 1.0} if depth else {})
        | kind.hyper,
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
