"""From columns that somebody else wrote to rows and targets, with one sentence for whatever is wrong with them."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from bench.data.source import Raw, Source
from bench.errors import InputError, unknown, words

pc: Any = pyarrow.compute  # makes its functions when it is imported, which no type checker sees
MOST_CLASSES = 20
"""Whole numbers of which no more differ are taken for classes."""

TASKS = ("auto", "classification", "regression")
OPTIONS = {"data.target": "", "data.task": "auto", "data.ignore": ""}
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
_DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"
_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


class Place(NamedTuple):
    """What the errors of a table begin with, and the number of its first row."""

    name: str
    first: int = 1

    def error(self, text: str) -> InputError:
        """The error to raise."""
        return InputError(f"{self.name}: {text}")

    def cell(self, row: int, column: str) -> str:
        """How a cell is called; rows are counted from the first one below the header."""
        return f"row {row + self.first}, column {column!r}"


def raw_of(table: pa.Table, place: Place, options: Mapping[str, Any]) -> Raw:
    """The rows of a table of named columns.

    Args:
        table: the columns.
        place: what errors begin with.
        options: `data.target`, `data.task` and `data.ignore`, names of columns to leave out between commas.

    Returns:
        The rows; `truth` has the names of the columns and, for classes, the labels in the order of their numbers.

    Raises:
        InputError: a table that cannot be trained on, with the row and column.
    """
    names, target = table.column_names, options["data.target"]
    _check_names(names, place)
    if not target:
        raise place.error(f"set data.target to the column to predict, one of {', '.join(map(words, names))}.")
    ignored = [name for name in map(str.strip, options["data.ignore"].split(",")) if name]
    for option, name in (("data.target", target), *(("data.ignore", name) for name in ignored)):
        if name not in names:
            raise place.error(str(unknown(f"column in {option},", name, names)))
    kept = [name for name in names if name not in {target, *ignored}]
    if not kept:
        raise place.error(f"no column is left beside the target {target!r}; give at least one.")
    if not len(table):
        raise place.error("there are no rows below the header; give at least one.")
    x = np.column_stack([_numbers(table[name], name, place) for name in kept])
    _check_constants(x, kept, place)
    y, labels = targets(table[target], target, options["data.task"], place)
    return Raw(x, y, len(labels), {"columns": kept, "target": target, "labels": labels})


def array_source(name: str, x: Any, y: Any) -> Source:
    """Arrays as a data set; they are copied.

    Args:
        name: what errors call it.
        x: (rows, features), numbers.
        y: (rows,), numbers or labels.

    Raises:
        InputError: arrays of other shapes, types or lengths, or that are not finite.
    """
    place = Place(f"data {name!r}", 0)
    try:
        x, y = np.array(x), np.array(y)
    except ValueError:
        raise place.error("X or y has rows of different lengths; give arrays.") from None
    if x.ndim != 2 or 0 in x.shape or x.dtype.kind not in "biuf":
        raise place.error(f"X is {x.dtype} of shape {x.shape}; give numbers of shape (rows, features).")
    if y.shape != x.shape[:1]:
        raise place.error(f"y has shape {y.shape}, X has {len(x)} rows; give y of shape ({len(x)},).")
    x = x.astype(np.float64)
    for row, column in np.argwhere(~np.isfinite(x))[:1]:
        raise place.error(f"X[{row}, {column}] is {x[row, column]}; give finite numbers.")
    try:
        column = pa.chunked_array([pa.array(y)])
    except (pa.ArrowException, OverflowError):
        raise place.error(f"y holds {y.dtype}; give numbers or labels of one type.") from None
    columns = [str(index) for index in range(x.shape[1])]

    def make(seed: int, options: Mapping[str, Any]) -> Raw:
        own, labels = targets(column, "y", options["data.task"], place)
        return Raw(x, own, len(labels), {"columns": columns, "target": "y", "labels": labels})

    make(0, {"data.task": "auto"})  # what is wrong is said at once
    return Source(make, {"data.task": "auto"}, rows=f"{x.shape[0]} x {x.shape[1]}", by_content=True)


def targets(column: pa.ChunkedArray, name: str, task: str, place: Place) -> tuple[NDArray[Any], tuple[Any, ...]]:
    """Targets as real numbers, or as classes 0 ... K-1 with their labels in ascending order.

    Text, true and false are classes, and so are whole numbers of which at most 20 differ, unless the task says
    otherwise.
    """
    if task not in TASKS:
        raise unknown("data.task", task, TASKS)
    column = _decoded(column)
    word = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    numbers = None if word else _numbers(column, name, place, spare=False)
    if numbers is not None and task == "auto":
        few = (numbers == np.round(numbers)).all() and len(np.unique(numbers)) <= MOST_CLASSES
        task = "classification" if few or pa.types.is_boolean(column.type) else "regression"
    if task == "regression":
        found = _numbers(column, name, place, spare=False) if numbers is None else numbers
        if len(found) > 1 and np.ptp(found) == 0:
            raise place.error(f"the target {name!r} is {found[0]:g} in every row; give one that varies.")
        return found, ()
    if word:
        _no_empty(column, name, place)
    y, labels = _classes(column if numbers is None else pa.chunked_array([numbers]))
    if len(labels) == 1:
        raise place.error(f"the target {name!r} has one class only, {labels[0]!r}; give at least two.")
    if len(labels) > max(len(y) // 2, 2):
        hint = "set data.task = 'regression', or " if numbers is not None else ""
        if word and pc.any(pc.match_substring_regex(column, _NUMBER)).as_py():
            _numbers(column, name, place)  # numbers but for a cell, which it names
        raise place.error(
            f"the target {name!r} has {len(labels)} different labels in {len(y)} rows; {hint}name a column in"
            " data.target whose labels occur several times."
        )
    return y, labels


def _classes(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    encoded = pc.dictionary_encode(column.combine_chunks())
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    labels = encoded.dictionary.to_pylist()
    order = sorted(range(len(labels)), key=labels.__getitem__)
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels))
    labels = [int(label) if isinstance(label, float) and label.is_integer() else label for label in labels]
    return rank[encoded.indices.to_numpy()], tuple(labels[index] for index in order)


def _check_names(names: Sequence[str], place: Place) -> None:
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise place.error(
                f"column {number} has no name; name it, or write the file without pandas' index (index=False)."
            )
        if name.startswith("__index_level_"):
            raise place.error(f"column {name!r} is a pandas index; write the file with index=False.")
        if name in names[: number - 1]:
            raise place.error(f"two columns are called {name!r}; give every column a name of its own.")


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _numbers(column: pa.ChunkedArray, name: str, place: Place, spare: bool = True) -> NDArray[np.float64]:
    """A column as float64, true and false as 1 and 0; a spare one may as well be left out."""
    remedy = f"give numbers, or leave it out with data.ignore = {name!r}" if spare else "give numbers"
    column = _decoded(column)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = _parsed(column, name, place, remedy)
    elif pa.types.is_binary(kind):
        raise place.error(f"column {name!r} holds bytes that are not UTF-8; save the file as UTF-8.")
    elif pa.types.is_null(kind):
        _missing(0, name, place)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or kind == "bool"):
        raise place.error(f"column {name!r} holds {words(kind)}; {remedy}.")
    if column.null_count:
        _missing(pc.index(pc.is_null(column), True).as_py(), name, place)
    if kind == "bool":
        column = column.cast(pa.int8())
    values = column.cast(pa.float64(), safe=False).to_numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise place.error(f"{place.cell(bad[0], name)} is {values[bad[0]]}; give a finite number.")
    return values


def _missing(row: int, name: str, place: Place) -> None:
    raise place.error(f"{place.cell(row, name)} is empty; fill it in, or leave the row out.")


def _no_empty(column: pa.ChunkedArray, name: str, place: Place) -> None:
    empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)
    if pc.any(empty).as_py():
        _missing(pc.index(empty, True).as_py(), name, place)


def _parsed(column: pa.ChunkedArray, name: str, place: Place, remedy: str) -> pa.ChunkedArray:
    """Text that turned out to be numbers; else the error for its first cell that is none."""
    numeric = pc.fill_null(pc.match_substring_regex(column, _NUMBER), False)
    row = pc.index(numeric, False).as_py()
    if row < 0:
        return pc.utf8_trim_whitespace(column).cast(pa.float64())
    value: str = column[row].as_py() or ""
    if not value.strip():
        _missing(row, name, place)
    if value.strip().lower() in _MISSING:
        raise place.error(f"{place.cell(row, name)} is {value!r}, a missing value; fill it in, or leave the row out.")
    if pc.match_substring_regex(value, _DECIMAL_COMMA).as_py():
        raise place.error(f"{place.cell(row, name)} is {value!r}; write {value.replace(',', '.')}, with a point.")
    if not pc.any(numeric).as_py():
        raise place.error(f"column {name!r} holds text, {value!r} in row {row + place.first}; {remedy}.")
    raise place.error(f"{place.cell(row, name)} is {value!r}; give a number.")


def _check_constants(x: NDArray[np.float64], names: Sequence[str], place: Place) -> None:
    constant = [name for name, varies in zip(names, np.ptp(x, axis=0) > 0, strict=True) if not varies]
    if len(constant) == len(names):
        raise place.error("no input column varies over the rows; give one that does.")
    if constant:
        text = "is the same in every row and is left out, unless constant_columns = 'keep'"
        warnings.warn(f"{place.name}: column {', '.join(map(repr, constant))} {text}", stacklevel=2)
