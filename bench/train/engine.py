"""Programs: many lanes trained at once, in chunks that fit the cache, sharded over the devices.

A program is made of three pieces (`bench.train.pieces`): begin, advance to the next checkpoint, and look. Staged
(`bench.train.staged`), each is an executable of its own, which programs share. Fused, they are one executable that
loops over the checkpoints, which suits many of them, and models that compile in no time.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh

from bench.spec import Outcome, Parts, Program, Table
from bench.train.inputs import Inputs, inputs_of
from bench.train.layout import Layout, arrange
from bench.train.pieces import Carry, Pieces, pieces_of, rows_of
from bench.train.prepared import Ends, Prepared, Stage, key_of, outcome_of, specs_of, spread
from bench.train.rule import over, rule_of
from bench.train.staged import Staged
from bench.train.status import check

MOST_STAGED = 64
"""Checkpoints up to which a program is staged: each takes two calls, at a fraction of a millisecond."""

MOST_CARRIED = 256 << 20
"""Bytes of parameters up to which it is: stages keep those of all lanes, one executable those of a chunk."""


def prepare(program: Program, parts: Parts, tables: Sequence[Table], devices: Sequence[Any]) -> Prepared:
    """Builds the functions that train a program, and their inputs.

    Args:
        program: what to train.
        parts: the registries.
        tables: one table that all seeds share, or one per distinct seed in ascending order.
        devices: JAX devices; chunks are spread over them.

    Returns:
        The functions, not yet compiled, and their inputs as host arrays.
    """
    static, table = program.static, tables[0]
    rule = rule_of(static, parts, table)
    layout = arrange(program.lanes["seed"], program.chunk, len(devices))
    inputs = inputs_of(program, parts, tables, rule, layout)
    padded = any(bool((own < 0).any()) for own in (inputs.orders, *(inputs.before or ())[:1]))
    pieces = pieces_of(rule, static, program.steps, padded, parts, table)
    mesh = Mesh(np.asarray(devices), ("lanes",))
    sizes = (table.x.shape[1], table.rows, table.classes, table.targets, program.steps > 0, padded)
    carried = program.width * rule.model.draws * inputs.draws.dtype.itemsize
    if rule.model.value is None and len(program.checkpoints) <= MOST_STAGED and carried <= MOST_CARRIED:
        return Staged(program, pieces, layout, inputs, rule.model, mesh, sizes).prepared()
    return _fused(program, pieces, layout, inputs, mesh, sizes)


def _fused(
    program: Program, pieces: Pieces, layout: Layout, inputs: Inputs, mesh: Mesh, sizes: tuple[Any, ...]
) -> Prepared:
    """One executable that takes every chunk from its begin to its end."""
    shared, final = inputs.rows.x.shape[0] == 1, program.static["final_parameters"]
    group, scope = over(pieces.group, "lane"), "all" if shared else "seed"
    look = over(pieces.look, "lane", "lane", scope, "lane")

    def chunk(inputs: Inputs) -> tuple[Ends, Any]:
        rows, _ = rows_of(inputs.rows, inputs.seed)

        def segment(carry: Carry, bounds: Array) -> Any:
            carry = pieces.advance(carry, inputs, bounds)
            record, loss = look(group(carry.params), carry.state, rows, inputs.hyper)
            return carry._replace(loss=loss), (record, carry.status.average)

        carry, seen = lax.scan(segment, pieces.begin(inputs), inputs.bounds)
        status = check(carry.status, carry.loss, inputs.bounds[-1, 1], inputs.hyper["diverge_above"])
        return Ends(status.bad_step, status.stop_step, carry.params if final else ()), seen

    def chunks(inputs: Inputs) -> tuple[Ends, Any]:
        return lax.map(lambda own: chunk(inputs._replace(hyper=own[0], seed=own[1])), (inputs.hyper, inputs.seed))

    def outcome(raw: Any) -> Outcome:
        """From (chunks, seeds, lanes, ...), and (chunks, checkpoints, seeds, lanes, ...)."""
        ends, seen = jax.tree.map(np.asarray, raw)
        seen = jax.tree.map(lambda a: np.moveaxis(a, 1, 3), seen)
        return outcome_of(program, layout, *jax.tree.map(lambda a: a.reshape(-1, *a.shape[3:]), (ends, *seen)))

    function, key = spread(chunks, mesh, (specs_of(inputs),)), key_of("whole", sizes, inputs, program.static)
    stage = Stage(key, function, lambda: (inputs,), "steps")
    return Prepared((stage,), inputs, layout, lambda calls: calls[0](inputs), outcome)
