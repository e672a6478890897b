"""The answer to a grid's question, as events and in files beside the tables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from bench.errors import InputError, unknown
from bench.events import Event, Listener
from bench.questions import LEAST_SEEDS
from bench.ranking.configuration import winner
from bench.ranking.contest import Contest, contest_of
from bench.ranking.judge import RATIOS, Standing, Table, budgets, judge, sentences, shared_problems, words
from bench.ranking.rates import best_rates
from bench.spec.grid import values_of
from bench.spec.question import UNITS, Question, Rank
from bench.stats.comparison import Interval

if TYPE_CHECKING:
    from bench.pipeline import Judged


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


class Ranking(NamedTuple):
    """Who is best, as tables.

    Attributes:
        table: a row per place, over all problems (`problem` empty) and on each.
        pairs: a row per comparison, the same.
        profile: share of problems and seeds solved within so many times the best; without rows without a target.
        sentences: the winner against everybody else.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    profile: pd.DataFrame
    sentences: tuple[str, ...]


def ranking_of(runs: pd.DataFrame, curves: pd.DataFrame, rank: Rank) -> Ranking:
    """Who is best, from tables alone.

    Raises:
        InputError: nobody competes, an unknown name, or too few seeds.
    """
    series = rank.target is not None
    for kind, name, valid in (("measure", rank.measure, curves if series else runs), ("unit", rank.unit, UNITS)):
        if name and name not in valid:
            raise unknown(kind, name, valid)
    for axis in (*rank.axes, *(rank.tuned or ())):
        if axis not in runs:
            raise unknown("axis", axis, runs)
    contest = contest_of(runs, curves, rank)
    if len(contest.contestants) < 2:
        raise InputError(f"by = {rank.by!r} has one value in these runs; name an axis that varies.")
    if len(next(iter(contest.trials.values())).seeds) < LEAST_SEEDS:
        raise InputError(f"there are fewer than {LEAST_SEEDS} seeds; half choose, half judge.")
    found = judge(contest)
    places, compared, profile = (pd.DataFrame(rows) for rows in (ranks(found), pairs(found), profiles(found)))
    return Ranking(places, compared, profile, tuple(sentences(found)))


def answer(runs: pd.DataFrame, curves: pd.DataFrame, question: Question, folder: Path) -> Answer:
    """What the tables say to a question.

    Args:
        runs, curves: the tables.
        question: what was asked.
        folder: where the winner's file will lie.

    Raises:
        InputError: nothing of the kind was measured, such as the accuracy of a regression.
    """
    rank = question.rank or Rank()
    if rank.measure and rank.measure not in (runs if rank.target is None else curves):
        raise InputError(f"rank: no run of this grid has {rank.measure}; all is saved, rank by another measure.")
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


def best_path(folder: Path, name: str) -> Path:
    """Where the winner's configuration lies; its name is that of the grid that it makes."""
    return folder / f"{f'best-{name}'[:64]}.toml"


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


def profiles(standing: Standing) -> list[dict[str, Any]]:
    """A row per contestant and ratio: the share of problems and seeds solved within so many times the best."""
    return [
        {"contestant": who, "ratio": ratio, "share": float(share)}
        for who, own in standing.profiles.items()
        for ratio, share in zip(RATIOS, own, strict=True)
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
    tables: dict[str, Any] = {"best_rates": found.rates.assign(measure=found.contest.value)}
    standing = found.standing
    if standing:
        tables |= {"ranking": ranks(standing), "pairs": pairs(standing)}
        tables["budgets"] = [
            {"configurations": count, "contestant": who} | one._asdict()
            for count, own in found.budgets.items()
            for who, one in own.items()
        ]
        tables["profile"] = profiles(standing)
    for table, rows in tables.items():
        if len(rows):
            _write(folder / f"{table}.csv", pd.DataFrame(rows).to_csv(index=False))
    if found.best:
        _write(best_path(folder, name), found.best)


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
