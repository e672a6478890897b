"""The planner: expands grids, splits static from traced axes, and groups runs into programs."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import InputError
from bench.plan.cost import (
    MOST_RECORDS,
    TYPICAL,
    Constants,
    chunk_width,
    estimate,
    record_bytes,
    step_flops,
    working_set,
)
from bench.plan.lengths import checkpoint_steps, run_steps
from bench.plan.memory import Room, memory_of, needs_of, pieces
from bench.spec import Columns, Grid, Plan, Program, Rows, Run, expand
from bench.spec.run import STATIC, TRACED, kind

MOST_LANES_PER_PROGRAM = 16_384


class Description(NamedTuple):
    """What the planner must know of one static configuration; asked once per program.

    Attributes:
        static: the configuration with defaults resolved and None where an axis does not apply.
        hyper: the traced axes that apply, with their defaults.
        rows, all_rows: train rows, and train and test rows together.
        parameters, multiplications, activations, layers: sizes of the model.
        data_hash: of the rows.
        steps_before: steps of pretraining, all phases together.
        by_content: whether that hash alone names the data in a result's key, and what the data is called does not.
        columns: of the data, inputs and targets.
        own_rows: whether every seed has rows of its own.
        surface: whether the model has no data, so that an epoch is one step.
    """

    static: Mapping[str, Any]
    hyper: Mapping[str, float]
    rows: int
    all_rows: int
    parameters: int
    multiplications: int
    activations: int
    layers: int
    data_hash: str
    steps_before: int = 0
    by_content: bool = False
    columns: int = 0
    own_rows: bool = False


Describe = Callable[[Mapping[str, Any], Sequence[int]], Description]
"""`(static, seeds) -> Description`."""


def plan(
    grids: Sequence[Grid],
    describe: Describe,
    identity: str,
    lanes: int | None = None,
    room: Room | None = None,
    costs: Constants = TYPICAL,
) -> Plan:
    """Plans grids: every run exactly once, in a stable order.

    Args:
        grids: the grids of a study; runs that several of them ask for are trained once.
        describe: sizes and defaults of a configuration.
        identity: what else makes results comparable, such as the hash of the sources and the platform.
        lanes: lanes computed together, for every program; chosen from the working set unless given.
        room: memory that a program may take; what needs more is split by lanes. Nothing is unless given.
        costs: what seconds are estimated by.

    Returns:
        The plan, with the room where something was split.

    Raises:
        InputError: a grid that cannot be right.
    """
    merged: dict[str, tuple[Description, dict[str, list[NDArray[Any]]], list[NDArray[np.int64]]]] = {}
    first = 0
    for grid in grids:
        columns = expand(grid)
        described: list[Description] = []
        for static, members in _groups(columns):
            seeds = np.unique(columns.column("seed")[members]).tolist() if "seed" in columns.codes else [Run.seed]
            about = describe(static, seeds)
            described.append(about)
            values = _lane_values(columns, members, about)
            _, kept, lists = merged.setdefault(_text(about.static), (about, {}, []))[0:3]
            for axis, column in values.items():
                kept.setdefault(axis, []).append(column)
            lists.append(first + members)
        _used(columns, described)
        first += columns.runs
    grouped = [(about, *_unique(values, runs)) for about, values, runs in merged.values()]
    programs = [program for own in grouped for program in _programs(*own, identity, lanes, costs)]
    split = room and any(memory_of(program, room.devices) > room.bytes for program in programs)
    if split:
        programs = [program for own in grouped for program in _programs(*own, identity, lanes, costs, room)]
    _distinct(programs)
    return Plan(
        tuple(programs), sum(program.width for program in programs), room if split else None, costs is not TYPICAL
    )


def _distinct(programs: Sequence[Program]) -> None:
    """Refuses the same rows under two names, whose results would have one name."""
    seen: dict[str, Any] = {}
    for program in programs:
        if program.key in seen:
            names = f"{seen[program.key]!r} and {program.static['data']!r}"
            raise InputError(f"data {names} have the same content; name one of them.")
        seen[program.key] = program.static["data"]


def _groups(columns: Columns) -> Iterator[tuple[dict[str, Any], NDArray[np.int64]]]:
    """Static configurations in order of first appearance, each with its runs."""
    static = [axis for axis in columns.codes if kind(axis) == "static"]
    code = np.zeros(columns.runs, np.int64)
    for axis in static:
        code = code * len(columns.values[axis]) + columns.codes[axis]
    order = np.argsort(code, kind="stable")
    edges = np.flatnonzero(np.diff(code[order])) + 1
    groups = sorted(np.split(order, edges), key=lambda members: members[0])
    defaults = {axis: getattr(Run, axis) for axis in STATIC}
    for members in groups:
        own = {axis: columns.values[axis][columns.codes[axis][members[0]]] for axis in static}
        yield defaults | own, members


def _used(columns: Columns, described: Sequence[Description]) -> None:
    """Refuses an option that applies nowhere in its grid, such as a momentum where all runs use adam."""
    for axis in columns.codes:
        if kind(axis) == "traced" and axis not in TRACED and not any(axis in about.hyper for about in described):
            prefix = axis.split(".")[0]
            own = sorted(name for name in described[0].hyper if name.startswith(prefix))
            raise InputError(
                f"axis {axis!r} does not apply to {_who(prefix, described[0])}. Valid: {', '.join(own) or 'none'}."
            )


def _lane_values(columns: Columns, members: NDArray[np.int64], about: Description) -> dict[str, NDArray[Any]]:
    """The traced axes of these runs, without those that do not apply here."""
    defaults = {axis: getattr(Run, axis) for axis in TRACED} | dict(about.hyper)
    values = {}
    for axis, default in defaults.items():
        if axis in columns.codes:
            values[axis] = columns.column(axis)[members]
        else:
            values[axis] = np.full(len(members), default, np.int64 if axis == "seed" else np.float64)
    return values


def _who(prefix: str, about: Description) -> str:
    name = prefix if prefix in about.static else "model"
    return f"{name} {about.static.get(name)!r}"


def _unique(
    values: Mapping[str, list[NDArray[Any]]], runs: list[NDArray[np.int64]]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Lanes without repeats, in the order of the grids."""
    columns = {axis: np.concatenate(parts) for axis, parts in values.items()}
    code = np.zeros(len(next(iter(columns.values()))), np.int64)
    for column in columns.values():
        distinct, own = np.unique(column, return_inverse=True)
        code = np.unique(code * len(distinct) + own, return_inverse=True)[1]
    keep = np.sort(np.unique(code, return_index=True)[1])
    return {axis: column[keep] for axis, column in columns.items()}, np.concatenate(runs)[keep]


def _programs(
    about: Description,
    values: Mapping[str, NDArray[Any]],
    runs: NDArray[np.int64],
    identity: str,
    lanes: int | None,
    costs: Constants,
    room: Room | None = None,
) -> Iterator[Program]:
    static = about.static
    batch = about.rows if static["batch_size"] == "full" else static["batch_size"]
    per_epoch = -(-about.rows // batch) if static["ragged"] == "pad" else about.rows // batch
    operations = step_flops(about.multiplications, batch)
    steps = run_steps(static, per_epoch, {"budget.gradient_evaluations": batch, "budget.flops": operations})
    checkpoints = checkpoint_steps(static["checkpoints"], steps, per_epoch)
    itemsize = {"float64": 8, "float32": 4}.get(static["dtype"], 2)
    per_lane = working_set(about.parameters, about.activations, batch, itemsize)
    recorded = about.parameters * (static["final_parameters"] + len(checkpoints) * _all_parameters(static["probes"]))
    records = record_bytes(len(checkpoints), about.layers, recorded)
    most = max(1, min(MOST_LANES_PER_PROGRAM, MOST_RECORDS // records))
    rows = Rows(about.all_rows * about.columns * itemsize, about.own_rows)
    needs = needs_of(per_lane, records, steps, static, rows)
    sizes = (about.multiplications, about.layers, batch)

    def chunk_of(width: int) -> int:
        return static["lanes"] or lanes or chunk_width(width, per_lane)

    for start in range(0, len(runs), most):
        for piece in pieces(values["seed"][start : start + most], chunk_of, needs, room):
            own = start + piece
            width, chunk = len(own), chunk_of(len(own))
            cost = estimate(width, *sizes, steps, about.all_rows, len(checkpoints), chunk, about.steps_before, costs)
            part = {axis: column[own] for axis, column in values.items()}
            named = {**static, "data": None} if about.by_content else static
            key = _key(named, part, chunk, steps, checkpoints, about.data_hash, identity)
            lasts = (chunk, steps, checkpoints, key)
            yield Program(static, part, runs[own], *lasts, per_lane, *cost, operations, records, rows)


def _all_parameters(probes: Any) -> bool:
    """Whether all parameters are recorded at every checkpoint."""
    return "parameters" in (probes if isinstance(probes, tuple) else (probes,))


def _text(static: Mapping[str, Any]) -> str:
    return json.dumps(static, sort_keys=True, default=list)


def _key(
    static: Mapping[str, Any],
    lanes: Mapping[str, NDArray[Any]],
    chunk: int,
    steps: int,
    checkpoints: tuple[int, ...],
    data_hash: str,
    identity: str,
) -> str:
    digest = hashlib.sha256(_text(static).encode())
    for axis in sorted(lanes):
        digest.update(axis.encode() + b"\0" + np.ascontiguousarray(lanes[axis]).tobytes())
    digest.update(json.dumps([chunk, steps, checkpoints, data_hash, identity]).encode())
    return digest.hexdigest()
