"""Whether the runs that were planned can answer what is asked of them, before any of them is compiled."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.claims import BEST_RATE, MEASURES, SERIES, measured
from bench.errors import InputError
from bench.questions import LEAST_SEEDS
from bench.ranking.contest import lineup
from bench.ranking.refine import refining
from bench.spec import Program, Table
from bench.spec.question import OwnClaim, Question, Rank
from bench.stats.comparison import least_pairs

TableOf = Callable[[Program], Table]


def check(question: Question, programs: Sequence[Program], tables: TableOf) -> None:
    """Looks at what was planned as the answer will look at what was trained.

    Args:
        question: what is asked.
        programs: those of the grid.
        tables: the data of a program, under any of its seeds.

    Raises:
        InputError: a ranking, a refinement or a claim that could not be answered whatever comes out; with its place and
            what would be right.
    """
    if not (question.rank or question.refine or question.claims):
        return
    runs = _runs(programs)
    place = "rank"
    try:
        if question.rank:
            _check_rank(question.rank, runs, programs, tables)
        place = "refine"
        if question.refine and question.refine.axis not in lineup(runs, refining(question)).tuned:
            raise InputError(
                f"axis = {question.refine.axis!r}: it competes, or goes with who competes; refine another."
            )
        for number, one in enumerate(question.claims, 1):
            place = f"claim {number}"
            _check_claim(one, runs, programs, tables, len(question.claims))
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _runs(programs: Sequence[Program]) -> pd.DataFrame:
    """A row per planned run: its axes, null where they do not apply, and the number of its program."""
    axes = dict.fromkeys(axis for program in programs for axis in (*program.static, *program.lanes))

    def column(program: Program, axis: str) -> Any:
        if axis in program.lanes:
            return program.lanes[axis]
        value = program.static.get(axis)
        own = np.empty(program.width, object)
        own[:] = str(value) if isinstance(value, tuple) else value
        return own

    columns = {axis: np.concatenate([column(program, axis) for program in programs]) for axis in axes}
    number = np.repeat(np.arange(len(programs)), [program.width for program in programs])
    return pd.DataFrame({**columns, "program": number})


def _check_rank(rank: Rank, runs: pd.DataFrame, programs: Sequence[Program], tables: TableOf) -> None:
    line = lineup(runs, rank)
    for axis in rank.axes:
        if axis not in line.by:
            other = ", ".join(line.axes) or "none"
            raise InputError(f"by = {axis!r}: all runs have the same, or none; axes that vary: {other}.")
    timed = rank.target is not None
    _check_measure(rank.measure, SERIES if timed else MEASURES[:-1], programs, tables)
    for program in programs if timed else ():
        if not program.steps:
            raise InputError(f"target = {rank.target:g}: runs of 0 steps take no time; give them steps.")
        if rank.unit == "flops" and not program.step_flops:
            raise InputError(
                f"unit = 'flops': those of model {program.static['model']!r} are not counted; give 'step'."
            )
    everywhere = _seeds(runs, line.axes)
    if len(everywhere) < LEAST_SEEDS:
        raise InputError(
            f"{len(everywhere)} seed(s) are common to all configurations; give them at least {LEAST_SEEDS}:"
            " half choose, half judge."
        )
    meetings = runs.drop_duplicates([*line.over, *line.by])
    meets = meetings.groupby(list(line.over), dropna=False).size() if line.over else pd.Series([len(meetings)])
    if int(meets.to_numpy().max()) < 2:
        raise InputError(f"on no problem ({', '.join(line.over)}) are there two of {', '.join(line.by)} to compare.")


def _seeds(runs: pd.DataFrame, axes: Sequence[str]) -> NDArray[np.int64]:
    """The seeds under which every configuration of some runs is tried, ascending."""
    configurations = len(runs.drop_duplicates(list(axes))) if axes else 1
    seeds, counts = np.unique(runs["seed"].to_numpy(np.int64), return_counts=True)
    return seeds[counts == configurations]


def _check_measure(measure: str, valid: Iterable[str], programs: Iterable[Program], tables: TableOf) -> None:
    """Refuses a measure that some of these programs cannot have; "" is one that all have."""
    lacking = [_lacks(program, tables(program)) for program in programs]
    series = next((series for series in SERIES if measure.endswith(series)), "")
    reason = next((lacks[series] for lacks in lacking if series in lacks), "")
    if reason:
        there = [one for one in valid if not any(one.endswith(own) for lacks in lacking for own in lacks)]
        raise InputError(f"measure = {measure!r}: {reason}. Valid: {', '.join(there)}.")


def _lacks(program: Program, table: Table) -> Mapping[str, str]:
    """The series that runs of a program cannot have, each with the reason."""
    static, lacks = program.static, {}
    if static["data"] is None:
        return dict.fromkeys(SERIES[1:], f"model {static['model']!r} has no data, and so a train loss alone")
    if not table.classes:
        lacks |= dict.fromkeys(SERIES[2:], f"data {static['data']!r} has no classes to be right about")
    if not len(table.x_test):
        own = f"data {static['data']!r} has no test rows under split = {static['split']!r}"
        lacks |= dict.fromkeys(("test_loss", "test_accuracy"), f"{own}; give one such as '{_split(table.rows)}'")
    return lacks


def _split(rows: int) -> str:
    """Four fifths of the rows to train with."""
    test = max(1, rows // 5)
    return f"{rows - test}/{test}"


def _check_claim(one: OwnClaim, runs: pd.DataFrame, programs: Sequence[Program], tables: TableOf, claims: int) -> None:
    if one.kind == "slope":
        axis = str(one.over)
        values = runs[axis].dropna().unique().tolist()
        if len(values) < 2 or bool(runs[axis].isna().any()):
            raise InputError(f"over = {axis!r}: some runs do not have it, or all have the same; name another axis.")
        sides = {f"{axis} = {value!r}": {**(one.where or {}), axis: value} for value in sorted(values)}
    else:
        sides = {name: getattr(one, name) for name in ("first", "second")}
    several, seeds = False, []
    for name, side in sides.items():
        own: Any = runs[np.logical_and.reduce([_has(runs[axis], value) for axis, value in side.items()])]
        if own.empty:
            raise InputError(f"{name}: no run has {', '.join(f'{axis} = {value!r}' for axis, value in side.items())}.")
        axes = lineup(own, Rank()).axes
        configurations = len(own.drop_duplicates(axes)) if axes else 1
        several |= configurations > 1 and one.measure != BEST_RATE
        seeds.append(_seeds(own, axes))
        if len(own) > configurations * len(seeds[-1]) or len(seeds[-1]) != len(seeds[0]) or any(seeds[-1] != seeds[0]):
            raise InputError(f"{name}: its runs are not all there under the same seeds, which exclusions took.")
        used = [programs[number] for number in own["program"].unique()]
        _check_measure(measured(one), SERIES if one.kind == "before" else MEASURES[:-1], used, tables)
    _check_judges(one, several, len(seeds[0]), claims)


def _has(column: Any, value: Any) -> NDArray[np.bool_]:
    """Which runs have this value of an axis, up to the rounding of a value over a range."""
    if pd.api.types.is_numeric_dtype(column) and not isinstance(value, str):
        return np.isclose(column.to_numpy(np.float64), value, rtol=1e-9, atol=0)
    return (column == value).to_numpy(bool)


def _check_judges(one: OwnClaim, several: bool, seeds: int, claims: int) -> None:
    """Refuses seeds that could not decide, whatever they say."""
    least = 2 if one.kind == "equal" else least_pairs(claims)
    judges = math.ceil(seeds / 2) if several else seeds
    if judges < least:
        needed, half = (2 * least - 1, ", the other half choosing its configuration") if several else (least, "")
        raise InputError(f"{judges} of {seeds} seed(s) judge it{half}, which decides nothing; give at least {needed}.")
