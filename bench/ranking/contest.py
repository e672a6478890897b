"""A grid's tables as a contest: who meets whom, on which problems, and what each of their configurations did there."""

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.frames import to_target
from bench.outcome import measure_of, varied
from bench.spec.question import Rank
from bench.spec.run import kind
from bench.stats.tuning import halves

Key = tuple[Any, ...]
"""Values of the axes of a contestant, or of a problem."""


class Trials(NamedTuple):
    """What one contestant did on one problem, at every configuration and under every seed.

    Attributes:
        examples: a row of `runs` per configuration, (configurations,).
        seeds: ascending, (seeds,).
        costs: what is ranked, lower is better, (configurations, seeds).
        ties: what decides between equal costs, lower is better, (configurations, seeds).
        lost: which runs diverged, (configurations, seeds).
        reached: which runs reached the target, (configurations, seeds); all, where there is none.
        starts: what costs would be without training, (configurations, seeds).
    """

    examples: pd.DataFrame
    seeds: NDArray[np.int64]
    costs: NDArray[np.float64]
    ties: NDArray[np.float64]
    lost: NDArray[np.bool_]
    reached: NDArray[np.bool_]
    starts: NDArray[np.float64]

    def under(self, seeds: NDArray[np.int64]) -> "Trials":
        """The same under some of the seeds."""
        keep = np.isin(self.seeds, seeds)
        tables: dict[str, Any] = {name: getattr(self, name)[:, keep] for name in self._fields[2:]}
        return self._replace(seeds=self.seeds[keep], **tables)

    def order(self, seeds: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Configurations from best to worst by their means over some seeds; those of which a run diverged come last."""
        means = (self.ties[:, seeds].mean(axis=1), self.costs[:, seeds].mean(axis=1), self.lost[:, seeds].any(axis=1))
        return np.lexsort(means)

    def best(self) -> int:
        """The best configuration by all seeds."""
        return int(self.order(np.ones(len(self.seeds), bool))[0])

    def half(self, judging: bool) -> NDArray[np.bool_]:
        """The seeds that judge, or those that choose the configuration, (seeds,)."""
        return np.isin(self.seeds, halves(self.seeds)[int(judging)])


class Contest(NamedTuple):
    """Who meets whom on what.

    Attributes:
        by, over, tuned: axes of contestants, of problems, and those of which everybody gets the best value.
        measure: column that is ranked, or that is to come to the target.
        target, unit: of times; None and "" where the measure itself is ranked.
        contestants, problems: their values, in the order of the grid.
        trials: (problem, contestant) -> trials.
    """

    by: tuple[str, ...]
    over: tuple[str, ...]
    tuned: tuple[str, ...]
    measure: str
    target: float | None
    unit: str
    contestants: tuple[Key, ...]
    problems: tuple[Key, ...]
    trials: Mapping[tuple[Key, Key], Trials]

    @property
    def sign(self) -> int:
        """-1 where higher is better, so that costs are the negative of what is shown."""
        return -1 if self.target is None and self.measure.endswith("accuracy") else 1

    @property
    def value(self) -> str:
        """What is ranked on one problem, in words."""
        if self.target is None:
            return self.measure
        unit = self.unit.replace("_", " ")
        return f"{unit if unit.endswith('s') else unit + 's'} to {self.measure} {self.target:g}"

    @property
    def tunes(self) -> bool:
        """Whether anybody has several configurations, so that half of the seeds must choose."""
        return any(len(own.costs) > 1 for own in self.trials.values())

    def judged(self, problem: Key, who: Key, values: str = "costs") -> NDArray[Any]:
        """What the configuration that the choosing half of the seeds chose did under the other half, (judges,).

        Args:
            problem, who: where, and which contestant.
            values: which field of its trials.
        """
        own = self.trials[problem, who]
        if not self.tunes:
            return getattr(own, values)[0]
        chosen = int(own.order(own.half(judging=False))[0])
        return getattr(own, values)[chosen][own.half(judging=True)]

    def shown(self, problem: Key, who: Key) -> NDArray[np.float64]:
        """What is ranked, as it is shown, under the seeds that judge, (judges,)."""
        return self.sign * self.judged(problem, who)


class Lineup(NamedTuple):
    """What the axes of a contest are for.

    Attributes:
        axes: all that vary.
        by, over, tuned: of contestants, of problems, and those of which everybody gets the best value.
    """

    axes: list[str]
    by: tuple[str, ...]
    over: tuple[str, ...]
    tuned: tuple[str, ...]


def lineup(runs: pd.DataFrame, rank: Rank) -> Lineup:
    """What the axes of some runs are for; those of a table `runs`, or of a plan.

    Args:
        runs: a row per run, with its axes.
        rank: who competes.
    """
    axes = varied(runs)
    asked, wanted = ([_column(axes, axis) for axis in own] for own in (rank.axes, rank.tuned or ()))
    by = tuple(axis for axis in dict.fromkeys(asked) if axis in axes)
    free = [axis for axis in axes if axis not in by and not _belongs(runs, axis, by)]
    traced = [axis for axis in free if axis != "widths" and kind(axis) == "traced"]
    tuned = tuple(axis for axis in free if axis in (traced if rank.tuned is None else wanted))
    over = tuple(axis for axis in free if axis not in tuned)
    return Lineup(axes, by, over, tuple(axis for axis in tuned if not _belongs(runs, axis, (*by, *over))))


def _column(axes: list[str], axis: str) -> str:
    """The column of an axis: widths, one per layer, have one of their own."""
    return "widths" if axis == "width" and "widths" in axes else axis


def contest_of(runs: pd.DataFrame, curves: pd.DataFrame, rank: Rank) -> Contest:
    """The contest that a question asks for.

    A run that diverged counts as one that did not train: with what it measured at its first checkpoint, and as one that
    never reaches the target.

    Args:
        runs, curves: the tables.
        rank: who competes, and by what.

    Returns:
        The contest; one contestant without a name where no axis of `rank.by` varies.
    """
    _, by, over, tuned = lineup(runs, rank)
    measure = rank.measure or (measure_of(runs) if rank.target is None else "train_loss")
    table = runs.assign(**_results(runs, curves, measure, rank))
    keys = {name: _keys(runs, columns) for name, columns in (("problem", over), ("who", by))}
    table = table.assign(**{name: codes for name, (codes, _) in keys.items()})
    problems, contestants = (keys[name][1] for name in ("problem", "who"))
    trials = {
        (problems[problem], contestants[who]): _trials(own, tuned)
        for (problem, who), own in table.groupby(["problem", "who"], sort=False)  # pyright: ignore[reportGeneralTypeIssues]
    }
    shared = functools.reduce(np.intersect1d, [own.seeds for own in trials.values()])
    trials = {key: own.under(shared) for key, own in trials.items()}
    unit = "" if rank.target is None else rank.unit
    return Contest(by, over, tuned, measure, rank.target, unit, contestants, problems, trials)


def _belongs(runs: pd.DataFrame, axis: str, by: tuple[str, ...]) -> bool:
    """Whether an axis has one value wherever others have, such as an init that is zipped with an activation."""
    if not by:
        return False
    found: Any = runs.groupby(list(by), observed=True, dropna=False)[axis]
    return bool((found.nunique(dropna=False) <= 1).all())


def _keys(runs: pd.DataFrame, axes: tuple[str, ...]) -> tuple[NDArray[np.int64], tuple[Key, ...]]:
    """Which combination of some axes each run has, and the combinations in order of first appearance."""
    if not axes:
        return np.zeros(len(runs), np.int64), ((),)
    codes = runs.groupby(list(axes), observed=True, dropna=False, sort=False).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    rows: Any = runs[list(axes)].astype(object).iloc[first].itertuples(index=False, name=None)
    return codes, tuple(tuple(map(_named, axes, row)) for row in rows)


def _named(axis: str, cell: Any) -> Any:
    """A value as grids name it: a full batch has no size in the tables."""
    missing = cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell))
    return ("full" if axis == "batch_size" else None) if missing else cell


def _results(runs: pd.DataFrame, curves: pd.DataFrame, measure: str, rank: Rank) -> dict[str, NDArray[Any]]:
    """Per run its cost, what decides ties, whether it diverged, whether it reached the target, and where it started."""
    series = measure if rank.target is not None else measure.split("_", 1)[1]
    sign = -1 if series.endswith("accuracy") else 1
    names = runs["run"].astype(str)
    first, last = (
        own.set_index(own["run"].astype(str)).reindex(names)
        for own in (curves.drop_duplicates("run", keep=end) for end in ("first", "last"))
    )
    start = first[series].to_numpy(np.float64)
    final = (last[series] if rank.target is not None else runs[measure]).to_numpy(np.float64)
    lost = (runs["status"].astype(str) == "diverged").to_numpy() | ~np.isfinite(final)
    final = sign * np.where(lost, start, final)
    found = {"lost": lost, "tie": np.nan_to_num(final, nan=np.inf), "reached": np.ones(len(runs), bool)}
    if rank.target is None:
        return found | {"cost": _finite(final), "start": _finite(sign * start)}
    way = to_target(curves, runs, rank.target, series)
    reached = way["reached"].to_numpy(bool)
    ends = last[rank.unit].to_numpy(np.float64)
    times = np.where(reached, way[rank.unit].to_numpy(np.float64, na_value=np.nan), ends)
    return found | {"cost": times, "tie": _finite(found["tie"]), "reached": reached, "start": ends}


def _finite(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """With the worst of all in place of what no run measured, such as the loss of a start that overflows."""
    there = costs[np.isfinite(costs)]
    return np.where(np.isfinite(costs), costs, there.max() if there.size else 0.0)


def _trials(own: pd.DataFrame, tuned: tuple[str, ...]) -> Trials:
    codes, _ = _keys(own, tuned)
    own = own.assign(configuration=codes)
    names = ("cost", "tie", "lost", "reached", "start")
    wide = {
        name: own.pivot_table(index="configuration", columns="seed", values=name, aggfunc="first") for name in names
    }
    seeds = wide["cost"].columns[wide["cost"].notna().all()]  # those under which every configuration was tried
    costs, ties, lost, reached, starts = (wide[name][seeds].to_numpy() for name in names)
    examples = own.drop_duplicates("configuration").set_index("configuration").loc[wide["cost"].index]
    return Trials(
        examples,
        seeds.to_numpy(np.int64),
        costs.astype(np.float64),
        ties.astype(np.float64),
        lost.astype(bool),
        reached.astype(bool),
        starts.astype(np.float64),
    )
