"""A row of the table `runs` as axes of a grid again, and the best configurations as a file that trains them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.data import is_file
from bench.gridtext import as_toml
from bench.ranking.contest import Contest, Key
from bench.ranking.judge import words
from bench.spec import Grid
from bench.spec.grid import values_of


def axes_of(row: Any, grid: Grid) -> dict[str, Any]:
    """The axes that a grid names, with the values that one of its runs has; without the seed.

    Args:
        row: of the table `runs`.
        grid: of the run, or the one that a finer grid of it came from.
    """
    found = {}
    for axis in grid.axes:
        values = [tuple(value) if isinstance(value, list) else value for value in values_of(grid, axis)]
        cell = row.get(axis)
        missing = cell is None or pd.isna(cell)
        own = [value for value in values if _is(axis, value, row)]
        if axis == "seed" or (missing and not own and ("." in axis or len(values) > 1)):
            continue  # an option that this run's part lacks
        found[axis] = own[0] if own else values[0] if len(values) == 1 else _plain(cell)
    return found


def _is(axis: str, value: Any, row: Any) -> bool:
    """Whether a run has this value of an axis; a full batch has no size, and several widths have their own column."""
    if isinstance(value, tuple):
        text = " ".join(map(str, value)) if axis == "probes" else str(value)
        return text == str(row.get("widths" if axis == "width" else axis))
    cell = row.get(axis)
    if cell is None or pd.isna(cell):
        return value == "full"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isinstance(cell, (int, float, np.number)):
        return bool(np.isclose(float(cell), value, rtol=1e-9, atol=0))
    return str(cell) == str(value)


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell


def winner(contest: Contest, contestant: str, problems: Sequence[Key], grid: Grid, folder: Path) -> str:
    """A contestant's best configuration on each problem, as a file for `python -m bench.run`.

    The configuration is the best by all seeds; what varies over problems is zipped.

    Args:
        contest: what was measured.
        contestant: in words.
        problems: those to take.
        grid: that was trained.
        folder: where the file will lie, beside which its data files are looked up.
    """
    who = next(one for one in contest.contestants if words(one) == contestant)
    rows = [axes_of(own.examples.iloc[own.best()], grid) for own in (contest.trials[p, who] for p in problems)]
    shared = [axis for axis in rows[0] if all(axis in row for row in rows)]
    varying = [axis for axis in shared if any(row[axis] != rows[0][axis] for row in rows)]
    axes = {axis: [row[axis] for row in rows] if axis in varying else rows[0][axis] for axis in shared}
    axes |= {"seed": grid.axes["seed"]} if "seed" in grid.axes else {}
    title = f"{contestant or 'the best configuration'}, tuned for {contest.value}"
    return as_toml(title, _beside(axes, folder), [varying] if len(varying) > 1 else [])


def _beside(axes: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Data files as seen from a folder."""

    def seen(name: Any) -> Any:
        return os.path.relpath(name, folder) if is_file(name) else name

    data = axes.get("data")
    own = {} if data is None else {"data": [*map(seen, data)] if isinstance(data, list) else seen(data)}
    return {**axes, **own}
