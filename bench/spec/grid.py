"""A grid: named axes and their values, expanded into columns, never into a list of objects."""

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import InputError, unknown
from bench.spec.run import validate


@dataclasses.dataclass(frozen=True)
class Grid:
    """The product of its axes.

    Attributes:
        axes: name -> one value or a list of values.
        zipped: groups of axes that advance together instead of multiplying; their lists have equal lengths.
        exclude: combinations to leave out, each a mapping from axis to a value or a list of values.
    """

    axes: Mapping[str, Any]
    zipped: Sequence[Sequence[str]] = ()
    exclude: Sequence[Mapping[str, Any]] = ()


@dataclasses.dataclass(frozen=True)
class Columns:
    """An expanded grid: for every axis its distinct values and, per run, the code of its value.

    `codes[axis]` is an int32 array (runs,) into `values[axis]`. A million runs with ten axes take 40 MB.
    """

    values: Mapping[str, tuple[Any, ...]]
    codes: Mapping[str, NDArray[np.int32]]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(next(iter(self.codes.values()))) if self.codes else 0

    def column(self, axis: str) -> NDArray[Any]:
        """The values of a traced axis, one per run, as float64 (seed: int64)."""
        dtype = np.int64 if axis == "seed" else np.float64
        return np.asarray(self.values[axis], dtype)[self.codes[axis]]


def values_of(grid: Grid, axis: str) -> list[Any]:
    """The values of an axis, as they were given.

    Raises:
        InputError: the grid does not have it.
    """
    if axis not in grid.axes:
        raise unknown("axis", axis, grid.axes)
    given = grid.axes[axis]
    return list(given) if _listed(given) else [given]


def same(one: Any, other: Any) -> bool:
    """Whether two values of an axis are equal, up to the rounding of a value over a range."""
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other))
    return math.isclose(one, other, rel_tol=1e-9) if numbers else one == other


def _listed(value: Any) -> bool:
    return isinstance(value, (list, np.ndarray, range))


def _distinct(axis: str, values: Any) -> tuple[Any, ...]:
    """The values as plain Python ones; lists inside a list (widths, checkpoints) become tuples; repeats are dropped."""
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values) if _listed(values) else [values]
    plain = [tuple(value) if isinstance(value, list) else value for value in plain]
    plain = [value.item() if isinstance(value, np.generic) else value for value in plain]
    if not plain:
        raise InputError(f"axis {axis!r} has no values: give at least one.")
    for value in plain:
        validate(axis, value)
    kept = tuple(dict.fromkeys(plain))
    if len(kept) < len(plain):
        warnings.warn(f"axis {axis!r}: {len(plain) - len(kept)} duplicate value(s) dropped", stacklevel=4)
    return kept


def expand(grid: Grid) -> Columns:
    """Expands a grid to exactly its combinations, in the order of its axes, the last axis fastest.

    Args:
        grid: the grid.

    Returns:
        The columns.

    Raises:
        InputError: an unknown axis, an impossible value, an empty axis, zipped axes of different lengths, or nothing
            left after exclusion.
    """
    if not grid.axes:
        raise InputError("the grid is empty: give at least one axis.")
    named = [axis for group in grid.zipped for axis in group]
    if len(set(named)) < len(named):
        twice = next(axis for axis in named if named.count(axis) > 1)
        raise InputError(f"zipped axis {twice!r} is named twice; give it one group and one place.")
    zipped = {axis: tuple(group) for group in grid.zipped for axis in group}
    values: dict[str, tuple[Any, ...]] = {}
    dimensions: list[tuple[tuple[str, ...], int]] = []  # axes that advance together, and how many values they have
    local: dict[str, NDArray[np.int32]] = {}  # codes along the axis' own dimension
    for axis, given in grid.axes.items():
        if axis not in zipped:
            values[axis] = _distinct(axis, given)
            local[axis] = np.arange(len(values[axis]), dtype=np.int32)
            dimensions.append(((axis,), len(values[axis])))
        elif zipped[axis][0] == axis:
            dimensions.append((zipped[axis], _zip(grid, zipped[axis], values, local)))
    for group in grid.zipped:
        for axis in group:
            if axis not in values:
                raise InputError(
                    f"zipped axis {axis!r} has no values: list it among the axes, first of its group first."
                )
    sizes = [size for _, size in dimensions]
    index = np.indices(sizes, dtype=np.int32, sparse=True)
    codes = {
        axis: np.broadcast_to(local[axis][index[d]], sizes).reshape(-1)
        for d, (axes, _) in enumerate(dimensions)
        for axis in axes
    }
    columns = Columns(values, {axis: codes[axis] for axis in grid.axes})
    return _without(columns, grid.exclude)


def _zip(grid: Grid, group: tuple[str, ...], values: dict[str, Any], local: dict[str, NDArray[np.int32]]) -> int:
    missing = [axis for axis in group if axis not in grid.axes]
    if missing:
        raise InputError(f"zipped axis {missing[0]!r} is not among the grid's axes.")
    lists = {axis: list(grid.axes[axis]) if _listed(grid.axes[axis]) else [grid.axes[axis]] for axis in group}
    lengths = {axis: len(items) for axis, items in lists.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"zipped axes need equal lengths, got {lengths}.")
    for axis, items in lists.items():
        with warnings.catch_warnings():  # repeats are the point of zipping
            warnings.simplefilter("ignore")
            values[axis] = _distinct(axis, items)
        position = {value: code for code, value in enumerate(values[axis])}
        plain = [tuple(item) if isinstance(item, list) else item for item in items]
        local[axis] = np.asarray([position[item] for item in plain], np.int32)
    return lengths[group[0]]


def _without(columns: Columns, exclude: Sequence[Mapping[str, Any]]) -> Columns:
    keep = np.ones(columns.runs, bool)
    for rule in exclude:
        hit = np.ones(columns.runs, bool)
        for axis, unwanted in rule.items():
            if axis not in columns.values:
                raise InputError(f"exclude names the axis {axis!r}, which the grid does not have.")
            wanted = unwanted if _listed(unwanted) else [unwanted]
            codes = [code for code, value in enumerate(columns.values[axis]) if any(same(value, one) for one in wanted)]
            hit &= np.isin(columns.codes[axis], codes)
        keep &= ~hit
    if not keep.any():
        raise InputError("nothing is left of the grid after its exclusions.")
    return columns if keep.all() else Columns(columns.values, {a: c[keep] for a, c in columns.codes.items()})
