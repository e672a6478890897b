"""Recurrent networks that read a row as a sequence of numbers and answer after the last one."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from models.activations import Activation
from models.base import Hyper, Model, Params, Shape
from models.inits import Init


class Cell(NamedTuple):
    """One step in time.

    `step(affine (rows, gates x units), memory (rows, units), hyper) -> (signal, memory)`; `affine` is that of
    [x_t, h_{t-1}], both results are (rows, units). `path(signal)` is what the derivative by the initial memory sees of
    the signal. `shift(units, hyper) -> (gates x units,)` is added to the biases at the start.
    """

    gates: int
    step: Callable[[Array, Array, Hyper], tuple[Array, Array]]
    path: Callable[[Array], Array]
    shift: Callable[[int, Hyper], Array]
    hyper: Mapping[str, float]


def _tanh_cell(activation: Activation) -> Cell:
    """h_t = phi([x_t, h_{t-1}] W + b) (Elman 1990), whose memory is its signal."""

    def step(affine: Array, memory: Array, hyper: Hyper) -> tuple[Array, Array]:
        signal = activation.apply(affine, {name: hyper[f"activation.{name}"] for name in activation.constants})
        return signal, signal

    constants = {f"activation.{name}": value for name, value in activation.constants.items()}
    return Cell(1, step, lambda signal: signal, lambda units, hyper: jnp.zeros(units), constants)


def _lstm_cell(activation: Activation) -> Cell:
    """c_t = f c_{t-1} + i g, h_t = o tanh(c_t), gates in the order i, f, g, o (Gers, Schmidhuber and Cummins 2000)."""
    del activation

    def step(affine: Array, memory: Array, hyper: Hyper) -> tuple[Array, Array]:
        i, f, g, o = jnp.split(affine, 4, axis=-1)
        memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(memory), memory

    def shift(units: int, hyper: Hyper) -> Array:
        own = jnp.zeros((4, units), hyper["init.forget_bias"].dtype)
        return own.at[1].set(hyper["init.forget_bias"]).reshape(-1)

    return Cell(4, step, lax.stop_gradient, shift, {"init.forget_bias": 1.0})


def _recurrent(make_cell: Callable[[Activation], Cell]) -> Callable[..., Model]:
    """A cell of `width` units, unrolled over the numbers of a row, and an affine map of its last signal.

    Parameters are those of the cell and of the output, `{"weight": (fan_in, fan_out), "bias": (fan_out,)}` each; the
    cell's fan-in is one number and the signals. The traced `init.gain` multiplies the cell's weights.
    """

    def factory(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Model:
        units, cell = options["width"], make_cell(activation)
        assert isinstance(units, int), "one recurrent layer has one width"
        pairs = ((1 + units, cell.gates * units), (units, shape.outputs))

        def start(draw: Array, hyper: Hyper) -> Params:
            layers, used = [], 0
            for fan_in, fan_out in pairs:
                weight = init.weight(draw[used : used + fan_in * fan_out].reshape(fan_in, fan_out))
                used += fan_in * fan_out
                layers.append({"weight": weight, "bias": init.bias(draw[used : used + fan_out], fan_in)})
                used += fan_out
            first = layers[0]
            first["weight"] = hyper["init.gain"].astype(draw.dtype) * first["weight"]
            first["bias"] = first["bias"] + cell.shift(units, hyper).astype(draw.dtype)
            return layers

        def run(params: Params, x: Array, hyper: Hyper, memory: Array, path: Callable[[Array], Array]) -> Any:
            weight, bias = params[0]["weight"], params[0]["bias"][None, :]

            def step(state: tuple[Array, Array], numbers: Array) -> tuple[tuple[Array, Array], None]:
                signal, memory = state
                affine = numbers[:, None] * weight[None, 0] + path(signal) @ weight[1:] + bias
                return cell.step(affine, memory, hyper), None

            before = memory if cell.gates == 1 else jnp.zeros_like(memory)
            return lax.scan(step, (before, memory), x.T)[0]

        def apply(params: Params, x: Array, hyper: Hyper) -> Array:
            nothing = jnp.zeros((x.shape[0], units), x.dtype)
            signal, _ = run(params, x, hyper, nothing, lambda signal: signal)
            return signal @ params[1]["weight"] + params[1]["bias"][None, :]

        def memory(params: Params, x: Array, hyper: Hyper, first: Array) -> Array:
            return run(params, x, hyper, first, cell.path)[1]

        cost = pairs[0][0] * pairs[0][1]
        return Model(
            draws=sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairs),
            init=start,
            weights=lambda params: tuple(layer["weight"] for layer in params),
            apply=apply,
            memory=memory,
            memories=units,
            multiplications=shape.inputs * cost + units * shape.outputs,
            activations=shape.inputs * units * (2 + 2 * cell.gates),
            hyper={"init.gain": 1.0} | dict(cell.hyper),
        )

    return factory


rnn = _recurrent(_tanh_cell)
"""The plain recurrent network."""

lstm = _recurrent(_lstm_cell)
"""Long short-term memory; `init.forget_bias` is added to the biases of the forget gates (Jozefowicz et al. 2015)."""
