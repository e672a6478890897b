"""What became of a grid: which axes it varied, and which of its configurations did best."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy

from bench.spec.run import STATIC, TRACED

if TYPE_CHECKING:
    from bench.spec.evidence import Frame

MEASURES = ("final_test_accuracy", "final_test_loss", "final_train_loss")


class Best(NamedTuple):
    """The configurations that did best.

    Attributes:
        table: a column per varied axis, then the mean over seeds, its 95 % interval and the number of seeds.
        measure: the column of `runs` by which they were ranked.
        configurations: how many there were.
        never: how many of them have a run that diverged; they rank last.
    """

    table: "Frame"
    measure: str
    configurations: int
    never: int


def varied(runs: "Frame") -> list[str]:
    """The axes of a table of runs that have more than one value, but for the seed.

    Null is a value of `batch_size`, full batches. Elsewhere it is none: runs with another optimizer lack
    `optimizer.momentum`, and full batches have no `order`.
    """
    axes = [name for name in runs.columns if (name in STATIC or name in TRACED or "." in name) and name != "seed"]
    if "widths" in runs and bool(runs["width"].isna().any()):  # one per layer, in a column of their own
        axes = ["widths" if name == "width" else name for name in axes]
    return [name for name in axes if runs[name].nunique(dropna=name != "batch_size") > 1]


def measure_of(runs: "Frame") -> str:
    """The column by which runs are ranked: the first of `MEASURES` that runs on every data set have."""
    axes = [axis for axis in ("data", "split") if axis in runs]
    sets: Any = [own for _, own in runs.groupby(axes, observed=True, dropna=False)] if axes else [runs]
    return next((m for m in MEASURES[:-1] if m in runs and all(own[m].notna().any() for own in sets)), MEASURES[-1])


def best(runs: "Frame", count: int = 5) -> Best:
    """Ranks configurations by their mean over seeds.

    Args:
        runs: the table `runs`.
        count: how many to return.
    """
    measure, axes = measure_of(runs), varied(runs)
    lost = (runs["status"].astype(str) == "diverged") | ~np.isfinite(runs[measure].to_numpy(np.float64))
    own: Any = runs[axes].assign(mean=runs[measure].astype(np.float64), lost=lost)
    groups = own.groupby(axes or (lambda row: 0), observed=True, dropna=False, sort=False)
    table = groups[["mean"]].mean(skipna=False).assign(seeds=groups.size(), lost=groups["lost"].any())
    share = scipy.special.stdtrit(np.maximum(table["seeds"] - 1, 1), 0.975) / np.sqrt(table["seeds"])
    half = share * groups["mean"].std(skipna=False)  # null for a single seed
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half).reset_index()
    order = table.assign(rank=table["mean"] * (-1 if measure.endswith("accuracy") else 1))
    order = order.sort_values(["lost", "rank"], kind="stable").head(count)
    return Best(order[[*axes, "mean", "low", "high", "seeds"]], measure, len(table), int(table["lost"].sum()))
