"""A program ready to be compiled: its executables to be, how to call them and to read what they return."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from bench.spec import Outcome, Program
from bench.train.inputs import Inputs
from bench.train.layout import Layout
from bench.train.records import Record

LANES, SAME = PartitionSpec("lanes"), PartitionSpec()
"""Arrays whose first axis is spread over the devices, and arrays that every device has."""


class Stage(NamedTuple):
    """An executable to be. Programs whose stages have the same key share it.

    Attributes:
        key: everything that it depends on, the registries and devices apart.
        function: jitted.
        arguments: `() -> arguments` to compile it for, or their shapes.
        works: how often it does its work in a program: `once`, at `checkpoints` or at `steps`.
        products: of a row and a weight, about, in all its looks of a program; infinite where that is not known.
    """

    key: str
    function: Any
    arguments: Callable[[], tuple[Any, ...]]
    works: Literal["once", "checkpoints", "steps"]
    products: float = math.inf


class Prepared(NamedTuple):
    """A program ready to be compiled.

    Attributes:
        stages: its executables to be.
        inputs: what it reads, as host arrays.
        layout: where its lanes are.
        run: `calls -> raw`, given what the stages were compiled to, or their functions.
        outcome: `raw -> Outcome`, the lanes first.
    """

    stages: tuple[Stage, ...]
    inputs: Inputs
    layout: Layout
    run: Callable[[Sequence[Callable[..., Any]]], Any]
    outcome: Callable[[Any], Outcome]


class Ends(NamedTuple):
    """How lanes ended, each (lanes,), with their parameters where they are saved, else ()."""

    bad_step: Any
    stop_step: Any
    params: Any


def outcome_of(program: Program, layout: Layout, ends: Ends, record: Record, average: Any) -> Outcome:
    """From host arrays with the lanes of the layout first, padding among them, to those of the runs."""
    place: Any = layout.restore(program.width)
    if np.array_equal(place, np.arange(program.width)):
        place = slice(program.width)  # of the same arrays, not of copies
    curves, layers, values = ({name: np.asarray(found)[place] for name, found in table.items()} for table in record)
    ends = jax.tree.map(lambda a: a[place], ends)
    runs = {"first_bad_step": ends.bad_step, "stop_step": ends.stop_step}
    if leaves := jax.tree.leaves(ends.params):
        runs["final_parameters"] = np.concatenate([leaf.reshape(program.width, -1) for leaf in leaves], axis=1)
    if program.steps:
        curves["ewma_loss"] = average[place]
    return Outcome(runs, curves, layers, {name: np.reshape(of, (*of.shape[:2], -1)) for name, of in values.items()})


def key_of(stage: str, sizes: tuple[Any, ...], inputs: Any, static: Mapping[str, Any]) -> str:
    """The key of a stage: sizes, shapes of what it reads, and static axes."""
    shapes = jax.tree.map(lambda a: (a.shape, str(a.dtype)), inputs)
    return str((stage, sizes, shapes, sorted((axis, str(value)) for axis, value in static.items())))


def spread(function: Callable[..., Any], mesh: Mesh, specs: Any, donate: tuple[int, ...] = ()) -> Any:
    """Jitted, every device at its own lanes; what it returns has the lanes first."""
    sharded = jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=LANES, check_vma=False)
    return jax.jit(sharded, donate_argnums=donate)


def specs_of(inputs: Inputs) -> Inputs:
    """Where the inputs are: constants and seeds of lanes are spread, the rest is the same on every device."""
    return Inputs(LANES, LANES, *(SAME,) * (len(inputs) - 2))


def placed(arguments: tuple[Any, ...], specs: tuple[Any, ...], mesh: Mesh) -> tuple[Any, ...]:
    """Host arrays on the devices that read them, once for all calls; each argument is a tuple of trees."""

    def place(tree: Any, spec: Any) -> Any:
        return jax.device_put(tree, NamedSharding(mesh, spec))

    return tuple(
        type(one)(*(place(tree, spec) for tree, spec in zip(one, own, strict=True)))
        for one, own in zip(arguments, specs, strict=True)
    )
