"""From raw rows to the table that a run sees: constant columns, split, scaling fitted on the train rows only."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.source import Raw, Source
from bench.errors import InputError, words
from bench.spec import Table

MOST_COUNT = 100_000_000
"""Of rows, or of whatever else an option counts: above what a machine holds, below where arrays have no such shape."""


def prepare(source: Source, static: Mapping[str, Any], seed: int) -> Table:
    """The table of one data set under the axes `split`, `scaling`, `constant_columns` and `normalize_rows`.

    Args:
        source: where the rows come from.
        static: these axes and the source's own options.
        seed: of the source; the split is the same for every seed.

    Returns:
        Rows as float64, with their hash.

    Raises:
        InputError: non-finite rows, a split that the data cannot give, a single class.
    """
    options = {name: static.get(name, default) for name, default in source.options.items()}
    for name, value in options.items():
        _check_option(name, value, source.options[name])
    raw = _made(source, static["data"], options, seed)
    _check(raw, static["data"])
    x = raw.x
    train, test = _split(len(x), static["split"], raw.tests)
    if static["constant_columns"] == "drop":
        x = x[:, x[train].max(axis=0) > x[train].min(axis=0)] if static["scaling"] != "raw" else x
    x = _scale(x, train, static["scaling"])
    if static["normalize_rows"]:
        norms = np.sqrt(np.mean(np.square(x), axis=1, keepdims=True))
        x = x * np.sqrt(static["normalize_rows"]) / np.where(norms > 0, norms, 1)
    parts = (x[train], raw.y[train], x[test], raw.y[test])
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
    return Table(*parts, raw.classes, raw.truth, digest)


def _made(source: Source, name: str, options: Mapping[str, Any], seed: int) -> Raw:
    """The rows of a source; what a library says of options that do not go together is bad input."""
    chosen = {option: value for option, value in options.items() if value != source.options[option]}
    try:
        return source.make(seed, options)
    except (ArithmeticError, IndexError, MemoryError, ValueError) as error:
        if isinstance(error, InputError) or not chosen:
            raise
        given = ", ".join(f"{option} = {value!r}" for option, value in chosen.items())
        said = words(error) or type(error).__name__
        raise InputError(f"data {name!r} cannot be made with {given} ({said}); give other values.") from None


def _check_option(name: str, value: Any, default: Any) -> None:
    """Refuses a value of another kind than the default: a number for a name, a fraction for a count."""
    kinds = {bool: (bool, "true or false"), int: (int, "a whole number"), str: (str, "text in quotes")}
    kind, right = kinds.get(type(default), ((int, float), "a number"))
    if not isinstance(value, kind) or isinstance(value, bool) != isinstance(default, bool):
        raise InputError(f"{name} = {value!r}: give {right}.")
    if isinstance(value, float) and not np.isfinite(value):
        raise InputError(f"{name} = {value!r}: give a finite number.")
    if kind is int and not 0 <= value <= MOST_COUNT:
        given = f"= {value}" if abs(value) < 2**63 else f"is a number of {int(value).bit_length()} bits"
        raise InputError(f"{name} {given}: give a whole number from 0 to {MOST_COUNT:,}.")


def _check(raw: Raw, name: str) -> None:
    if not raw.x.size:
        raise InputError(f"data {name!r} has no rows; set its options to values that give it some.")
    bad = np.argwhere(~np.isfinite(raw.x))
    if len(bad):
        row, column = bad[0]
        raise InputError(f"data {name!r}: row {row}, column {column} is {raw.x[row, column]}; give finite numbers.")
    if not np.isfinite(raw.y).all():
        row = int(np.argwhere(~np.isfinite(raw.y))[0, 0])
        raise InputError(f"data {name!r}: the target of row {row} is {raw.y[row]}; give finite numbers.")


def _split(rows: int, split: str, own: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers for training and testing: the source's own, or a fixed permutation for every seed and user."""
    if split == "all":
        return np.arange(rows), np.arange(0)
    if split == "own":
        if not own:
            raise InputError("split 'own': this data set has no test rows of its own; give 'all' or 'train/test'.")
        return np.arange(rows - own), np.arange(rows - own, rows)
    try:
        train, test = (int(part) for part in split.split("/"))
    except ValueError:
        raise InputError(f"split {split!r}: give 'all' or 'train/test' numbers of rows such as '1437/360'.") from None
    if train < 1 or test < 0 or train + test > rows:
        raise InputError(f"split {split!r} needs {train + test} rows, the data has {rows}.")
    order = np.random.default_rng(0).permutation(rows)
    return order[:train], order[train : train + test]


def _scale(x: NDArray[np.float64], train: NDArray[np.intp], scaling: str) -> NDArray[np.float64]:
    if scaling == "raw":
        return x
    seen = x[train]
    if scaling == "minmax":
        low, span = seen.min(axis=0), np.ptp(seen, axis=0)
    else:
        low, span = seen.mean(axis=0), seen.std(axis=0)
    return (x - low) / np.where(span > 0, span, 1)
