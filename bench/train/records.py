"""What a checkpoint records for one lane: losses and accuracies on all rows, and the probes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from bench.train.probes import Probe, Snapshot
from models import Batch, Model


class Rows(NamedTuple):
    """Train rows first, then test rows, in one array, so that one forward pass evaluates both."""

    x: Array  # (train + test, inputs)
    y: Array  # (train + test,)


class Record(NamedTuple):
    """Quantities of one lane at one checkpoint, by table."""

    curves: dict[str, Array]
    layers: dict[str, Array]
    values: dict[str, Array]


def _accuracy(outputs: Array, y: Array) -> Array:
    """Share of rows whose class has the largest output; with one output, whose side of 0 it is."""
    guess = (
        (outputs[:, 0] > 0).astype(y.dtype) if outputs.shape[1] == 1 else jnp.argmax(outputs, axis=1).astype(y.dtype)
    )
    return jnp.mean(guess == y, dtype=jnp.float32)


def evaluate(
    model: Model,
    objective: Callable[..., Any],
    per_row: Callable[[Array, Array], Array] | None,
    train_rows: int,
    classes: int,
) -> Callable[[Any, Rows, Mapping[str, Array]], dict[str, Array]]:
    """Losses and accuracies of one lane.

    Args:
        model: the model.
        objective: J, whose penalty belongs to the train loss and not to the test loss.
        per_row: loss per row.
        train_rows: how many of the rows are train rows.
        classes: 0 for regression, which has no accuracy.

    Returns:
        `(params, rows, hyper) -> {"train_loss", "test_loss", "train_accuracy", "test_accuracy"}`, as far as they exist.
    """

    def surface(params: Any, rows: Rows, hyper: Mapping[str, Array]) -> dict[str, Array]:
        return {"train_loss": objective(params, None, hyper)[0]}

    def fitted(params: Any, rows: Rows, hyper: Mapping[str, Array]) -> dict[str, Array]:
        assert model.apply is not None
        assert per_row is not None
        outputs, _ = model.apply(params, rows.x, hyper)
        losses = per_row(outputs, rows.y)
        penalty = jnp.zeros((), losses.dtype)
        if "l2" in hyper:
            squares = sum((jnp.sum(jnp.square(w)) for w in model.weights(params)), penalty)
            penalty = hyper["l2"].astype(losses.dtype) / (2 * train_rows) * squares
        found = {"train_loss": losses[:train_rows].mean() + penalty}
        if len(rows.x) > train_rows:
            found["test_loss"] = losses[train_rows:].mean()
        if classes:
            found["train_accuracy"] = _accuracy(outputs[:train_rows], rows.y[:train_rows])
            if len(rows.x) > train_rows:
                found["test_accuracy"] = _accuracy(outputs[train_rows:], rows.y[train_rows:])
        return found

    return fitted if model.value is None else surface


def probe(
    model: Model, objective: Callable[..., Any], method: Callable[..., Any], probes: Sequence[Probe]
) -> Callable[[Any, Any, Batch, Mapping[str, Array]], Record]:
    """All probes of one lane, from one gradient.

    Args:
        model: the model.
        objective: J.
        method: `hyper -> optax transformation`, for the update that would follow.
        probes: which probes.

    Returns:
        `(params, optimizer state, batch, hyper) -> Record`.
    """

    def measure(params: Any, state: Any, batch: Batch, hyper: Mapping[str, Array]) -> Record:
        record = Record({}, {}, {})
        if not probes:
            return record
        rows = batch.x.shape[0] if model.value is None else 0
        dtype = jax.tree.leaves(params)[0].dtype
        shift = tuple(jnp.zeros((rows, width), dtype) for width in model.widths)

        def value(params: Any, shift: Any) -> Any:
            return objective(params, batch, hyper, shift)

        (here, (outputs, taps)), (gradients, deltas) = jax.value_and_grad(value, (0, 1), has_aux=True)(params, shift)
        updates, _ = optax.with_extra_args_support(method(hyper)).update(
            gradients, state, params, value=here, grad=gradients, value_fn=lambda p: value(p, None)[0]
        )
        snapshot = Snapshot(model, params, batch, hyper, objective, outputs, taps, gradients, deltas, updates)
        for one in probes:
            getattr(record, one.table).update(one.measure(snapshot))
        return record

    return measure
