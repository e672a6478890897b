"""Questions that are asked of result tables again and again: a table of means, some curves, the way to a target."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.errors import InputError, unknown
from bench.evidence import with_axes
from bench.outcome import measure_of, varied

PROGRESS = ("step", "epoch", "samples", "gradient_evaluations", "flops", "seconds")


def pivot(
    runs: pd.DataFrame, rows: str | Sequence[str], columns: str | Sequence[str], value: str | None, how: str
) -> pd.DataFrame:
    """A number per combination of axes, in the order of the grid; null is a value of an axis.

    Args:
        runs: the table `runs`.
        rows, columns: axes, one or several each; no columns for a single one.
        value: column of `runs`; the test accuracy unless given, else the test loss, else the train loss, at the end.
        how: pandas' name of a summary over the runs of a combination, such as `mean`, `median`, `min`, `count`.

    Raises:
        InputError: no such column.
    """
    index, across = ([axes] if isinstance(axes, str) else list(axes) for axes in (rows, columns))
    value = value or measure_of(runs)
    for column in (*index, *across, value):
        _known(runs, column)
    found: Any = runs.groupby([*index, *across], observed=True, dropna=False, sort=False)[value].agg(how)
    return found.unstack(across, sort=False) if across else found.to_frame()


def rows_of(frame: pd.DataFrame, runs: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of a table whose runs have these values of these axes, and the axes that vary among them.

    Args:
        frame: has the column `run`.
        runs: the table `runs`.
        wanted: axis -> a value or a list of values; None for runs without the axis.

    Raises:
        InputError: no such axis, or no such run.
    """
    keep: Any = pd.Series(True, index=runs.index)
    for axis, given in wanted.items():
        _known(runs, axis)
        values = list(given) if isinstance(given, (list, tuple)) else [given]
        now = keep & (runs[axis].isin(values) | (runs[axis].isna() if None in values else False))
        if not now.any():
            there = dict.fromkeys(runs[axis][keep].tolist())
            raise InputError(f"no run has {axis} = {given!r}; there are {', '.join(map(str, list(there)[:20]))}.")
        keep = now
    chosen: Any = runs[keep]
    own: Any = frame[frame["run"].isin(chosen["run"])].reset_index(drop=True)
    axes = [axis for axis in (*varied(chosen), "seed") if chosen[axis].nunique(dropna=False) > 1]
    return with_axes(own, runs, axes)


def to_target(curves: pd.DataFrame, runs: pd.DataFrame, target: float, measure: str) -> pd.DataFrame:
    """When each run first reached a target: at the checkpoint at which that was seen, without interpolation.

    Args:
        curves, runs: the tables.
        target: a loss to come down to, or an accuracy to rise to.
        measure: column of `curves`.

    Returns:
        A row per run: `run`, the axes that vary, `seed`, `reached`, and `step`, `epoch`, `samples`,
        `gradient_evaluations`, `flops` and `seconds` at that checkpoint, null where it was not reached.

    Raises:
        InputError: no such column.
    """
    _known(curves, measure)
    there: Any = curves[measure] >= target if measure.endswith("accuracy") else curves[measure] <= target
    hits: Any = curves[there]
    first = hits.drop_duplicates("run").astype({"run": str}).set_index("run")
    found: Any = runs[["run", *varied(runs), "seed"]].copy()
    names = found["run"].astype(str)
    found["reached"] = names.isin(first.index).to_numpy()
    at = first[list(PROGRESS)].reindex(names).reset_index(drop=True)
    whole = dict.fromkeys(("step", "samples", "gradient_evaluations"), "Int64")
    return pd.concat([found.reset_index(drop=True), at.astype(whole)], axis=1)


def _known(frame: pd.DataFrame, column: str) -> None:
    if column not in frame:
        raise unknown("column", column, frame.columns)
