"""From trials to answers: ranks with intervals, who is separated from whom, times to target, what tuning costs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.optimizers.panel import UNITS, Panel, Trials
from bench.optimizers.workloads import COARSE
from bench.stats.comparison import Comparison, Interval, compare_all, groups, mean_interval
from bench.stats.profiles import profile, profile_score
from bench.stats.targets import TimeToTarget, time_to_target
from bench.stats.tuning import basin, best_of_weights

RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
"""Where the performance profile is written down."""

BUDGETS = (1, 2, 3, 6)
"""Learning rates that a user may try, of the six of the first round."""


class Rank(NamedTuple):
    """One optimizer on the whole panel.

    Attributes:
        optimizer: which one.
        score: profile score over workloads, mean over the seeds that judge, with its interval.
        group: letters; optimizers that share one are not separated.
        solved: on how many workloads half of the runs reach the target.
        budget: learning rates tried -> share of the step budget spent, mean over workloads, with its interval.
        basin: decades of rates within twice the steps of the best, median over workloads where half of the runs solve.
        tried: learning rates tried, mean over workloads.
    """

    optimizer: str
    score: Interval
    group: str
    solved: int
    budget: Mapping[int, Interval]
    basin: float
    tried: float


class Row(NamedTuple):
    """One optimizer on one workload, at the rate that the other half of the seeds chose.

    Attributes:
        workload, optimizer: which.
        learning_rate: the chosen one.
        at_edge: whether it is the smallest or largest that was tried.
        times: unit -> time to target.
        loss: geometric mean of the loss at the end, over the seeds that judge.
        group: letters within the workload, by steps to target.
    """

    workload: str
    optimizer: str
    learning_rate: float
    at_edge: bool
    times: Mapping[str, TimeToTarget]
    loss: float
    group: str


class Verdict(NamedTuple):
    """Everything that is said of a panel.

    Attributes:
        ranks: from best to worst.
        pairs: (first, second) -> comparison of their profile scores, better ones first.
        rows: per workload and optimizer, those of a workload from best to worst.
        workload_pairs: workload -> comparisons of restricted steps to target, one family per workload.
        profiles: optimizer -> share of workloads and seeds solved within each of `RATIOS` times the fewest steps.
        judges: how many seeds judge.
    """

    ranks: tuple[Rank, ...]
    pairs: Mapping[tuple[str, str], Comparison]
    rows: tuple[Row, ...]
    workload_pairs: Mapping[str, Mapping[tuple[str, str], Comparison]]
    profiles: Mapping[str, NDArray[np.float64]]
    judges: int


def judge(panel: Panel) -> Verdict:
    """Judges a panel on the seeds that did not choose its learning rates.

    A run that never reaches the target spends the whole budget in a mean of steps, which is then a restricted one, and
    earns nothing in the profile.
    """
    steps = {key: _judged(trials, trials.steps) for key, trials in panel.trials.items()}
    costs = _costs(panel, steps)
    scores = dict(zip(panel.optimizers, profile_score(costs), strict=True))
    profiles = dict(zip(panel.optimizers, profile(costs.reshape(len(costs), -1), RATIOS), strict=True))
    order = sorted(panel.optimizers, key=lambda who: -float(scores[who].mean()))
    pairs = compare_all({who: scores[who] for who in order})
    letters = groups(order, pairs)
    rows: list[Row] = []
    workload_pairs = {}
    for name in panel.workloads:
        own_trials = {who: panel.trials[name, who] for who in order}
        losses = {who: float(np.exp(_judged(own, own.log_loss).mean())) for who, own in own_trials.items()}
        ranked = sorted(order, key=lambda who: (float(steps[name, who].mean()), losses[who]))
        workload_pairs[name] = compare_all({who: steps[name, who] for who in ranked})
        own = groups(ranked, workload_pairs[name])
        rows += [_row(name, who, own_trials[who], losses[who], own[who]) for who in ranked]
    ranks = tuple(_rank(panel, who, mean_interval(scores[who]), letters[who], rows) for who in order)
    return Verdict(ranks, pairs, tuple(rows), workload_pairs, profiles, len(scores[order[0]]))


def _judged(trials: Trials, values: NDArray[Any]) -> NDArray[Any]:
    """What the chosen rate did under the seeds that judge, (judges,)."""
    return values[trials.best()][trials.half(judging=True)]


def _costs(panel: Panel, steps: Mapping[tuple[str, str], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Steps to target, infinite where it was not reached, (optimizers, workloads, judges)."""

    def own(name: str, who: str) -> NDArray[np.float64]:
        trials = panel.trials[name, who]
        return np.where(_judged(trials, trials.reached), np.maximum(steps[name, who], 1), np.inf)

    return np.array([[own(name, who) for name in panel.workloads] for who in panel.optimizers])


def _row(name: str, who: str, trials: Trials, loss: float, group: str) -> Row:
    reached = _judged(trials, trials.reached)
    times = {unit: time_to_target(_judged(trials, trials.times[unit]), reached) for unit in UNITS}
    return Row(name, who, float(trials.rates[trials.best()]), trials.at_edge, times, loss, group)


def _rank(panel: Panel, who: str, score: Interval, group: str, rows: Sequence[Row]) -> Rank:
    own = [row for row in rows if row.optimizer == who]
    solved = [row.workload for row in own if 2 * row.times["step"].reached >= row.times["step"].runs]
    widths = [_basin(panel.trials[name, who]) for name in solved]
    tried = float(np.mean([len(panel.trials[name, who].rates) for name in panel.workloads]))
    return Rank(who, score, group, len(solved), _budget(panel, who), float(np.median(widths or [np.nan])), tried)


def _basin(trials: Trials) -> float:
    """Decades of learning rates within twice the steps of the best, over all seeds."""
    never = ~trials.reached.any(axis=1)
    return basin(trials.rates, np.where(never, np.inf, trials.steps.mean(axis=1))).decades


def _budget(panel: Panel, who: str) -> dict[int, Interval]:
    """Share of the step budget spent after tuning over so many of the first round's rates, on the seeds that judge."""
    curves: dict[int, list[NDArray[np.float64]]] = {k: [] for k in BUDGETS}
    for name, workload in panel.workloads.items():
        trials = panel.trials[name, who]
        first, judging = np.isin(trials.places, COARSE), trials.half(judging=True)
        spent = trials.steps / workload.axes["steps"]
        tuned = spent[first][:, ~judging].mean(axis=1)
        order = np.lexsort((trials.log_loss[first][:, ~judging].mean(axis=1), tuned))
        for k in BUDGETS:
            curves[k].append(best_of_weights(len(order), k, replace=False) @ spent[first][order][:, judging])
    return {k: mean_interval(np.mean(per_workload, axis=0)) for k, per_workload in curves.items()}
