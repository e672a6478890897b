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
    """Rows that one step sees.

    `weight` is 1 for a row that counts and 0 for padding, or None when all rows count. `noise` is uniform on [0, 1), at
    least as wide as any layer's input, for objectives that corrupt what they see; None without them.
    """

    x: Array  # (rows, inputs)
    y: Array  # (rows,), integer classes or real values
    weight: Array | None = None  # (rows,)
    noise: Array | None = None  # (rows, widest)


class Taps(NamedTuple):
    """What a layered model shows of its inside.

    Each entry is a group of layers of equal shape, stacked on a leading axis; the groups go from the input on.
    """

    pre: tuple[Array, ...] = ()  # z_l, (layers, rows, fan_out), the output layer included
    post: tuple[Array, ...] = ()  # h_l = phi(z_l), like pre, hidden layers only


class Model(NamedTuple):
    """A trainable model.

    `init(draw, hyper)` turns `draws` standard normals into parameters, so that no random number is made inside a
    training program. `apply(params, x, hyper)` returns the outputs, (rows, outputs). `weights(params)` lists the
    weights from the input on; these, never the biases, carry the L2 penalty.

    A layered model can be looked into: `group(params)` stacks layers of equal shape, `ungroup` undoes it, and
    `inspect(groups, x, hyper, shift)` returns the outputs and the taps; `shift`, zeros of the shapes `taps(rows)`, is
    added to the pre-activations, and the gradient with respect to it is dL/dz_l. Rolled into a loop over a group, it
    compiles in a fraction of the time of `apply`, which is unrolled because that trains faster. `slopes(groups, pre,
    hyper)` gives phi'(z_l) of the hidden groups.

    A model whose output on a row depends on the other rows, as with batch normalisation, sets `predict(groups, x,
    hyper, fitted)`: the outputs on rows of which only the first `fitted`, the train rows, act on others.

    A model whose parameters are a list of layers, and each of whose hidden layers reads nothing but the one below, sets
    `layer(params[index], h, hyper, index)`, from the signal h_{index} to h_{index + 1} with h_0 = x, so that its layers
    can be trained one by one.

    A recurrent model sets `memory(params, x, hyper, first)`: what it remembers after each row, (rows, memories), having
    started from `first` of that shape.

    A surface has no data: it sets `value(params, hyper)` and its loss is that value.
    """

    draws: int
    init: Callable[[Array, Hyper], Params]
    weights: Callable[[Params], tuple[Array, ...]]
    apply: Callable[[Params, Array, Hyper], Array] | None = None
    value: Callable[[Params, Hyper], Array] | None = None
    group: Callable[[Params], Params] = lambda params: params
    ungroup: Callable[[Params], Params] = lambda groups: groups
    inspect: Callable[..., tuple[Array, Taps]] | None = None
    slopes: Callable[[Params, tuple[Array, ...], Hyper], tuple[Array, ...]] = lambda groups, pre, hyper: ()
    predict: Callable[[Params, Array, Hyper, int], Array] | None = None
    layer: Callable[[Params, Array, Hyper, int], Array] | None = None
    memory: Callable[[Params, Array, Hyper, Array], Array] | None = None
    memories: int = 0
    taps: Callable[[int], tuple[tuple[int, ...], ...]] = lambda rows: ()
    layers: int = 0
    multiplications: int = 0  # multiply-adds of one row's forward pass
    activations: int = 0  # numbers one row keeps for its backward pass
    hyper: Mapping[str, float] = {}  # traced constants of the model, with their defaults


class Architecture(NamedTuple):
    """How a model is built, and which choices of a grid it reads.

    `make(shape, options, init, activation) -> Model`; `axes` are the static axes among depth, width, activation and
    bias that it reads; `loss` and `init` are the names that `default` stands for (an empty loss follows the data); a
    model that does not need data is a surface; where the rows of a batch act on each other (`mixes_rows`), no batch may
    be padded.
    """

    make: Callable[..., Model]
    axes: tuple[str, ...] = ()
    loss: str = ""
    init: str = "zeros"
    needs_data: bool = True
    mixes_rows: bool = False


def objective(model: Model, per_row: Callable[[Array, Array], Array] | None, rows: int) -> Callable[..., Array]:
    """The training objective J = mean over rows of the loss + l2 / (2 rows) ||W||^2, biases unpenalised.

    Args:
        model: the model.
        per_row: `(outputs (rows, outputs), y (rows,)) -> (rows,)`; not used by surfaces.
        rows: number of training rows m; the penalty is divided by it, so that the minimiser is that of
            `sklearn.linear_model.Ridge(alpha=l2)` for half the squared error.

    Returns:
        `J(params, batch, hyper) -> scalar`.
    """

    def fitted(params: Params, batch: Batch, hyper: Hyper) -> Array:
        assert model.apply is not None
        assert per_row is not None
        mean = mean_loss(per_row, model.apply(params, batch.x, hyper), batch)
        return mean + penalty(model, params, hyper, rows, mean.dtype)

    def surface(params: Params, batch: Batch, hyper: Hyper) -> Array:
        assert model.value is not None
        return model.value(params, hyper)

    return fitted if model.value is None else surface


def inspected(model: Model, per_row: Callable[[Array, Array], Array] | None, rows: int) -> Callable[..., Any]:
    """The same J on grouped parameters, with what the model shows of its inside.

    Returns:
        `J(groups, shift, batch, hyper) -> (scalar, (outputs, taps))`.
    """
    plain = objective(model, per_row, rows)

    def opaque(groups: Params, shift: Any, batch: Batch, hyper: Hyper) -> Any:
        value = plain(groups, batch, hyper)
        outputs = value[None, None] if model.apply is None else model.apply(groups, batch.x, hyper)
        return value, (outputs, Taps())

    def layered(groups: Params, shift: Any, batch: Batch, hyper: Hyper) -> Any:
        assert model.inspect is not None
        assert per_row is not None
        outputs, taps = model.inspect(groups, batch.x, hyper, shift)
        mean = mean_loss(per_row, outputs, batch)
        return mean + penalty(model, groups, hyper, rows, mean.dtype), (outputs, taps)

    return opaque if model.inspect is None else layered


def mean_loss(per_row: Callable[[Array, Array], Array], outputs: Array, batch: Batch) -> Array:
    """Mean over the rows that count."""
    losses = per_row(outputs, batch.y)
    return losses.mean() if batch.weight is None else (losses * batch.weight).sum() / batch.weight.sum()


def penalty(model: Model, params: Params, hyper: Hyper, rows: int, dtype: Any) -> Array:
    """l2 / (2 rows) ||W||^2; zero where the run has no penalty."""
    if "l2" not in hyper:
        return jnp.zeros((), dtype)
    squares = sum((jnp.sum(jnp.square(weight)) for weight in model.weights(params)), jnp.zeros((), dtype))
    return hyper["l2"].astype(dtype) / (2 * rows) * squares
