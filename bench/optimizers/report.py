"""What the panel says: tables in the terminal, files, and a runnable grid of each best configuration."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table as Grid

from bench.events import Event
from bench.gridtext import as_toml
from bench.optimizers.judge import BUDGETS, RATIOS, Verdict
from bench.optimizers.panel import Panel
from bench.show import WIDTH
from bench.stats.comparison import Interval, in_words


def show(verdict: Verdict, panel: Panel) -> None:
    """Everything, in the terminal."""
    out = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    out.print(_workloads(verdict))
    out.print(_budgets(verdict))
    out.print(_ranking(verdict, len(panel.workloads)))
    if len(verdict.ranks) > 1:
        first = verdict.ranks[0].optimizer
        for pair, found in verdict.pairs.items():
            if first in pair:
                out.print(in_words(pair, found, " in score", "higher"), soft_wrap=True, markup=False)


def _ranking(verdict: Verdict, workloads: int) -> Grid:
    title = f"rank by profile score over {workloads} workloads, {verdict.judges} seeds; one letter: not separated"
    grid = Grid("rank", "optimizer", "score [95 %]", "group", "solved", title=title)
    for place, rank in enumerate(verdict.ranks, 1):
        grid.add_row(str(place), rank.optimizer, _span(rank.score, 3), rank.group, f"{rank.solved} of {workloads}")
    return grid


def _workloads(verdict: Verdict) -> Grid:
    title = "steps to target at the rate that the other seeds chose: median [95 %], mean up to the budget [95 %]"
    grid = Grid("workload", "optimizer", "rate", "reached", "median", "mean", "loss", "group", title=title)
    before = ""
    for row in verdict.rows:
        steps = row.times["step"]
        if before and before != row.workload:
            grid.add_section()
        mean = _span(Interval(steps.restricted_mean, steps.low, steps.high), 1)
        rate = f"{row.learning_rate:.3g}{' (edge)' if row.at_edge else ''}"
        reached = f"{steps.reached} of {steps.runs}"
        median = "not by half" if np.isnan(steps.median) else steps.in_words("").replace("  ", " ")
        first = row.workload if row.workload != before else ""
        grid.add_row(first, row.optimizer, rate, reached, median, mean, f"{row.loss:.2g}", row.group)
        before = row.workload
    return grid


def _budgets(verdict: Verdict) -> Grid:
    title = "share of the step budget spent after tuning over so many random rates, mean over workloads [95 %]"
    columns = [f"{k} rate{'s' if k > 1 else ''}" for k in BUDGETS]
    grid = Grid("optimizer", *columns, "rates within 2x", "tried", title=title)
    for rank in verdict.ranks:
        width = "" if np.isnan(rank.basin) else f"{rank.basin:.1f} decades"
        grid.add_row(rank.optimizer, *(_span(rank.budget[k], 2) for k in BUDGETS), width, f"{rank.tried:.1f}")
    return grid


def _span(interval: Interval, digits: int) -> str:
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def events(verdict: Verdict) -> Iterator[Event]:
    """Ranks, comparisons and times to target, one event each."""
    for kind, rows in (("rank", _ranks(verdict)), ("pair", _pairs(verdict)), ("target", _targets(verdict))):
        for facts in rows:
            yield Event(kind, facts)


def _ranks(verdict: Verdict) -> list[dict[str, Any]]:
    found = []
    for place, rank in enumerate(verdict.ranks, 1):
        score = {"score": rank.score.mean, "score_low": rank.score.low, "score_high": rank.score.high}
        spent = {
            f"spent_{k}{end}": getattr(rank.budget[k], name)
            for k in BUDGETS
            for end, name in (("", "mean"), ("_low", "low"), ("_high", "high"))
        }
        more = {"solved": rank.solved, "basin_decades": rank.basin, "rates_tried": rank.tried}
        found.append({"rank": place, "optimizer": rank.optimizer, "group": rank.group} | score | more | spent)
    return found


def _profiles(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"optimizer": rank.optimizer, "ratio": ratio, "share": float(share)}
        for rank in verdict.ranks
        for ratio, share in zip(RATIOS, verdict.profiles[rank.optimizer], strict=True)
    ]


def _pairs(verdict: Verdict) -> list[dict[str, Any]]:
    families = {"panel": verdict.pairs, **verdict.workload_pairs}
    return [
        {"family": family, "measure": "score" if family == "panel" else "steps", "first": pair[0], "second": pair[1]}
        | found._asdict()
        for family, pairs in families.items()
        for pair, found in pairs.items()
    ]


def _targets(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"workload": row.workload, "optimizer": row.optimizer, "learning_rate": row.learning_rate, "unit": unit}
        | {"at_edge": row.at_edge, "final_loss": row.loss, "group": row.group}
        | time._asdict()
        for row in verdict.rows
        for unit, time in row.times.items()
    ]


def save(verdict: Verdict, panel: Panel, folder: Path) -> None:
    """Writes the tables, and one grid per best configuration, which `python -m bench.run` trains."""
    (folder / "best").mkdir(parents=True, exist_ok=True)
    tables = {"ranking": _ranks(verdict), "pairs": _pairs(verdict), "targets": _targets(verdict)}
    tables["profile"] = _profiles(verdict)
    for name, rows in tables.items():
        partial = folder / f"{name}.partial"
        pd.DataFrame(rows).to_csv(partial, index=False)
        partial.replace(folder / f"{name}.csv")
    for row in verdict.rows:
        trials = panel.trials[row.workload, row.optimizer]
        workload = panel.workloads[row.workload]
        seeds = trials.seeds[trials.half(judging=True)].tolist()
        axes = {**workload.axes, "optimizer": row.optimizer, "learning_rate": row.learning_rate, "seed": seeds}
        title = (
            f"{row.optimizer} on {row.workload} at its best rate: {row.times['step'].in_words()} to {workload.target:g}"
        )
        (folder / "best" / f"best-{row.workload}-{row.optimizer}.toml".replace("_", "-").lower()).write_text(
            as_toml(title, axes), encoding="utf-8"
        )
