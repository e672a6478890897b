"""From a folder of results to the frames that studies judge and analysts load."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa

from bench.spec import Evidence, Lookup
from bench.spec.run import STATIC, TRACED
from bench.store import TABLES, Folder


def read(folder: Folder, keys: Sequence[str], lookup: Lookup) -> Evidence:
    """The tables of some programs; `curves`, `layers` and `values` carry the axes that vary.

    Args:
        folder: where they are.
        keys: the programs, in the order of the plan.
        lookup: access to the data.
    """
    return evidence({name: frame(folder.merged(keys, name)) for name in TABLES}, lookup)


def evidence(tables: Mapping[str, pd.DataFrame], lookup: Lookup) -> Evidence:
    """Tables as studies read them.

    Args:
        tables: by name, such as `bench.load` returns.
        lookup: access to the data.
    """
    frames: dict[str, pd.DataFrame] = {name: tables[name] for name in TABLES}
    runs = frames["runs"]
    varied = [column for column in filter(_is_axis, runs) if len(runs[column].unique()) > 1]
    for name in ("curves", "layers", "values"):
        frames[name] = with_axes(frames[name], runs, varied)
    return Evidence(**frames, data=lookup)


def frame(table: pa.Table | None) -> pd.DataFrame:
    """An Arrow table as a typed frame; text columns are categories in order of appearance."""
    return pd.DataFrame() if table is None else table.to_pandas()


def _is_axis(column: str) -> bool:
    return column in STATIC or column in TRACED or "." in column or column == "regime"


def with_axes(frame: pd.DataFrame, runs: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """A frame of rows per run with columns of their runs joined on.

    Args:
        frame: has the column `run`.
        runs: one row per run.
        axes: columns of `runs`.
    """
    if frame.empty:
        return frame
    categories = frame["run"].cat.categories
    position = pd.Index(runs["run"].astype(str)).get_indexer(categories)[frame["run"].cat.codes]
    return pd.concat([frame, runs[list(axes)].take(position).set_index(frame.index)], axis=1)
