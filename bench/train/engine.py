"""The training loop: one program trains many lanes, in chunks that fit the cache, sharded over the devices.

Inside a chunk every lane takes its steps between two checkpoints in one compiled loop; at a checkpoint the records are
taken and lanes that have finished or diverged are frozen. No random number is made inside a program: the initial draw
and the order of the rows come in as arrays, shared by the lanes of a seed.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec

from bench.spec import Outcome, Parts, Program, Table
from bench.train import records
from bench.train.inputs import Inputs, inputs_of
from bench.train.layout import Layout, arrange
from bench.train.probes import probe_names
from bench.train.rule import Rule, over, pretrained, rule_of, step_of
from bench.train.status import check, initial, only_active, settle, watch
from models import Batch, inspected


class Prepared(NamedTuple):
    """A program ready to be compiled: `function(inputs)` and how to read what it returns."""

    function: Any
    inputs: Inputs
    layout: Layout
    lanes: int

    def outcome(self, raw: Any) -> Outcome:
        """Device arrays (chunks, [checkpoints,] seeds, lanes, ...) as host arrays with the lanes first."""
        place = self.layout.restore(self.lanes)

        def per_run(array: Any) -> np.ndarray:
            found = np.asarray(array)
            return found.reshape(-1, *found.shape[3:])[place]

        def per_checkpoint(array: Any) -> np.ndarray:
            found = np.moveaxis(np.asarray(array), 1, 3)
            return found.reshape(-1, *found.shape[3:])[place]

        runs, record = raw
        return Outcome(
            runs={name: per_run(array) for name, array in runs.items()},
            curves={name: per_checkpoint(array) for name, array in record.curves.items()},
            layers={name: per_checkpoint(array) for name, array in record.layers.items()},
            values={
                name: (found := per_checkpoint(array)).reshape(*found.shape[:2], -1)
                for name, array in record.values.items()
            },
        )


def prepare(program: Program, parts: Parts, tables: Sequence[Table], devices: Sequence[Any]) -> Prepared:
    """Builds the function that trains a program, and its inputs.

    Args:
        program: what to train.
        parts: the registries.
        tables: one table that all seeds share, or one per distinct seed in ascending order.
        devices: JAX devices; chunks are spread over them.

    Returns:
        The function, not yet compiled, and its inputs as host arrays.
    """
    static, table = program.static, tables[0]
    rule = rule_of(static, parts, table)
    layout = arrange(program.lanes["seed"], program.chunk, len(devices))
    inputs = inputs_of(program, parts, tables, rule, layout)
    probes = [parts.get("probes", name) for name in probe_names(static["probes"], parts.probes)]
    probe_rows = table.rows if static["probe_rows"] == "all" else min(table.rows, static["probe_rows"])
    look = inspected(rule.model, rule.per_row, table.rows)
    chunk = _chunk(
        rule,
        records.evaluate(rule.model, rule.per_row, table.rows, table.classes),
        records.probe(rule.model, rule.objective, look, rule.method, probes, rule.per_row),
        train_rows=table.rows,
        probe_rows=probe_rows,
        steps_before=static["pretraining_steps"] or 0,
        steps=program.steps,
        padded=any(bool((own < 0).any()) for own in (inputs.orders, *(inputs.before or ())[:1])),
        final=static["final_parameters"],
    )

    def chunks(inputs: Inputs) -> Any:
        return lax.map(lambda own: chunk(inputs._replace(hyper=own[0], seed=own[1])), (inputs.hyper, inputs.seed))

    mesh = Mesh(np.asarray(devices), ("lanes",))
    spread, same = PartitionSpec("lanes"), PartitionSpec()
    sharded = jax.shard_map(
        chunks,
        mesh=mesh,
        in_specs=(Inputs(spread, spread, same, same, records.Rows(same, same), same, same),),
        out_specs=spread,
        check_vma=False,
    )
    return Prepared(jax.jit(sharded), inputs, layout, program.width)


def _chunk(
    rule: Rule,
    evaluate: Callable[..., Any],
    probe: Callable[..., Any],
    train_rows: int,
    probe_rows: int,
    steps_before: int,
    steps: int,
    padded: bool,
    final: bool,
) -> Callable[[Inputs], Any]:
    """The training of one chunk: `inputs -> (per run, per checkpoint)`, hyper (S, K) and seed (S,)."""

    def train(inputs: Inputs) -> Any:
        hyper, shape = inputs.hyper, inputs.hyper["learning_rate"].shape
        shared = inputs.rows.x.shape[0] == 1
        scope = "all" if shared else "seed"
        rows = jax.tree.map(lambda a: a[0] if shared else a[inputs.seed], inputs.rows)
        batch, batch_scope = _batches(rows, inputs.orders[inputs.seed], shared, train_rows, padded)
        sample = _first(rows, shared, probe_rows)
        step = over(step_of(rule), "lane", "lane", "lane", batch_scope, "all")
        note = watch(rule.stop, hyper)

        params = over(rule.model.init, "seed", "lane")(inputs.draws[inputs.seed], hyper)
        if inputs.before:
            orders, noise = (own[inputs.seed] for own in inputs.before)
            earlier, _ = _batches(rows, orders, shared, train_rows, padded)
            params = pretrained(rule, steps_before, params, hyper, earlier, batch_scope, noise)
        state = over(lambda p, h: rule.method(h).init(p), "lane", "lane")(params, hyper)
        loss_type = jax.tree.leaves(params)[0].dtype
        status = initial(rule.stop, shape, loss_type)

        def segment(carry: Any, bounds: Array) -> Any:
            params, state, status = carry
            start, active = bounds[0], status.active
            end = jnp.where(jnp.any(active), bounds[1], start)  # nothing is computed once every lane has finished

            def body(t: Array, carry: Any) -> Any:
                params, state, status = carry
                params, state, seen = step(params, state, hyper, batch(t), t)
                return params, state, note(status, seen, t)

            if steps:
                new_params, new_state, now = lax.fori_loop(start, end, body, carry)
                if rule.stop:  # a diverged lane may run on: it touches no other lane, and its status stays
                    new_params, new_state = (
                        only_active(active, new_params, params),
                        only_active(active, new_state, state),
                    )
                params, state = new_params, new_state
                status = settle(status, now, end - start, hyper)
            groups = over(rule.model.group, "lane")(params)
            found = over(evaluate, "lane", scope, "lane")(groups, rows, hyper)
            status = check(status, found["train_loss"], bounds[1], hyper["diverge_above"])
            record = over(probe, "lane", "lane", "lane", scope, "lane")(params, groups, state, sample, hyper)
            record.curves.update(found)
            if steps:
                record.curves["ewma_loss"] = status.ewma / status.ewma_weight  # NaN before the first step
            return (params, state, status), record

        (params, _, status), record = lax.scan(segment, (params, state, status), inputs.bounds)
        runs = {"first_bad_step": status.bad_step, "stop_step": status.stop_step}
        if final:
            leaves = [leaf.reshape(*shape, -1) for leaf in jax.tree.leaves(params)]
            runs["final_parameters"] = jnp.concatenate(leaves, axis=-1)
        return runs, record

    return train


def _first(rows: records.Rows, shared: bool, count: int) -> Batch:
    """The first rows, of every seed where seeds have their own."""
    return Batch(rows.x[:count], rows.y[:count]) if shared else Batch(rows.x[:, :count], rows.y[:, :count])


def _batches(
    rows: records.Rows, orders: Array, shared: bool, train_rows: int, padded: bool
) -> tuple[Callable[[Array | int], Batch], str]:
    """The batch of step t, and whether all seeds see the same one."""
    everything = _first(rows, shared, train_rows)
    if orders.shape[-1] == 0:
        return lambda t: everything, "all" if shared else "seed"
    take = jax.vmap(lambda rows, index: rows[index], in_axes=(None if shared else 0, 0))

    def at(t: Array | int) -> Batch:
        index = lax.dynamic_index_in_dim(orders, t, 1, keepdims=False)
        weight = (index >= 0).astype(everything.x.dtype) if padded else None
        return Batch(take(everything.x, index), take(everything.y, index), weight)

    return at, "seed"
