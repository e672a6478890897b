"""Trains the panel: every optimizer on every workload at the same number of learning rates, in rounds.

The first round tries six rates around the optimizer's centre. Where the best of them lies at an edge, the next tries
six more beyond it, twice at most; the last one tries six between the best and its neighbours. All rounds have the same
number of lanes, so that a program is compiled once.
"""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.errors import InputError, unknown
from bench.events import Listener
from bench.executors import Upcoming, executor_of
from bench.optimizers.workloads import CENTRES, COARSE, EIGHTHS, FINE, SEEDS, WORKLOADS, Workload, rate
from bench.parts import default_parts
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Evidence, Grid, Parts, Study
from bench.stats.tuning import halves

MOST_EXTENSIONS = 2
UNITS = ("step", "epoch", "gradient_evaluations", "flops", "seconds")
"""What time is counted in: columns of `curves`."""
LEAST_SEEDS = 8


class Failed(RuntimeError):
    """Programs that crashed; the same command tries them again."""


class Trials(NamedTuple):
    """What one optimizer did on one workload, at every rate that was tried and under every seed.

    Attributes:
        places: eighths of a decade from the centre, ascending, (rates,).
        rates: the learning rates, (rates,).
        seeds: ascending, (seeds,).
        times: unit -> when the target was reached, or the end of the budget where it was not, (rates, seeds).
        reached: which of the two, (rates, seeds).
        loss: at the end, or at the start where it ended above that or diverged, (rates, seeds).
    """

    places: NDArray[np.int64]
    rates: NDArray[np.float64]
    seeds: NDArray[np.int64]
    times: Mapping[str, NDArray[np.float64]]
    reached: NDArray[np.bool_]
    loss: NDArray[np.float64]

    @property
    def steps(self) -> NDArray[np.float64]:
        """Steps to the target, the whole budget where it was not reached, (rates, seeds)."""
        return self.times["step"]

    @property
    def log_loss(self) -> NDArray[np.float64]:
        """Natural logarithm of the loss, and of the smallest number where it is 0, (rates, seeds)."""
        return np.log(np.maximum(self.loss, np.finfo(np.float32).tiny))

    def half(self, judging: bool) -> NDArray[np.bool_]:
        """The seeds that judge, or those that choose the rate, (seeds,)."""
        return np.isin(self.seeds, halves(self.seeds)[int(judging)])

    def best(self) -> int:
        """Index of the rate of the fewest steps on average over the seeds that choose; the lower loss decides ties."""
        own = self.half(judging=False)
        return int(np.lexsort((self.log_loss[:, own].mean(axis=1), self.steps[:, own].mean(axis=1)))[0])

    @property
    def at_edge(self) -> bool:
        """Whether the best rate is the smallest or the largest that was tried."""
        return self.best() in (0, len(self.places) - 1)


@dataclasses.dataclass(frozen=True)
class Panel:
    """What was asked for, and its trials.

    Attributes:
        optimizers, workloads: in the order asked for.
        trials: (workload, optimizer) -> its trials.
        runs, trained: how many runs there are, and how many programs were trained now.
    """

    optimizers: tuple[str, ...]
    workloads: Mapping[str, Workload]
    trials: Mapping[tuple[str, str], Trials]
    runs: int
    trained: int


def train_panel(
    optimizers: Mapping[str, Parts],
    settings: Settings,
    workloads: Mapping[str, Workload] = WORKLOADS,
    seeds: int = SEEDS,
    centres: Mapping[str, float] = CENTRES,
    tell: Listener = lambda event: None,
) -> Panel:
    """Trains what is missing of a panel.

    Args:
        optimizers: name -> the registries that have it.
        settings: how to run; under the profile `quick` the rates are not refined. Results go to one folder per workload
            and optimizer, so that a panel with one optimizer more trains that one alone.
        workloads: the problems.
        seeds: how many; every other one chooses the learning rate, the others judge.
        centres: rates around which to tune.
        tell: is told of every event.

    Raises:
        InputError: an unknown name, or too few seeds.
        Failed: a program crashed.
    """
    for name, parts in optimizers.items():
        parts.get("methods", name)
    if seeds < LEAST_SEEDS:
        raise InputError(f"seeds = {seeds}: give at least {LEAST_SEEDS}; half of them choose the learning rates.")
    studies = _studies(optimizers, workloads, seeds, centres, settings.profile == "full")
    found, runs, trained = {}, 0, 0
    with contextlib.ExitStack() as stack:
        teams = {}
        for parts in {parts.hash: parts for parts in optimizers.values()}.values():
            own = [study for (_, optimizer), study in studies.items() if optimizers[optimizer].hash == parts.hash]
            upcoming = Upcoming(own, parts, settings)
            teams[parts.hash] = upcoming, stack.enter_context(executor_of(parts, settings, iter(upcoming)))
        for (name, optimizer), study in studies.items():
            upcoming, executor = teams[optimizers[optimizer].hash]
            upcoming.reached(study)
            judged = run_study(study, executor.parts, settings, tell, executor)
            if judged.failed:
                raise Failed(
                    f"{judged.failed} program(s) of {optimizer} on {name} failed; call again to try once more."
                )
            found[name, optimizer] = _trials(judged.evidence, workloads[name].target, optimizer, centres)
            runs, trained = runs + judged.runs, trained + judged.trained
    return Panel(tuple(optimizers), workloads, found, runs, trained)


def _studies(
    optimizers: Mapping[str, Parts],
    workloads: Mapping[str, Workload],
    seeds: int,
    centres: Mapping[str, float],
    refined: bool,
) -> dict[tuple[str, str], Study]:
    """A study per workload and optimizer, in the order in which they run."""
    suite, found = default_parts().hash, {}
    for name, workload in workloads.items():
        for optimizer, parts in optimizers.items():
            study = _study(name, workload, optimizer, seeds, centres, refined)
            if parts.hash != suite:  # one's own, which changes more often
                study = dataclasses.replace(study, name=f"{study.name}-{parts.hash[:8]}")
            found[name, optimizer] = study
    return found


def chosen(names: Sequence[str], quick: bool) -> dict[str, Workload]:
    """Workloads by name; all of the panel, or the quick ones, unless named.

    Raises:
        InputError: an unknown name.
    """
    for name in names:
        if name not in WORKLOADS:
            raise unknown("workload", name, WORKLOADS)
    return {name: one for name, one in WORKLOADS.items() if (name in names if names else one.quick or not quick)}


def _study(
    name: str, workload: Workload, optimizer: str, seeds: int, centres: Mapping[str, float], fine: bool
) -> Study:
    """One optimizer on one workload, as a study of rounds without claims."""

    def grid(places: Sequence[int]) -> Grid:
        rates = [rate(optimizer, place, centres) for place in places]
        return Grid({**workload.axes, "optimizer": optimizer, "learning_rate": rates, "seed": list(range(seeds))})

    def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
        places = next_places(_trials(evidence, workload.target, optimizer, centres), completed, fine)
        return (grid(places),) if places else ()

    title = f"How soon does {optimizer} solve {name}?"
    folder = f"panel-{name}-{optimizer}-{seeds}".replace("_", "-").lower()
    return Study("", folder, title, (), "", lambda *_: (grid(COARSE),), lambda evidence: (), (), (), refine)


def next_places(trials: Trials, completed: int, fine: bool) -> list[int]:
    """Where to look next: beyond an edge that is the best, else between the best and its neighbours, else nowhere."""
    places, best = trials.places.tolist(), trials.best()
    if set(places) - set(range(min(places), max(places) + 1, COARSE[1] - COARSE[0])):
        return []  # the fine ones were tried
    if trials.at_edge and completed < MOST_EXTENSIONS:
        spacing = COARSE[1] - COARSE[0]
        way = -spacing if best == 0 else spacing
        return sorted(places[best] + way * step for step in range(1, len(COARSE) + 1))
    return [places[best] + step for step in FINE] if fine else []


def _trials(evidence: Evidence, target: float, optimizer: str, centres: Mapping[str, float]) -> Trials:
    runs, curves = evidence.runs, evidence.curves
    names = runs["run"].astype(str)
    ends = _per_run(curves, "last").reindex(names)
    hits = _per_run(curves[curves["train_loss"] <= target], "first").reindex(names)
    start = _per_run(curves, "first").reindex(names)["train_loss"].to_numpy(np.float64)
    loss = ends["train_loss"].to_numpy(np.float64)
    columns = {
        "reached": hits["step"].notna().to_numpy(),
        "loss": np.where(loss < start, loss, start),
        **{unit: hits[unit].fillna(ends[unit]).to_numpy(np.float64) for unit in UNITS},
    }
    table = pd.DataFrame({"rate": runs["learning_rate"], "seed": runs["seed"], **columns})
    wide = table.pivot_table(index="rate", columns="seed", aggfunc="first")
    rates = wide.index.to_numpy(np.float64)
    centre = rate(optimizer, 0, centres)
    return Trials(
        np.rint(EIGHTHS * np.log10(rates / centre)).astype(np.int64),
        rates,
        wide["step"].columns.to_numpy(np.int64),
        {unit: wide[unit].to_numpy(np.float64) for unit in UNITS},
        wide["reached"].to_numpy(bool),
        wide["loss"].to_numpy(np.float64),
    )


def _per_run(curves: Any, which: str) -> Any:
    """The first or the last checkpoint of every run, by its name."""
    own = curves.drop_duplicates("run", keep=which)
    return own.set_index(own["run"].astype(str))
