"""The answer to a grid's question: what is said in the terminal, as events, and in files beside the tables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from bench.events import Event, Listener
from bench.questions import LEAST_SEEDS
from bench.ranking.configuration import winner
from bench.ranking.contest import Contest, contest_of
from bench.ranking.judge import RATIOS, Standing, Table, budgets, judge, shared_problems, words
from bench.ranking.rates import RATE, best_rates
from bench.spec.grid import values_of
from bench.spec.question import Question, Rank
from bench.stats.comparison import Interval, in_words

if TYPE_CHECKING:
    from bench.pipeline import Judged

MOST_SENTENCES = 12
"""Comparisons with the first that are spelled out."""


class Answer(NamedTuple):
    """What a contest says.

    Attributes:
        contest: it.
        standing: who is best; None where nobody competes, or too few seeds were run.
        rates: best learning rates, see `best_rates`; without rows where the rate was not tuned.
        budgets: what tuning costs, see `budgets`.
        best: the winner's configuration as TOML; empty without a winner.
    """

    contest: Contest
    standing: Standing | None
    rates: pd.DataFrame
    budgets: Mapping[int, Mapping[str, Interval]]
    best: str = ""


def answer(runs: pd.DataFrame, curves: pd.DataFrame, question: Question, folder: Path) -> Answer:
    """What the tables say to a question.

    Args:
        runs, curves: the tables.
        question: what was asked.
        folder: where the winner's file will lie.
    """
    rank = question.rank or Rank()
    contest = contest_of(runs, curves, rank)
    seeds = len(next(iter(contest.trials.values())).seeds)
    standing = judge(contest) if len(contest.contestants) > 1 and seeds >= LEAST_SEEDS else None
    costs, best = {}, ""
    if standing and standing.overall.places:
        costs = budgets(contest_of(_first_round(runs, question), curves, rank) if question.refine else contest)
        first = standing.overall.places[0].contestant
        best = winner(contest, first, shared_problems(contest), question.grid, folder)
    return Answer(contest, standing, best_rates(contest), costs, best)


def _first_round(runs: pd.DataFrame, question: Question) -> Any:
    """The runs of the grid as it was given: only these are a sample of it."""
    assert question.refine is not None
    column = runs[question.refine.axis].to_numpy(np.float64)
    given = np.asarray(values_of(question.grid, question.refine.axis), np.float64)
    near = np.isclose(column[:, None], given, rtol=1e-9, atol=0).any(axis=1) | np.isnan(column)
    return runs[near]


def answered(judged: "Judged") -> Answer | None:
    """The answer of a grid of one's own that was run, saved beside its tables; None for studies of the catalogue."""
    question, evidence = judged.study.question, judged.evidence
    if question is None or judged.failed or evidence.curves.empty:
        return None
    found = answer(evidence.runs, evidence.curves, question, judged.folder)
    save(found, judged.folder, judged.study.name)
    return found


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


def best_path(folder: Path, name: str) -> Path:
    """Where the winner's configuration lies; its name is that of the grid that it makes."""
    return folder / f"{f'best-{name}'[:64]}.toml"


def sentences(standing: Standing) -> list[str]:
    """The winner against everybody else, and what so few seeds cannot show."""
    pairs, unit = standing.overall.pairs, f" in {standing.value}"
    first, word = standing.overall.places[0].contestant, "higher" if standing.higher else "lower"
    found = [in_words(pair, one, unit, word) for pair, one in pairs.items() if first in pair][:MOST_SENTENCES]
    least = int(np.ceil(np.log2(2 * len(pairs) / 0.05)))
    if standing.judges < least:
        seeds = 2 * least if standing.contest.tunes else least
        judges = f"{standing.judges} seeds judge"
        found.append(f"{judges}, which is too few to separate anybody among {len(pairs)} pair(s); {seeds} seeds can.")
    return found


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
    digits = 3 if width <= 0 else int(np.clip(1 - np.floor(np.log10(width)), 0, 9))
    if abs(interval.mean) >= 1e6 or (0 < abs(interval.mean) < 1e-4):
        return f"{interval.mean:.3g} [{interval.low:.3g}, {interval.high:.3g}]"
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def ranks(standing: Standing) -> list[dict[str, Any]]:
    """A row per place, over all problems (`problem` empty) and on each."""
    over, contest = {"": standing.overall}, standing.contest
    tables = over | {words(p, contest.over): t for p, t in standing.by_problem.items() if contest.over}
    if standing.contest.target is not None and not contest.over:
        tables = {"": next(iter(standing.by_problem.values()))}
    rows = []
    for problem, table in tables.items():
        value = standing.value if not problem else contest.value
        for number, place in enumerate(table.places, 1):
            mean = {"value": value, "mean": place.value.mean, "low": place.value.low, "high": place.value.high}
            row = {"problem": problem, "rank": number, "contestant": place.contestant, **mean, "group": place.group}
            time = place.time._asdict() if place.time else {}
            rows.append(row | {"diverged": place.lost} | {f"time_{name}": one for name, one in time.items()})
    return rows


def pairs(standing: Standing) -> list[dict[str, Any]]:
    """A row per comparison, over all problems (`problem` empty) and on each."""
    tables: dict[str, Table] = {"": standing.overall}
    if standing.contest.over:
        tables |= {words(p, standing.contest.over): t for p, t in standing.by_problem.items()}
    return [
        {"problem": problem, "first": pair[0], "second": pair[1]} | one._asdict()
        for problem, table in tables.items()
        for pair, one in table.pairs.items()
    ]


def events(found: Answer) -> Iterator[Event]:
    """Places, comparisons and best learning rates, one event each."""
    rows: Sequence[tuple[str, list[dict[str, Any]]]] = (("best_rate", found.rates.to_dict("records")),)  # pyright: ignore
    if found.standing:
        rows = (("rank", ranks(found.standing)), ("pair", pairs(found.standing)), *rows)
    for kind, own in rows:
        for facts in own:
            yield Event(kind, facts)


def tell(judged: "Judged", listener: Listener) -> None:
    """Tells the answer of a grid of one's own, if it has one, and saves it."""
    if found := answered(judged):
        for event in events(found):
            listener(event)


def save(found: Answer, folder: Path, name: str) -> None:
    """Writes the answer beside the tables of a grid."""
    tables: dict[str, Any] = {"best_rates": found.rates}
    standing = found.standing
    if standing:
        tables |= {"ranking": ranks(standing), "pairs": pairs(standing)}
        tables["budgets"] = [
            {"configurations": count, "contestant": who} | one._asdict()
            for count, own in found.budgets.items()
            for who, one in own.items()
        ]
        tables["profile"] = [
            {"contestant": who, "ratio": ratio, "share": float(share)}
            for who, own in standing.profiles.items()
            for ratio, share in zip(RATIOS, own, strict=True)
        ]
    for table, rows in tables.items():
        if len(rows):
            _write(folder / f"{table}.csv", pd.DataFrame(rows).to_csv(index=False))
    if found.best:
        _write(best_path(folder, name), found.best)


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
