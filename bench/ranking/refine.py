"""Looking closer: further values of an axis around the best one, for every contestant on every problem."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from bench.ranking.configuration import axes_of
from bench.ranking.contest import Trials, contest_of
from bench.spec import Evidence, Grid
from bench.spec.question import Question, Rank

DIGITS = 4
OPEN_ENDED = "learning_rate"
"""The axis whose values may lie beyond those that were tried; others may have bounds that are not known here."""


def refining(question: Question) -> Rank:
    """Who competes where one axis is looked at more closely: that axis is tuned, too."""
    rank, refine = question.rank or Rank(), question.refine
    if refine is None or rank.tuned is None:
        return rank
    return msgspec.structs.replace(rank, tuned=[*rank.tuned, refine.axis])


def rounds_of(question: Question) -> Callable[[Evidence, int], Sequence[Grid]]:
    """The `refine` of a study that asks this: one grid per contestant and problem and round."""
    grid, refine, rank = question.grid, question.refine, refining(question)
    assert refine is not None

    def grids(evidence: Evidence, completed: int) -> Sequence[Grid]:
        if completed >= refine.rounds:
            return ()
        contest = contest_of(evidence.runs, evidence.curves, rank)
        seeds = {"seed": grid.axes["seed"]} if "seed" in grid.axes else {}
        found = []
        for trials in contest.trials.values():
            best = trials.examples.iloc[trials.best()]
            if values := _values(trials, best, contest.tuned, refine.axis, refine.count):
                found.append(Grid({**axes_of(best, grid), refine.axis: values, **seeds}))
        return found

    return grids


def _values(trials: Trials, best: Any, tuned: Sequence[str], axis: str, count: int) -> list[float]:
    """New values of an axis, what else is tuned being as in the best configuration."""
    same = np.ones(len(trials.examples), bool)
    for other in tuned:
        if other != axis:
            column = trials.examples[other]
            same &= (column.isna() if best[other] != best[other] else column == best[other]).to_numpy(bool)
    if best[axis] != best[axis]:  # an option that this contestant lacks
        return []
    return next_values(
        trials.examples[axis].to_numpy(np.float64)[same].tolist(), float(best[axis]), count, axis == OPEN_ENDED
    )


def next_values(tried: Sequence[float], best: float, count: int, open_ended: bool) -> list[float]:
    """Values between the best and its neighbours, or beyond an edge that is the best.

    Spaced evenly, on a logarithmic scale where all values are positive.

    Args:
        tried: values so far, `best` among them.
        best: the best of them.
        count: how many more.
        open_ended: whether there may be values beyond those tried.

    Returns:
        Ascending, none of them tried before.
    """
    places = np.unique(np.asarray(tried, np.float64))
    logarithmic = bool((places > 0).all())
    at = int(np.argmin(np.abs(places - best)))
    x = np.log(places) if logarithmic else places
    edge = {0: 1, len(x) - 1: -1}.get(at) if len(x) > 1 else None
    if len(x) == 1:
        return []
    if edge and open_ended:
        new = x[at] - edge * abs(x[at] - x[at + edge]) * np.arange(1, count + 1)
    elif edge:
        new = np.linspace(x[at], x[at + edge], count + 2)[1:-1]
    else:
        below = count // 2
        new = np.concatenate(
            [np.linspace(x[at - 1], x[at], below + 2)[1:-1], np.linspace(x[at], x[at + 1], count - below + 2)[1:-1]]
        )
    values = np.exp(new) if logarithmic else new
    rounded = {float(f"{value:.{DIGITS}g}") for value in values}
    return sorted(rounded - set(places.tolist()))
