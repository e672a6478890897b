"""The answer to a grid's question in the terminal."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from bench.ranking.answer import Answer
from bench.ranking.judge import Standing, sentences, shared_problems, words
from bench.ranking.rates import RATE
from bench.stats.comparison import Interval


def show(found: Answer, out: Console, path: Path) -> None:
    """Everything, in the terminal.

    Args:
        found: the answer.
        out: where to.
        path: of the file with the winner's configuration.
    """
    contest, standing = found.contest, found.standing
    if len(found.rates) and (standing or len(found.rates) > 1):
        _titled(out, f"best {RATE.replace('_', ' ')} by {contest.value}, of all seeds", _rates(found))
    if not standing:
        return
    if contest.over or contest.target is not None:
        _titled(out, "problem by problem", _problems(standing))
    if found.budgets:
        _titled(
            out, f"{contest.value} to expect of the best of so many configurations, at random [95 %]", _budgets(found)
        )
    if standing.overall.places:
        _titled(out, _title(standing), _ranking(standing))
        for text in sentences(standing):
            out.print(text, soft_wrap=True, markup=False)
    if found.best:
        out.print(f"The winner's configuration, `python -m bench.run {path}`:", soft_wrap=True, markup=False)
        out.print(found.best.rstrip(), soft_wrap=True, markup=False)


def _titled(out: Console, title: str, grid: Grid) -> None:
    out.print(f"{title}:", soft_wrap=True, markup=False)
    out.print(grid)


def _title(standing: Standing) -> str:
    contest = standing.contest
    shared = len(shared_problems(contest))
    problems = f" over {shared} problem{'s' * (shared != 1)} ({', '.join(contest.over)})" if contest.over else ""
    tuned = f"; {', '.join(contest.tuned)} chosen by the other seeds" if contest.tunes else ""
    return f"rank by {standing.value}{problems}, {standing.judges} seeds{tuned}; one letter: not separated"


def _ranking(standing: Standing) -> Grid:
    grid = Grid("rank", ", ".join(standing.contest.by), f"{standing.value} [95 %]", "group")
    lost = any(place.lost for place in standing.overall.places)
    if lost:
        grid.add_column("diverged")
    for number, place in enumerate(standing.overall.places, 1):
        cells = (str(number), escape(place.contestant), span(place.value), place.group)
        grid.add_row(*cells, *([str(place.lost)] if lost else []))
    return grid


def _problems(standing: Standing) -> Grid:
    contest, timed = standing.contest, standing.contest.target is not None
    means = ("reached", f"median {contest.value} [95 %]", "mean up to the end [95 %]")
    columns = means if timed else (f"{contest.value} [95 %]",)
    grid = Grid("problem", ", ".join(contest.by), *columns, "group")
    for problem, table in standing.by_problem.items():
        if grid.row_count:
            grid.add_section()
        for number, place in enumerate(table.places):
            cells = (span(place.value),)
            if place.time:
                median = "not by half" if np.isnan(place.time.median) else place.time.in_words("").replace("  ", " ")
                mean = Interval(place.time.restricted_mean, place.time.low, place.time.high)
                cells = (f"{place.time.reached} of {place.time.runs}", median, span(mean))
            lead = escape(words(problem, contest.over)) if not number else ""
            grid.add_row(lead, escape(place.contestant), *cells, place.group)
    return grid


def _budgets(found: Answer) -> Grid:
    standing = found.standing
    assert standing is not None
    grid = Grid(", ".join(found.contest.by), *map(str, found.budgets))
    for place in standing.overall.places:
        grid.add_row(escape(place.contestant), *(span(costs[place.contestant]) for costs in found.budgets.values()))
    return grid


def _rates(found: Answer) -> Grid:
    contest = found.contest
    good = "rates of at most twice the time" if contest.target is not None else "rates of nine tenths of the gain"
    columns = (*contest.by, *contest.over, "best rate", "typical of one seed [95 %]", good)
    grid = Grid(*columns)
    for row in found.rates.to_dict("records"):
        keys = [escape(words((row[axis],))) for axis in (*contest.by, *contest.over)]
        typical = Interval(row["typical"], row["low"], row["high"])
        width = "" if np.isnan(row["decades"]) else f"{'at least ' if row['open'] else ''}{row['decades']:.1f} decades"
        grid.add_row(*keys, f"{row['best']:.4g}", span(typical), width)
    return grid


def span(interval: Interval) -> str:
    """A mean and its interval to as many digits as the interval knows."""
    if np.isnan(interval.low):
        return f"{interval.mean:.4g}"
    width = interval.high - interval.low
    if width <= 1e-6 * abs(interval.mean):
        return f"{interval.mean:.4g} [{interval.low:.4g}, {interval.high:.4g}]"
    digits = 3 if width <= 0 else int(np.clip(1 - np.floor(np.log10(width)), 0, 9))
    if abs(interval.mean) >= 1e6 or (0 < abs(interval.mean) < 1e-4):
        return f"{interval.mean:.3g} [{interval.low:.3g}, {interval.high:.3g}]"
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
