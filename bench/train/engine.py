"""The training loop: one program trains many lanes, in chunks that fit the cache, sharded over the devices.

Inside a chunk every lane takes its steps between two checkpoints in one compiled loop; at a checkpoint the records are
taken and lanes that have finished or diverged are frozen. No random number is made inside a program: the initial draw
and the order of the rows come in as arrays, shared by the lanes of a seed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec

from bench.spec import Outcome, Parts, Program, Table
from bench.train import records
from bench.train.layout import Layout, arrange
from bench.train.methods import Method
from bench.train.orders import stream
from bench.train.pretraining import Phase, noise_at, noise_rows
from bench.train.probes import probe_names
from bench.train.snapshot import tree_norm
from bench.train.stops import Stop
from models import Batch, Model, Shape, inspected, objective


class Rule(NamedTuple):
    """How one lane of a program trains: the static choices as functions."""

    model: Model
    objective: Callable[..., Any]
    per_row: Callable[[Array, Array], Array] | None
    method: Callable[[Mapping[str, Array]], optax.GradientTransformation]
    rate: Callable[[Mapping[str, Array], Array], Array]
    stop: Stop | None
    phases: tuple[Phase, ...] = ()


class Before(NamedTuple):
    """What pretraining reads; N distinct seeds, T steps of all phases together."""

    orders: Any  # (N, T, batch size), or (N, 0, 0) for full batches
    noise: Any  # (N, noise rows, widest input of a layer)


class Inputs(NamedTuple):
    """Everything a program reads, as arrays. The first two are sharded over devices, the rest is replicated.

    Chunks, seeds, rows: C chunks of S seeds x K lanes; N distinct seeds; m train rows.
    """

    hyper: Any  # dict, each (C, S, K)
    seed: Any  # (C, S), position among the distinct seeds
    draws: Any  # (N, draws)
    orders: Any  # (N, steps, batch size), or (N, 0, 0) for full batches
    rows: records.Rows  # x (1 or N, m + test, inputs)
    bounds: Any  # (checkpoints, 2): first and last step of the segment that ends at each checkpoint
    before: Any = None  # Before, where there are phases


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
    rule = _rule(static, parts, table)
    layout = arrange(program.lanes["seed"], program.chunk, len(devices))
    inputs = _inputs(program, parts, tables, rule, layout)
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
        longest=int(np.max(np.diff(inputs.bounds, axis=1))),
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


def _rule(static: Mapping[str, Any], parts: Parts, table: Table) -> Rule:
    loss = parts.get("losses", static["loss"]) if static["loss"] else None
    shape = Shape(table.x.shape[1], max(loss.outputs(table.classes), table.targets) if loss else 1)
    activation = parts.get("activations", static["activation"] or "identity")
    model = parts.get("models", static["model"]).make(shape, static, parts.get("inits", static["init"]), activation)
    clip: Method = parts.get("clips", static["clip"])
    method: Method = parts.get("methods", static["optimizer"])
    return Rule(
        model,
        objective(model, loss.per_row if loss else None, table.rows),
        loss.per_row if loss else None,
        method.make if static["clip"] == "none" else lambda hyper: optax.chain(clip.make(hyper), method.make(hyper)),
        parts.get("schedules", static["schedule"]).rate,
        parts.get("stops", static["stop"]),
        parts.get("pretrainings", static["pretraining"]).phases(model, static),
    )


def _inputs(program: Program, parts: Parts, tables: Sequence[Table], rule: Rule, layout: Layout) -> Inputs:
    static = program.static
    dtype = jnp.dtype(static["dtype"])
    wide = jnp.promote_types(dtype, jnp.float32)  # traced constants of half-precision runs stay in float32
    hyper = {
        axis: np.asarray(values, wide)[layout.lane]
        for axis, values in program.lanes.items()
        if axis != "seed" and np.any(values != _CHEAPER.get(axis, np.nan))
    }
    seeds = np.unique(program.lanes["seed"])
    draws = np.stack([stream(seed, 0).standard_normal(rule.model.draws) for seed in seeds])

    def orders(purpose: int, steps: int) -> Any:
        if static["batch_size"] == "full":
            return np.zeros((len(seeds), 0, 0), np.int32)
        order, size = parts.get("orders", static["order"]), (static["batch_size"], steps, static["ragged"])
        return np.stack([order(stream(seed, purpose), tables[0].rows, *size) for seed in seeds]).astype(np.int32)

    before = None
    if rule.phases:
        widest = max(tables[0].x.shape[1], *(shape[-1] for shape in rule.model.taps(1)))
        noise = np.stack([noise_rows(stream(seed, 3), widest) for seed in seeds])
        before = Before(orders(2, len(rule.phases) * static["pretraining_steps"]), noise)
    rows = records.Rows(
        np.stack([np.concatenate([table.x, table.x_test]) for table in tables]).astype(dtype),
        np.stack([np.concatenate([table.y, table.y_test]) for table in tables]).astype(
            np.int32 if tables[0].classes else dtype
        ),
    )
    ends = np.asarray(program.checkpoints, np.int32)
    bounds = np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1).astype(np.int32)
    return Inputs(hyper, layout.seed, draws.astype(dtype), orders(1, program.steps), rows, bounds, before)


class Status(NamedTuple):
    """Where the lanes of a chunk stand, each (S, K)."""

    bad_step: Array  # first step with a non-finite or excessive loss, -1 while there is none
    stop_step: Array  # first step at which the stopping rule held, -1 while it has not
    limit: Array  # a loss above it counts as diverged
    ewma: Array  # exponentially weighted sum of the batch losses
    ewma_weight: Array  # sum of its weights: 0 before the first step, near 1 after many
    memory: tuple[Array, ...]  # of the stopping rule

    @property
    def active(self) -> Array:
        """Lanes that still train."""
        return (self.bad_step < 0) & (self.stop_step < 0)


EWMA_DECAY = 0.98
_CHEAPER = {"l2": 0.0, "ewma.decay": EWMA_DECAY}  # values that cost less as constants, where all runs have them


def over(function: Callable[..., Any], *scopes: str) -> Callable[..., Any]:
    """Maps over seeds and their lanes; each argument belongs to a `lane` (S, K), to a `seed` (S,), or to `all`."""
    lanes = jax.vmap(function, in_axes=tuple(0 if scope == "lane" else None for scope in scopes))
    return jax.vmap(lanes, in_axes=tuple(None if scope == "all" else 0 for scope in scopes))


def _chunk(
    rule: Rule,
    evaluate: Callable[..., Any],
    probe: Callable[..., Any],
    train_rows: int,
    probe_rows: int,
    steps_before: int,
    longest: int,
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
        step = over(_step(rule), "lane", "lane", "lane", batch_scope, "all")
        after = _after(rule.stop, hyper, longest)

        params = over(rule.model.init, "seed", "lane")(inputs.draws[inputs.seed], hyper)
        if inputs.before:
            orders, noise = (own[inputs.seed] for own in inputs.before)
            earlier, _ = _batches(rows, orders, shared, train_rows, padded)
            params = _pretrained(rule, steps_before, params, hyper, earlier, batch_scope, noise)
        state = over(lambda p, h: rule.method(h).init(p), "lane", "lane")(params, hyper)
        loss_type = jax.tree.leaves(params)[0].dtype
        none = jnp.full(shape, -1, jnp.int32)
        status = Status(
            none,
            none,
            jnp.full(shape, jnp.inf, jnp.float32),
            jnp.zeros(shape, loss_type),
            jnp.zeros(shape, loss_type),
            tuple(jnp.full(shape, start, loss_type) for start in (rule.stop.memory if rule.stop else ())),
        )

        def segment(carry: Any, bounds: Array) -> Any:
            params, state, status = carry
            start, active = bounds[0], status.active
            end = jnp.where(jnp.any(active), bounds[1], start)  # nothing is computed once every lane has finished

            def body(t: Array, carry: Any) -> Any:
                params, state, series = carry
                params, state, seen = step(params, state, hyper, batch(t), t)
                write = lambda all_, now: lax.dynamic_update_index_in_dim(all_, now, t - start, 0)  # noqa: E731
                return params, state, {name: write(series[name], seen[name]) for name in series}

            if longest:
                watched = {"loss"} | ({rule.stop.series} if rule.stop else set())
                series = {name: jnp.zeros((longest, *shape), loss_type) for name in sorted(watched)}
                new_params, new_state, series = lax.fori_loop(start, end, body, (params, state, series))
                if rule.stop:  # a diverged lane may run on: it touches no other lane, and its status stays
                    new_params, new_state = _where(active, new_params, params), _where(active, new_state, state)
                params, state = new_params, new_state
                status = after(status, series, start, end)
            groups = over(rule.model.group, "lane")(params)
            found = over(evaluate, "lane", scope, "lane")(groups, rows, hyper)
            status = _check(status, found["train_loss"], bounds[1], hyper["diverge_above"])
            record = over(probe, "lane", "lane", "lane", scope, "lane")(params, groups, state, sample, hyper)
            record.curves.update(found)
            if longest:
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


def _step(rule: Rule) -> Callable[..., Any]:
    """One optimizer step of one lane: `(params, state, hyper, batch, t) -> (params, state, what it saw before)`."""

    def step(params: Any, state: Any, hyper: dict[str, Array], batch: Batch, t: Array) -> Any:
        def value_fn(params: Any) -> Array:
            return rule.objective(params, batch, hyper)

        value, gradients = jax.value_and_grad(value_fn)(params)
        method = optax.with_extra_args_support(rule.method({**hyper, "learning_rate": rule.rate(hyper, t)}))
        updates, state = method.update(gradients, state, params, value=value, grad=gradients, value_fn=value_fn)
        seen = {"loss": value}
        if rule.stop and rule.stop.series == "gradient_norm":
            seen["gradient_norm"] = tree_norm(gradients).astype(value.dtype)
        if rule.stop and rule.stop.series == "update_norm":
            seen["update_norm"] = tree_norm(updates).astype(value.dtype)
        return optax.apply_updates(params, updates), state, seen

    return step


def _pretrained(
    rule: Rule,
    steps: int,
    params: Any,
    hyper: dict[str, Array],
    batch: Callable[[Array | int], Batch],
    batch_scope: str,
    noise: Array,
) -> Any:
    """Parameters after the phases of a pretraining, each of `steps` steps with a new state of the optimizer."""
    hyper = {**hyper, "learning_rate": hyper["pretraining.learning_rate"]}
    for number, phase in enumerate(rule.phases):

        def step(own: Any, state: Any, rest: Any, hyper: Any, batch: Batch, noise: Array, t: Array, phase=phase) -> Any:
            def objective(own: Any, batch: Batch, hyper: Any) -> Array:
                return phase.objective(own, rest, batch, hyper)

            plain = rule._replace(objective=objective, rate=lambda hyper, _: hyper["learning_rate"], stop=None)
            return _step(plain)(own, state, hyper, batch._replace(noise=noise), t)[:2]

        take = over(step, "lane", "lane", "lane", "lane", batch_scope, "seed", "all")
        own = over(phase.start, "lane")(params)
        state = over(lambda p, h: rule.method(h).init(p), "lane", "lane")(own, hyper)

        def body(t: Array, carry: Any, params=params, take=take, first=number * steps) -> Any:
            now = batch(first + t)
            rows = now.x.shape[-2]
            return take(*carry, params, hyper, now, noise_at(noise, first + t, rows), t)

        own, _ = lax.fori_loop(0, steps, body, (own, state))
        params = over(phase.finish, "lane", "lane")(own, params)
    return params


def _where(active: Array, new: Any, old: Any) -> Any:
    """New values for active lanes (S, K), old ones for frozen lanes."""
    return jax.tree.map(lambda n, o: jnp.where(active.reshape(active.shape + (1,) * (n.ndim - 2)), n, o), new, old)


def _after(stop: Stop | None, hyper: dict[str, Array], longest: int) -> Callable[..., Status]:
    """What a segment's series say about the lanes: `(status, series (steps, S, K), start, end) -> status`."""

    def update(status: Status, series: dict[str, Array], start: Array, end: Array) -> Status:
        count = end - start
        index = jnp.arange(longest, dtype=jnp.int32)
        taken = (index < count)[:, None, None]
        active = status.active
        bad = taken & _bad(series["loss"], status.limit[None])
        bad_step = _first_true(bad, start, status.bad_step, active)
        decay = jnp.atleast_2d(jnp.asarray(hyper.get("ewma.decay", EWMA_DECAY), series["loss"].dtype))
        share = (1 - decay[None]) * decay[None] ** (count - 1 - index)[:, None, None].astype(decay.dtype)
        average = jnp.sum(jnp.where(taken, share * series["loss"], 0), axis=0)
        kept = decay ** count.astype(decay.dtype)
        ewma = jnp.where(active, kept * status.ewma + average, status.ewma)
        weight = jnp.where(active, kept * status.ewma_weight + (1 - kept), status.ewma_weight)
        if stop is None:
            return status._replace(bad_step=bad_step, ewma=ewma, ewma_weight=weight)
        last = jnp.maximum(count - 1, 0)
        watched = series[stop.series]
        watched = jnp.where(taken, watched, watched[last][None])
        rule = jax.vmap(jax.vmap(stop.reached, in_axes=(1, None, 0, 0)), in_axes=(1, None, 0, 0))
        reached, memory = rule(watched, start + index, status.memory, hyper["stop.threshold"])
        reached = jnp.moveaxis(reached, 2, 0) & taken
        memory = tuple(jnp.where(count > 0, new, old) for new, old in zip(memory, status.memory, strict=True))
        stop_step = _first_true(reached, start, status.stop_step, active)
        # Within a segment a lane goes on after its end: what happened first counts.
        stopped = (stop_step >= 0) & ((bad_step < 0) | (stop_step < bad_step))
        bad_step, stop_step = jnp.where(stopped, -1, bad_step), jnp.where(stopped, stop_step, -1)
        return Status(bad_step, stop_step, status.limit, ewma, weight, memory)

    return update


def _bad(loss: Array, limit: Array) -> Array:
    return ~jnp.isfinite(loss) | (loss.astype(jnp.float32) > limit)


def _first_true(flags: Array, start: Array, known: Array, active: Array) -> Array:
    """The first step of a segment whose flag (steps, S, K) is set, for active lanes; else what was known."""
    first = start + jnp.argmax(flags, axis=0).astype(jnp.int32)
    return jnp.where(active & jnp.any(flags, axis=0), first, known)


def _check(status: Status, loss: Array, step: Array, diverge_above: Array) -> Status:
    """Holds the train loss of a checkpoint against the limit, which the first checkpoint sets."""
    first = diverge_above * jnp.maximum(1, jnp.nan_to_num(loss.astype(jnp.float32), posinf=jnp.inf))
    limit = jnp.where(step == 0, first.astype(jnp.float32), status.limit)
    bad = _bad(loss, limit) & status.active
    return status._replace(limit=limit, bad_step=jnp.where(bad, step, status.bad_step))
