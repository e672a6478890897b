"""From a contest to answers: places with intervals, who is separated from whom, and what tuning costs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.ranking.contest import Contest, Key
from bench.stats.comparison import Comparison, Interval, compare_all, groups, in_words, least_pairs, mean_interval
from bench.stats.profiles import profile, profile_score
from bench.stats.targets import TimeToTarget, time_to_target
from bench.stats.tuning import best_of_weights

RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
"""Where a performance profile is written down."""

MOST_SENTENCES = 12
"""Comparisons with the first that are spelled out."""

Pairs = Mapping[tuple[str, str], Comparison]


class Place(NamedTuple):
    """One contestant, on one problem or on all of them.

    Attributes:
        contestant: in words.
        value: mean of what is ranked over the seeds that judge, with its interval.
        group: letters; contestants that share one are not separated.
        lost: how many of the runs that judge diverged.
        time: to the target, on one problem; else None.
    """

    contestant: str
    value: Interval
    group: str
    lost: int
    time: TimeToTarget | None = None


class Table(NamedTuple):
    """Places from best to worst, and the comparison of every two, in that order and as one family."""

    places: tuple[Place, ...]
    pairs: Pairs


class Standing(NamedTuple):
    """Everything that is said of a contest.

    Attributes:
        contest: it.
        value, higher: what is ranked over all problems, and whether more of it is better.
        overall: over the problems that all contestants met; without places if there is none.
        by_problem: problem -> its own table.
        judges: how many seeds judge.
        profiles: contestant -> share of problems and seeds solved within each of `RATIOS` times the best; empty without
            a target or with one problem.
    """

    contest: Contest
    value: str
    higher: bool
    overall: Table
    by_problem: Mapping[Key, Table]
    judges: int
    profiles: Mapping[str, NDArray[np.float64]]


def words(key: Key, axes: Sequence[str] = ()) -> str:
    """A contestant or problem in words, with the names of its axes where they are given."""
    cells = [f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value) for value in key]
    return ", ".join(f"{axis} = {cell}" for axis, cell in zip(axes, cells, strict=True)) if axes else ", ".join(cells)


def judge(contest: Contest) -> Standing:
    """Judges a contest on the seeds that did not tune it; on all of them where nothing was tuned.

    Over several problems, times to a target are made into the profile score of each seed; anything else is averaged.
    """
    by_problem = {problem: _on(contest, problem) for problem in contest.problems}
    shared = shared_problems(contest)
    scores, value, higher, profiles = _overall(contest, shared)
    lost = {who: sum(_lost(contest, problem, who) for problem in shared) for who in contest.contestants}
    overall = _table(contest, scores, higher, lost) if shared else Table((), {})
    judges = len(contest.judged(*next(iter(contest.trials))))
    return Standing(contest, value, higher, overall, by_problem, judges, profiles)


def shared_problems(contest: Contest) -> list[Key]:
    """The problems that all contestants met."""
    everybody = contest.contestants
    return [problem for problem in contest.problems if all((problem, who) in contest.trials for who in everybody)]


def _overall(
    contest: Contest, shared: Sequence[Key]
) -> tuple[dict[Key, NDArray[np.float64]], str, bool, dict[str, NDArray[np.float64]]]:
    """Per contestant one number per seed that judges, what it is, whether more is better, and performance profiles."""
    who = contest.contestants
    if contest.target is not None and len(shared) > 1:
        costs = np.array([[_time(contest, problem, one) for problem in shared] for one in who])
        shares = profile(costs.reshape(len(costs), -1), RATIOS)
        profiles = dict(zip(map(words, who), shares, strict=True))
        return dict(zip(who, profile_score(costs), strict=True)), "profile score", True, profiles
    means = {one: np.mean([contest.shown(problem, one) for problem in shared], axis=0) for one in who}
    return means, contest.value, contest.sign < 0, {}


def _time(contest: Contest, problem: Key, who: Key) -> NDArray[np.float64]:
    """Time to target under the seeds that judge, above 0, and infinite where it was not reached."""
    times = np.maximum(contest.judged(problem, who), np.finfo(np.float64).tiny)
    return np.where(contest.judged(problem, who, "reached"), times, np.inf)


def _lost(contest: Contest, problem: Key, who: Key) -> int:
    return int(contest.judged(problem, who, "lost").sum())


def _on(contest: Contest, problem: Key) -> Table:
    there = [who for who in contest.contestants if (problem, who) in contest.trials]
    scores = {who: contest.shown(problem, who) for who in there}
    lost = {who: _lost(contest, problem, who) for who in there}
    times = {}
    if contest.target is not None:
        times = {who: time_to_target(scores[who], contest.judged(problem, who, "reached")) for who in there}
    return _table(contest, scores, contest.sign < 0, lost, times)


def _table(
    contest: Contest,
    scores: Mapping[Key, NDArray[np.float64]],
    higher: bool,
    lost: Mapping[Key, int],
    times: Mapping[Key, TimeToTarget] | None = None,
) -> Table:
    order = sorted(scores, key=lambda who: float(scores[who].mean()) * (-1 if higher else 1))
    pairs = compare_all({words(who): scores[who] for who in order})
    if contest.tunes:  # of new seeds only every other one would judge
        pairs = {pair: one._replace(more=one.more and int(float(f"{2 * one.more:.2g}"))) for pair, one in pairs.items()}
    letters = groups([words(who) for who in order], pairs)
    times = times or {}
    places = [
        Place(words(who), mean_interval(scores[who]), letters[words(who)], lost[who], times.get(who)) for who in order
    ]
    return Table(tuple(places), pairs)


def budgets(contest: Contest) -> dict[int, dict[str, Interval]]:
    """What tuning costs: number of configurations tried -> contestant -> what to expect of the best of them.

    The unbiased estimate over all subsets of that size (Tang et al. 2020), averaged over problems: one half of the
    seeds chooses, the other judges. Empty where nothing was tuned.
    """
    shared = shared_problems(contest)
    cells = [contest.trials[problem, who] for problem in shared for who in contest.contestants]
    most = min((len(own.costs) for own in cells), default=0)
    tries = sorted({round(most ** (power / 3)) for power in range(4)}) if most > 1 else []

    def after(who: Key, count: int) -> Interval:
        found = []
        for problem in shared:
            own = contest.trials[problem, who]
            order = own.order(own.half(judging=False))
            judged = contest.sign * own.costs[order][:, own.half(judging=True)]
            found.append(best_of_weights(len(order), count, replace=False) @ judged)
        return mean_interval(np.mean(found, axis=0))

    return {count: {words(who): after(who, count) for who in contest.contestants} for count in tries}


def sentences(standing: Standing) -> list[str]:
    """The winner against everybody else, and what so few seeds cannot show."""
    pairs, unit = standing.overall.pairs, f" in {standing.value}"
    first, word = standing.overall.places[0].contestant, "higher" if standing.higher else "lower"
    found = [in_words(pair, one, unit, word) for pair, one in pairs.items() if first in pair][:MOST_SENTENCES]
    least = least_pairs(len(pairs))
    if standing.judges < least:
        seeds = 2 * least if standing.contest.tunes else least
        judges, many = f"{standing.judges} seeds judge", f"{len(pairs)} pairs" if len(pairs) > 1 else "two"
        found.append(f"{judges}, which is too few to separate anybody among {many}; {seeds} seeds can.")
    return found
