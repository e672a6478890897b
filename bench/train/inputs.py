"""What a program reads: constants of the lanes, initial draws, orders of the rows, and the rows, as arrays."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from bench.spec import Parts, Program, Table
from bench.train import records
from bench.train.layout import Layout
from bench.train.orders import stream
from bench.train.pretraining import noise_rows
from bench.train.rule import Rule
from bench.train.status import EWMA_DECAY

_CHEAPER = {"l2": 0.0, "ewma.decay": EWMA_DECAY}  # values that cost less as constants, where all runs have them


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
    rows: Any  # Rows, x (1 or N, m + test, inputs)
    bounds: Any  # (checkpoints, 2): first and last step of the segment that ends at each checkpoint
    before: Any = None  # Before, where there are phases


def inputs_of(program: Program, parts: Parts, tables: Sequence[Table], rule: Rule, layout: Layout) -> Inputs:
    """The arrays of a program; `tables` is one that all seeds share, or one per distinct seed in ascending order."""
    static = program.static
    dtype = jnp.dtype(static["dtype"])
    wide = jnp.promote_types(dtype, jnp.float32)  # traced constants of half-precision runs stay in float32
    hyper = {
        axis: np.asarray(values, wide)[layout.lane]
        for axis, values in program.lanes.items()
        if axis != "seed" and np.any(values != _CHEAPER.get(axis, np.nan))
    }
    seeds = np.unique(program.lanes["seed"])
    draws, buffer = np.empty((len(seeds), rule.model.draws), dtype), np.empty(rule.model.draws)
    for row, seed in zip(draws, seeds, strict=True):
        row[:] = stream(seed, 0).standard_normal(out=buffer)

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
    return Inputs(hyper, layout.seed, draws, orders(1, program.steps), rows, bounds, before)
