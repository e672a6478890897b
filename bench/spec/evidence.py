"""What a study judges: the tables of its runs, and the data behind them."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec.table import Table

Frame = Any
"""A pandas DataFrame; not imported here, so that the command line starts fast."""

Lookup = Callable[..., Table]
"""`data(name, split="all", scaling="standard", seed=0, **options) -> Table`: the rows that such a run sees."""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The tables of DESIGN's section on results, restricted to one study, and access to the data.

    `curves`, `layers` and `values` carry the varied axes of their runs as columns, so that no study has to join.
    """

    runs: Frame
    curves: Frame
    layers: Frame
    values: Frame
    programs: Frame
    data: Lookup

    def table(self, run: Any) -> Table:
        """The data that a run saw; `run` is a row of `runs` as the methods below yield it."""
        axes = ("split", "scaling", "constant_columns", "normalize_rows")
        options = {
            key.removeprefix("data."): run[key]
            for key in run.columns()
            if key.startswith("data.") and run[key] == run[key]
        }
        return self.data(run.data, seed=run.seed, **{axis: run[axis] for axis in axes}, **options)

    def curve(self, column: str) -> Iterator[tuple[Any, NDArray[np.int64], NDArray[Any]]]:
        """Per run its row of `runs`, the steps (checkpoints,) and one column of `curves`, (checkpoints,).

        A run whose probes do not record the column yields NaN.
        """
        for run, steps, values in self._per_run(self.curves, column):
            yield run, steps, values[:, 0]

    def layer(self, column: str) -> Iterator[tuple[Any, NDArray[np.int64], NDArray[Any]]]:
        """Per run its row of `runs`, the steps and one column of `layers`, (checkpoints, layers)."""
        return self._per_run(self.layers, column)

    def vector(self, quantity: str) -> Iterator[tuple[Any, NDArray[np.int64], NDArray[Any]]]:
        """Per run its row of `runs`, the steps and one quantity of `values`, (checkpoints, entries)."""
        own = self.values if self.values.empty else self.values[self.values["quantity"] == quantity]
        return self._per_run(own, "value")

    def _per_run(self, frame: Frame, column: str) -> Iterator[tuple[Any, NDArray[np.int64], NDArray[Any]]]:
        if frame.empty:  # a smaller profile may leave out every run with such records
            return
        runs, steps, values = frame["run"].cat, frame["step"].to_numpy(), frame[column].to_numpy()
        for code, places in _places(runs.codes.to_numpy()):
            own = steps[places]
            at = own[np.concatenate([[True], own[1:] != own[:-1]])]
            yield self._rows[runs.categories[code]], at, values[places].reshape(len(at), -1)

    @functools.cached_property
    def _rows(self) -> dict[str, "_Row"]:
        """Rows of `runs` by name; None for the texts that a run does not have, which pandas writes as NaN."""
        columns = {name: self.runs[name].tolist() for name in self.runs}
        for name in (name for name in columns if self.runs[name].dtype == "category"):
            columns[name] = [value if isinstance(value, str) else None for value in columns[name]]
        return {run: _Row(columns, position) for position, run in enumerate(columns["run"])}


def _places(codes: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Per code where it stands, codes in the order in which they first appear."""
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    for places in sorted(parts, key=lambda part: part[0]):
        yield int(codes[places[0]]), places


class _Row:
    """A row of `runs`: plain axes as attributes, dotted ones by index."""

    def __init__(self, columns: dict[str, list[Any]], position: int) -> None:
        self._columns, self._position = columns, position

    def __getattr__(self, name: str) -> Any:
        try:
            return self._columns[name][self._position]
        except KeyError:
            raise AttributeError(f"runs has no column {name!r}") from None

    def __getitem__(self, name: str) -> Any:
        return self._columns[name][self._position]

    def columns(self) -> list[str]:
        """Names of the columns that are not null."""
        return [name for name, values in self._columns.items() if values[self._position] is not None]
