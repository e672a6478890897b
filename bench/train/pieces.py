"""The pieces of a training: begin, advance to the next checkpoint, look. They know one chunk, (S, K) lanes of S seeds.

Every lane takes its steps between two checkpoints in one compiled loop; at a checkpoint the records are taken and lanes
that have finished or diverged are frozen. No random number is made inside a program: the initial draw and the order of
the rows come in as arrays, shared by the lanes of a seed.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from bench.spec import Parts, Table
from bench.train import records
from bench.train.inputs import Inputs
from bench.train.probes import probe_names
from bench.train.rule import Rule, over, pretrained, step_of
from bench.train.status import Status, check, initial, only_active, settle, watch
from models import Batch, inspected

TRAINING = ("optimizer", "schedule", "clip", "stop", "ewma", "pretraining", "diverge_above")
"""Traced axes, or their prefixes, that say how to train and not what is trained, and that some runs do not have."""


class Carry(NamedTuple):
    """What lanes carry from checkpoint to checkpoint; every array has the lanes first."""

    params: Any
    state: Any  # of the optimizer
    status: Status
    loss: Array  # train loss at the last checkpoint, float64; 0 before the first


class Pieces(NamedTuple):
    """The pieces of a program.

    Attributes:
        begin: `inputs of a chunk -> Carry`.
        advance: `(Carry, inputs of a chunk, bounds (2,)) -> Carry`: from the first step to the last.
        group: `params -> groups` of one lane, which is what a look takes.
        look: `(groups, state, rows, hyper) -> (Record, train loss)` of one lane.
        reads_optimizer: whether a look depends on the optimizer.
    """

    begin: Callable[[Inputs], Carry]
    advance: Callable[[Carry, Inputs, Array], Carry]
    group: Callable[[Any], Any]
    look: Callable[..., tuple[records.Record, Array]]
    reads_optimizer: bool


def pieces_of(rule: Rule, static: Mapping[str, Any], steps: int, padded: bool, parts: Parts, table: Table) -> Pieces:
    """The pieces that the static axes of a program ask for.

    Args:
        rule: how a lane trains.
        static: the axes.
        steps: length of the run.
        padded: whether some batches have rows that do not count.
        parts: the registries.
        table: the data, of any seed.
    """
    probes = [parts.get("probes", name) for name in probe_names(static["probes"], parts.probes)]
    return Pieces(
        _begin(rule, static["pretraining_steps"] or 0, table.rows, padded),
        _advance(rule, steps, table.rows, padded),
        rule.model.group,
        _look(rule, table, probes, table.rows if static["probe_rows"] == "all" else static["probe_rows"]),
        any(probe.reads_optimizer for probe in probes),
    )


def _begin(rule: Rule, steps_before: int, train_rows: int, padded: bool) -> Callable[[Inputs], Carry]:
    def begin(inputs: Inputs) -> Carry:
        hyper, shape = inputs.hyper, inputs.hyper["learning_rate"].shape
        params = over(rule.model.init, "seed", "lane")(inputs.draws[inputs.seed], hyper)
        if inputs.before:
            orders, noise = (own[inputs.seed] for own in inputs.before)
            rows, shared = rows_of(inputs.rows, inputs.seed)
            earlier, scope = _batches(rows, orders, shared, train_rows, padded)
            params = pretrained(rule, steps_before, params, hyper, earlier, scope, noise)
        state = over(lambda p, h: rule.method(h).init(p), "lane", "lane")(params, hyper)
        status = initial(rule.stop, shape, jax.tree.leaves(params)[0].dtype)
        return Carry(params, state, status, jnp.zeros(shape, jnp.float64))

    return begin


def _advance(rule: Rule, steps: int, train_rows: int, padded: bool) -> Callable[[Carry, Inputs, Array], Carry]:
    def advance(carry: Carry, inputs: Inputs, bounds: Array) -> Carry:
        hyper, start = inputs.hyper, bounds[0]
        status = check(carry.status, carry.loss, start, hyper["diverge_above"])
        if not steps:
            return carry._replace(status=status)
        rows, shared = rows_of(inputs.rows, inputs.seed)
        batch, scope = _batches(rows, inputs.orders[inputs.seed], shared, train_rows, padded)
        step, note = over(step_of(rule), "lane", "lane", "lane", scope, "all"), watch(rule.stop, hyper)

        def body(t: Array, now: Any) -> Any:
            params, state, status = now
            params, state, seen = step(params, state, hyper, batch(t), t)
            return params, state, note(status, seen, t)

        end = jnp.where(jnp.any(status.active), bounds[1], start)  # nothing is computed once every lane has finished
        params, state, now = lax.fori_loop(start, end, body, (carry.params, carry.state, status))
        if rule.stop:  # a diverged lane may run on: it touches no other lane, and its status stays
            params, state = only_active(status.active, (params, state), (carry.params, carry.state))
        return Carry(params, state, settle(status, now, end - start, hyper), carry.loss)

    return advance


def _look(rule: Rule, table: Table, probes: Any, probe_rows: int) -> Callable[..., tuple[records.Record, Array]]:
    evaluate = records.evaluate(rule.model, rule.per_row, table.rows, table.classes)
    objective = inspected(rule.model, rule.per_row, table.rows)
    probe = records.probe(rule.model, rule.objective, objective, rule.method, probes, rule.per_row)
    first = min(table.rows, probe_rows)

    def look(groups: Any, state: Any, rows: records.Rows, hyper: Mapping[str, Array]) -> tuple[records.Record, Array]:
        found, params = evaluate(groups, rows, hyper), rule.model.ungroup(groups)
        record = probe(params, groups, state, Batch(rows.x[:first], rows.y[:first]), hyper)
        record.curves.update(found)
        return record, found["train_loss"].astype(jnp.float64)

    return look


def rows_of(rows: records.Rows, seed: Any) -> tuple[records.Rows, bool]:
    """The rows that lanes of these seeds see, and whether all seeds have the same; else the seeds come first."""
    shared = rows.x.shape[0] == 1
    return records.Rows(*(a[0] if shared else a[seed] for a in rows)), shared


def _batches(
    rows: records.Rows, orders: Array, shared: bool, train_rows: int, padded: bool
) -> tuple[Callable[[Array | int], Batch], str]:
    """The batch of step t, and whether all seeds see the same one."""
    everything = Batch(*(a[:train_rows] if shared else a[:, :train_rows] for a in rows))
    if orders.shape[-1] == 0:
        return lambda t: everything, "all" if shared else "seed"
    take = jax.vmap(lambda rows, index: rows[index], in_axes=(None if shared else 0, 0))

    def at(t: Array | int) -> Batch:
        index = lax.dynamic_index_in_dim(orders, t, 1, keepdims=False)
        weight = (index >= 0).astype(everything.x.dtype) if padded else None
        return Batch(take(everything.x, index), take(everything.y, index), weight)

    return at, "seed"
