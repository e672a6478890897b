"""What a checkpoint records for one lane: losses and accuracies on all rows, and the probes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from bench.train.snapshot import Probe, Snapshot
from models import Batch, Model
from models.base import penalty


class Rows(NamedTuple):
    """Train rows first, then test rows, in one array, so that one forward pass evaluates both."""

    x: Any  # (train + test, inputs)
    y: Any  # (train + test,)


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
    model: Model, per_row: Callable[[Array, Array], Array] | None, train_rows: int, classes: int
) -> Callable[[Any, Rows, Mapping[str, Array]], dict[str, Array]]:
    """Losses and accuracies of one lane.

    Args:
        model: the model.
        per_row: loss per row.
        train_rows: how many of the rows are train rows; their loss includes the penalty, the test loss does not.
        classes: 0 for regression, which has no accuracy.

    Returns:
        `(groups, rows, hyper) -> {name: scalar}`: train and test loss and accuracy, what there is of them.
    """

    def surface(groups: Any, rows: Rows, hyper: Mapping[str, Array]) -> dict[str, Array]:
        assert model.value is not None
        return {"train_loss": model.value(groups, hyper)}

    def fitted(groups: Any, rows: Rows, hyper: Mapping[str, Array]) -> dict[str, Array]:
        assert per_row is not None
        if model.predict is not None:
            outputs = model.predict(groups, rows.x, hyper, train_rows)
        elif model.inspect is not None:
            outputs, _ = model.inspect(groups, rows.x, hyper, None)
        else:
            assert model.apply is not None
            outputs = model.apply(groups, rows.x, hyper)
        losses = per_row(outputs, rows.y)
        found = {"train_loss": losses[:train_rows].mean() + penalty(model, groups, hyper, train_rows, losses.dtype)}
        if len(rows.x) > train_rows:
            found["test_loss"] = losses[train_rows:].mean()
        if classes:
            found["train_accuracy"] = _accuracy(outputs[:train_rows], rows.y[:train_rows])
            if len(rows.x) > train_rows:
                found["test_accuracy"] = _accuracy(outputs[train_rows:], rows.y[train_rows:])
        return found

    return fitted if model.value is None else surface


def probe(
    model: Model,
    objective: Callable[..., Array],
    inspected: Callable[..., Any],
    method: Callable[..., Any],
    probes: Sequence[Probe],
    per_row: Callable[[Array, Array], Array] | None,
) -> Callable[[Any, Any, Any, Batch, Mapping[str, Array]], Record]:
    """All probes of one lane, from one gradient.

    Args:
        model: the model.
        objective: J on parameters.
        inspected: J on grouped parameters, with outputs and taps.
        method: `hyper -> optax transformation`, for the update that would follow.
        probes: which probes.
        per_row: loss per row of outputs, for probes that look at outputs and loss apart.

    Returns:
        `(params, groups, optimizer state, batch, hyper) -> Record`.
    """

    def measure(params: Any, groups: Any, state: Any, batch: Batch, hyper: Mapping[str, Array]) -> Record:
        record = Record({}, {}, {})
        if not probes:
            return record
        dtype = jax.tree.leaves(params)[0].dtype
        shift = tuple(jnp.zeros(shape, dtype) for shape in model.taps(batch.x.shape[0]))
        look = jax.value_and_grad(inspected, (0, 1), has_aux=True)
        (here, (outputs, taps)), (gradients, deltas) = look(groups, shift, batch, hyper)

        def updates() -> Any:
            own = model.ungroup(gradients)
            extra = {"value": here, "grad": own, "value_fn": lambda p: objective(p, batch, hyper)}
            found, _ = optax.with_extra_args_support(method(hyper)).update(own, state, params, **extra)
            return model.group(found)

        seen = (outputs, taps, groups, gradients, deltas, updates, state)
        snapshot = Snapshot(model, params, batch, hyper, objective, *seen, per_row)
        for one in probes:
            getattr(record, one.table).update(one.measure(snapshot))
        return record

    return measure
