"""Questions to a grid of one's own: whether they can be answered, and the study that a grid with them is."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bench.claims import MEASURES, SERIES, check_target
from bench.errors import InputError, unknown
from bench.spec import Claim, Evidence, Finding, Grid, Study
from bench.spec.grid import values_of
from bench.spec.question import UNITS, Question, Rank, Refine
from bench.spec.run import kind
from bench.spec.study import never

MOST_ROUNDS = 6
MOST_VALUES = 1000
LEAST_SEEDS = 4
"""Two that choose and two that judge: fewer have no interval."""


def study(
    name: str,
    title: str,
    question: Question,
    claims: tuple[Claim, ...] = (),
    judge: Callable[[Evidence], Sequence[Finding]] = lambda evidence: (),
) -> Study:
    """A grid of one's own as a study, with the rounds that its question asks for.

    Args:
        name: of its folder.
        title: in one line.
        question: the grid, who is ranked, where to look closer.
        claims, judge: of the grid's file.
    """
    refine = never
    if question.refine:
        from bench.ranking.refine import rounds_of  # noqa: PLC0415 - pandas, after the arguments were read

        refine = rounds_of(question)
    grids = (question.grid,)
    return Study("", name, title, claims, "", lambda profile, data: grids, judge, (), (), refine, question)


def asked(grid: Grid, refine: Mapping[str, Any] | None) -> Question:
    """The question of a grid in Python.

    Args:
        grid: the axes.
        refine: fields of `Refine`; None where there is nothing to look closer at.

    Raises:
        InputError: an unknown field, or a question that the grid cannot answer.
    """
    try:
        found = Question(grid, None, None if refine is None else msgspec.convert(refine, Refine))
    except msgspec.ValidationError as error:
        raise InputError(f"refine: {error}.") from None
    check(found)
    return found


def check(question: Question) -> None:
    """Raises InputError if a question cannot be answered by its grid, with its place and what would be right."""
    grid, rank, refine, _ = question
    place = "rank"
    try:
        if rank:
            _check_rank(rank, grid)
        place = "refine"
        if refine:
            _check_refine(refine, grid)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _check_rank(rank: Rank, grid: Grid) -> None:
    if len(set(rank.axes)) < len(rank.axes):
        raise InputError(f"by = {rank.by!r}: name every axis once.")
    for axis in rank.axes:
        if axis == "seed" or len(values_of(grid, axis)) < 2:
            raise InputError(f"by = {axis!r}: give an axis of two and more values other than the seed.")
    if not rank.axes:
        raise InputError("by = []: give at least one axis.")
    for axis in rank.tuned or ():
        values_of(grid, axis)
        if axis == "seed" or axis in rank.axes:
            raise InputError(f"tuned = {axis!r}: give axes other than the seed and those that compete.")
    valid = MEASURES[:-1] if rank.target is None else SERIES
    if rank.measure and rank.measure not in valid:
        raise unknown("measure", rank.measure, valid)
    if rank.unit not in UNITS:
        raise unknown("unit", rank.unit, UNITS)
    if rank.target is None and rank.unit != "step":
        raise InputError(f"unit = {rank.unit!r} is of the time to a target; give one.")
    if rank.target is not None:
        check_target(rank.target, rank.measure)
    seeds = len(values_of(grid, "seed")) if "seed" in grid.axes else 1
    if seeds < LEAST_SEEDS:
        raise InputError(f"the grid has {seeds} seed(s); give at least {LEAST_SEEDS}: half choose, half judge.")


def _check_refine(refine: Refine, grid: Grid) -> None:
    axis, values = refine.axis, values_of(grid, refine.axis)
    plain = {value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)}
    numbers = {value for value in plain if math.isfinite(value)}
    if kind(axis) != "traced" or axis == "seed" or len(numbers) < len(values) or len(numbers) < 2:
        raise InputError(f"axis = {axis!r}: give a traced axis of two and more finite numbers, such as learning_rate.")
    if any(axis in group for group in grid.zipped):
        raise InputError(f"axis = {axis!r} is zipped with others, which would have no further values.")
    for name, value, most in (("rounds", refine.rounds, MOST_ROUNDS), ("count", refine.count, MOST_VALUES)):
        if not 1 <= value <= most:
            raise InputError(f"{name} = {value}: give a whole number from 1 to {most}.")
