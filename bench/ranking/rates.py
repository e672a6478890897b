"""Which learning rate was best, and how wide the good ones lie, as a function of depth, width and whatever varies."""

from pathlib import Path

import numpy as np
import pandas as pd

from bench.ranking.contest import Contest, Trials
from bench.stats.comparison import mean_interval
from bench.stats.tuning import basin

RATE = "learning_rate"
FILE = "best_rates.csv"
SLOWER, GAIN = 2.0, 0.9
"""What counts as nearly as good as the best: at most twice its time to the target, or nine tenths of what it gains."""


def best_rates(contest: Contest) -> pd.DataFrame:
    """The best learning rate of every contestant on every problem; no rows where the rate was not tuned.

    Args:
        contest: what was measured.

    Returns:
        The axes of contestants and problems, then `best` (by the mean over seeds), `typical`, `low` and `high`
        (geometric mean over seeds of the best rate of each, and its 95 % interval), `decades` (log10 of the largest
        over the smallest rate around the best that is nearly as good), `open` (whether they reach an end of what was
        tried, so that they may be more) and `tried` (how many rates).
    """
    rows = []
    for (problem, who), trials in contest.trials.items() if RATE in contest.tuned else ():
        if not trials.seeds.size:  # none is common to all
            continue
        keys = dict(zip((*contest.by, *contest.over), (*who, *problem), strict=True))
        rows.append(keys | _row(trials, contest.target is not None))
    return pd.DataFrame(rows)


def saved_rates(folder: Path) -> pd.DataFrame:
    """The best learning rates that a command wrote beside the tables, with the column `measure`; no rows without."""
    path = folder / FILE
    return pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.exists() else pd.DataFrame()


def _row(trials: Trials, timed: bool) -> dict[str, float | bool | int]:
    rates = trials.examples[RATE].to_numpy(np.float64)
    per_seed = np.where(trials.lost, np.inf, trials.costs)
    typical = mean_interval(np.log10(rates[np.lexsort((trials.ties, per_seed), axis=0)[0]]))
    low, high = (np.nan, np.nan) if np.isnan(typical.low) else (10**typical.low, 10**typical.high)
    means = np.where(trials.lost.any(axis=1), np.inf, trials.costs.mean(axis=1))
    distinct = np.unique(rates)
    gains = (trials.starts.mean(axis=1) - means).clip(min=0)
    with np.errstate(divide="ignore"):
        scores = means if timed else 1 / gains
    nearest = np.array([scores[rates == rate].min() for rate in distinct])  # at the best value of what else was tuned
    around = basin(distinct, nearest, SLOWER if timed else 1 / GAIN)
    some = np.isfinite(nearest).any()
    return {
        "best": float(rates[trials.best()]),
        "typical": 10**typical.mean,
        "low": low,
        "high": high,
        "decades": around.decades if some else np.nan,
        "open": around.open,
        "tried": len(distinct),
    }
