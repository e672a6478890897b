"""A program as three executables, called in a loop that is here; between them the lanes of all chunks lie flat, packed.

A look does not depend on how the parameters were found, nor an advance on where they began: grids over batch sizes,
optimizers, data or initialisations compile most of their stages once.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, NamedSharding

from bench.spec import Outcome, Program
from bench.train.inputs import Inputs
from bench.train.layout import Layout
from bench.train.packing import packed, unpacked
from bench.train.pieces import TRAINING, Carry, Pieces, rows_of
from bench.train.prepared import LANES, SAME, Ends, Prepared, Stage, key_of, outcome_of, placed, specs_of, spread
from bench.train.records import Record
from bench.train.rule import over
from bench.train.status import Status
from models import Model

MOST_TOGETHER, WORKING_SET = 8, 2 << 20
"""Lanes that a look takes together, at most, and the bytes that they should share."""

_DATA = ("data", "split", "scaling", "constant_columns", "normalize_rows")
_RECORDS = ("checkpoints", "probes", "probe_rows", "repeats", "lanes", "final_parameters")
_LENGTH = ("steps", "epochs", "order", "ragged")
_START = ("init", "pretraining", "pretraining_steps")
_LATER = ("schedule", "stop", "ewma", "diverge_above")
_NETWORK = ("model", "depth", "width", "activation", "bias", "loss", "dtype", "probes", "probe_rows")


class Lanes(NamedTuple):
    """What lanes carry from stage to stage, each an array per type, (lanes, numbers)."""

    params: dict[str, Any]  # in groups
    rest: dict[str, Any]  # state of the optimizer, and status


class Seen(NamedTuple):
    """What a look reads beside the parameters; the lanes of a device lie flat."""

    rows: Any  # Rows, (1 or N, ...)
    seed: Any  # (lanes,), position among the distinct seeds; () where all have the same rows
    hyper: Any  # dict, each (lanes,)


@dataclasses.dataclass(frozen=True)
class Staged:
    """The stages of one program.

    Attributes:
        program, pieces, layout, inputs: what is trained, and from what.
        model: the network.
        mesh: the devices.
        sizes: what the stages are built with beside the static axes.
    """

    program: Program
    pieces: Pieces
    layout: Layout
    inputs: Inputs
    model: Model
    mesh: Mesh
    sizes: tuple[Any, ...]

    def prepared(self) -> Prepared:
        """The program, ready to be compiled."""
        names = ("begin", "advance", "look")
        works = ("steps" if self.inputs.before else "once", "steps", "checkpoints")
        looked = self.inputs.rows.x.shape[1] * self.model.draws * self.program.width * len(self.program.checkpoints)
        products = (math.inf, math.inf, float(looked))
        stages = [
            Stage(key_of(name, self.sizes, given, static), function, arguments, often, size)
            for name, often, size, given, static, function, arguments in zip(
                names, works, products, self.arguments, self._static(), self.functions, self._shapes(), strict=True
            )
        ]
        return Prepared(tuple(stages), self.inputs, self.layout, self.run, self.outcome)

    @functools.cached_property
    def arguments(self) -> tuple[Inputs, Inputs, Seen]:
        """What each stage reads beside what the lanes carry."""
        inputs, pieces = self.inputs, self.pieces
        flat = {axis: values.reshape(-1) for axis, values in inputs.hyper.items()}
        seeds = np.broadcast_to(inputs.seed[:, :, None], self.layout.lane.shape).reshape(-1)
        start = {axis: of for axis, of in flat.items() if axis.partition(".")[0] not in _LATER}
        network = {axis: of for axis, of in flat.items() if axis.partition(".")[0] not in TRAINING}
        begin = Inputs(start, seeds, inputs.draws, None, None, None)
        if inputs.before:
            begin = inputs._replace(bounds=None)
        shared = inputs.rows.x.shape[0] == 1
        seen = Seen(inputs.rows, () if shared else seeds, flat if pieces.reads_optimizer else network)
        return begin, inputs._replace(bounds=None, draws=None, before=None), seen

    @functools.cached_property
    def specs(self) -> tuple[Any, ...]:
        """Where that is."""
        begin, advance, _ = self.arguments
        return specs_of(begin), specs_of(advance), Seen(SAME, LANES, LANES)

    @functools.cached_property
    def functions(self) -> tuple[Any, ...]:
        """The stages, jitted."""
        begin, advance, look = self.specs
        return (
            spread(self.begin, self.mesh, (begin,)),
            spread(self.advance, self.mesh, (LANES, LANES, advance, SAME), donate=(0,)),
            spread(self.look, self.mesh, (LANES, look)),
        )

    def begin(self, inputs: Inputs) -> Lanes:
        """All lanes of a device at once; chunk by chunk where a pretraining takes steps."""

        def chunk(one: Any) -> Lanes:
            return self._packed(self.pieces.begin(inputs._replace(hyper=one[0], seed=one[1])))

        if inputs.before:
            return _flat(lax.map(chunk, (inputs.hyper, inputs.seed)))
        alone = jax.tree.map(lambda a: a[:, None], inputs.hyper)
        return jax.tree.map(lambda a: a[:, 0], chunk((alone, inputs.seed)))

    def advance(self, lanes: Lanes, loss: Array, inputs: Inputs, bounds: Array) -> tuple[Lanes, Array]:
        """Every chunk of a device from the first step to the last, given the last train loss; also the average loss."""

        def chunk(one: Any) -> tuple[Lanes, Array]:
            params = over(self.model.ungroup, "lane")(unpacked(one[0].params, self._like[0]))
            state, status = unpacked(one[0].rest, self._like[1])
            carry = self.pieces.advance(
                Carry(params, state, status, one[1]), inputs._replace(hyper=one[2], seed=one[3]), bounds
            )
            return self._packed(carry), carry.status.average

        carried = jax.tree.map(lambda a: a.reshape(*inputs.hyper["learning_rate"].shape, *a.shape[1:]), (lanes, loss))
        return _flat(lax.map(chunk, (*carried, inputs.hyper, inputs.seed)))

    def look(self, lanes: Lanes, seen: Seen) -> tuple[Record, Array]:
        """A few lanes at a time, whatever the chunks in which they train; also the train loss.

        The rest of the lanes is there if a probe reads the optimizer.
        """
        width, together = jax.tree.leaves(lanes)[0].shape[0], self.together
        count = -(-width // together)

        def grouped(array: Array) -> Array:
            filled = jnp.concatenate([array, jnp.repeat(array[:1], count * together - width, axis=0)])
            return filled.reshape(count, together, *array.shape[1:])

        def group(one: Any) -> tuple[Record, Array]:
            own, seed, hyper = one
            layers, state = unpacked(own.params, self._like[0]), ()
            if self.pieces.reads_optimizer:
                state, _ = unpacked(own.rest, self._like[1])
            rows, shared = rows_of(seen.rows, seed)
            return jax.vmap(self.pieces.look, (0, 0, None if shared else 0, 0))(layers, state, rows, hyper)

        found = lax.map(group, jax.tree.map(grouped, (lanes, seen.seed, seen.hyper)))
        return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:width], found)

    @property
    def together(self) -> int:
        """How many lanes a look takes together: a power of two that depends on the network and the data alone."""
        x, model = self.inputs.rows.x, self.model
        numbers = x.shape[1] * (x.shape[2] + model.activations // max(model.layers, 1)) + 3 * model.draws
        fitting = max(1, min(MOST_TOGETHER, WORKING_SET // (numbers * x.dtype.itemsize)))
        return 1 << (fitting.bit_length() - 1)

    def run(self, calls: Sequence[Callable[..., Any]]) -> Any:
        """Calls the stages in turn; nothing waits for their results."""
        begin, advance, look = calls
        starts, steps, seen = placed(self.arguments, self.specs, self.mesh)
        lanes, loss, records = begin(starts), self._no_loss, []
        for bounds in self.inputs.bounds:
            lanes, average = advance(lanes, loss, steps, bounds)
            record, loss = look(self._shown(lanes), seen)
            records.append((record, average))
        lanes, _ = advance(lanes, loss, steps, self.inputs.bounds[-1, [1, 1]])  # holds the last loss against the limit
        return lanes, records

    def outcome(self, raw: Any) -> Outcome:
        """What came of the runs, from what the stages returned."""
        lanes, records = jax.tree.map(np.asarray, raw)
        _, status = unpacked(lanes.rest, self._like[1])
        params = ()
        if self.program.static["final_parameters"]:
            params = jax.vmap(self.model.ungroup)(unpacked(lanes.params, self._like[0]))
        ends = jax.tree.map(np.asarray, Ends(status.bad_step, status.stop_step, params))
        record, average = jax.tree.map(lambda *each: np.stack(each, axis=1), *records)
        return outcome_of(self.program, self.layout, ends, record, average)

    @functools.cached_property
    def _no_loss(self) -> np.ndarray:
        return np.zeros(self.layout.lane.size, np.float64)

    @functools.cached_property
    def _like(self) -> tuple[Any, tuple[Any, Status]]:
        """Shapes and types of what one lane carries: its parameters in groups; the optimizer's state and the status."""
        hyper = {axis: values[0, :, :1] for axis, values in self.inputs.hyper.items()}
        carry = jax.eval_shape(self.pieces.begin, self.inputs._replace(hyper=hyper, seed=self.inputs.seed[0]))
        groups = jax.eval_shape(over(self.model.group, "lane"), carry.params)
        own = (groups, (carry.state, carry.status))
        return jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[2:], a.dtype), own)

    def _packed(self, carry: Carry) -> Lanes:
        groups = over(self.model.group, "lane")(carry.params)
        return Lanes(packed(groups, axes=2), packed((carry.state, carry.status), axes=2))

    def _shown(self, lanes: Lanes) -> Lanes:
        return lanes if self.pieces.reads_optimizer else lanes._replace(rest={})

    def _static(self) -> tuple[dict[str, Any], ...]:
        """The static axes that each stage depends on."""
        static = self.program.static
        unread = _DATA + _RECORDS + _LENGTH
        begin = unread if self.inputs.before else (*unread, "batch_size", "schedule")
        look = (*_NETWORK, "optimizer", "clip", "stop") if self.pieces.reads_optimizer else _NETWORK
        return (
            {axis: static[axis] for axis in static if axis.partition(".")[0] not in begin},
            {axis: static[axis] for axis in static if axis.partition(".")[0] not in unread + _START},
            {axis: static[axis] for axis in static if axis.partition(".")[0] in look},
        )

    def _shapes(self) -> tuple[Callable[[], tuple[Any, ...]], ...]:
        """What to compile each stage for."""
        begin, advance, seen = self.arguments

        @functools.cache
        def lanes() -> Lanes:
            place, shapes = NamedSharding(self.mesh, LANES), jax.eval_shape(self.functions[0], begin)
            return jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=place), shapes)

        loss = jax.ShapeDtypeStruct(self._no_loss.shape, np.float64, sharding=NamedSharding(self.mesh, LANES))
        return (
            lambda: (begin,),
            lambda: (lanes(), loss, advance, self.inputs.bounds[0]),
            lambda: (self._shown(lanes()), seen),
        )


def _flat(chunks: Any) -> Any:
    """From (chunks, seeds, lanes, ...) to (all lanes, ...)."""
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[3:]), chunks)
