"""What a model is: a few pure functions, the values they exchange, and the objective that training minimises."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

Params = Any
Hyper = Mapping[str, Array]


class Shape(NamedTuple):
    """The sizes that a data set and a loss impose on a model."""

    inputs: int
    outputs: int


class Batch(NamedTuple):
    """Rows that one step sees; `weight` is 1 for a row that counts and 0 for padding, or None when all rows count."""

    x: Array  # (rows, inputs)
    y: Array  # (rows,), integer classes or real values
    weight: Array | None = None  # (rows,)


class Taps(NamedTuple):
    """What a layered model shows of its inside, one entry per layer."""

    pre: tuple[Array, ...] = ()  # z_l, (rows, fan_out), the output layer included
    post: tuple[Array, ...] = ()  # h_l = phi(z_l), (rows, fan_out), hidden layers only
    slope: tuple[Array, ...] = ()  # phi'(z_l), like post


class Model(NamedTuple):
    """A trainable model.

    `init(draw, hyper)` turns `draws` standard normals into parameters, so that no random number is made inside a
    training program. `apply(params, x, hyper, shift)` returns the outputs, (rows, outputs), and the taps; `shift`, when
    given, is added to the pre-activations, and the gradient with respect to it is dL/dz_l. `weights(params)` lists the
    weight of each layer from the input on; these, never the biases, carry the L2 penalty.

    A surface has no data: it sets `value(params, hyper)` and its loss is that value.
    """

    draws: int
    init: Callable[[Array, Hyper], Params]
    weights: Callable[[Params], tuple[Array, ...]]
    apply: Callable[..., tuple[Array, Taps]] | None = None
    widths: tuple[int, ...] = ()  # sizes of z_1 ... z_L
    value: Callable[[Params, Hyper], Array] | None = None
    multiplications: int = 0  # multiply-adds of one row's forward pass
    activations: int = 0  # numbers one row keeps for its backward pass
    hyper: Mapping[str, float] = {}  # traced constants of the model, with their defaults


class Architecture(NamedTuple):
    """How a model is built, and which choices of a grid it reads.

    `make(shape, options, init, activation) -> Model`; `axes` are the static axes among depth, width, activation and
    bias that it reads; `loss` and `init` are the names that `default` stands for (an empty loss follows the data); a
    model that does not need data is a surface.
    """

    make: Callable[..., Model]
    axes: tuple[str, ...] = ()
    loss: str = ""
    init: str = "zeros"
    needs_data: bool = True


def objective(model: Model, per_row: Callable[[Array, Array], Array] | None, rows: int) -> Callable[..., Any]:
    """The training objective J = mean over rows of the loss + l2 / (2 rows) ||W||^2, biases unpenalised.

    Args:
        model: the model.
        per_row: `(outputs (rows, outputs), y (rows,)) -> (rows,)`; not used by surfaces.
        rows: number of training rows m; the penalty is divided by it, so that the minimiser is that of
            `sklearn.linear_model.Ridge(alpha=l2)` for half the squared error.

    Returns:
        `J(params, batch, hyper, shift=None) -> (scalar, (outputs, taps))`.
    """

    def surface(params: Params, batch: Batch, hyper: Hyper, shift: Any = None) -> Any:
        assert model.value is not None
        value = model.value(params, hyper)
        return value, (value[None, None], Taps())

    def fitted(params: Params, batch: Batch, hyper: Hyper, shift: Any = None) -> Any:
        assert model.apply is not None
        assert per_row is not None
        outputs, taps = model.apply(params, batch.x, hyper, shift)
        losses = per_row(outputs, batch.y)
        mean = losses.mean() if batch.weight is None else (losses * batch.weight).sum() / batch.weight.sum()
        if "l2" in hyper:
            squares = sum((jnp.sum(jnp.square(weight)) for weight in model.weights(params)), jnp.zeros((), mean.dtype))
            mean = mean + hyper["l2"].astype(mean.dtype) / (2 * rows) * squares
        return mean, (outputs, taps)

    return fitted if model.value is None else surface
