"""The five real data sets that scikit-learn carries, so that nothing has to be downloaded."""

import functools
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.source import Raw, Source
from bench.errors import InputError, unknown

FILES = {"iris": ("iris.csv", 1), "wine": ("wine_data.csv", 1), "breast_cancer": ("breast_cancer.csv", 1)}
FILES |= {"digits": ("digits.csv.gz", 0)}
"""Those of scikit-learn with the labels in the last column, and how many lines come before the rows."""


@functools.cache
def _read(name: str) -> Raw:
    """From the files of scikit-learn, as its loaders read them: to import those takes as long as JAX and pandas do."""
    found = importlib.util.find_spec("sklearn")
    assert found
    assert found.origin
    folder = Path(found.origin).parent / "datasets" / "data"
    if name == "diabetes":
        return Raw(np.loadtxt(folder / "diabetes_data_raw.csv.gz"), np.loadtxt(folder / "diabetes_target.csv.gz"), 0)
    file, heading = FILES[name]
    rows = np.loadtxt(folder / file, delimiter=",", skiprows=heading)
    labels = rows[:, -1].astype(np.int64)
    return Raw(np.ascontiguousarray(rows[:, :-1]), labels, int(labels.max()) + 1)


def _bundled(name: str, rows: str) -> Source:
    def make(seed: int, options: Mapping[str, Any]) -> Raw:
        raw = _read(name)
        if options["data.target"] == "number":  # labels as real numbers, for regression on them
            raw = Raw(raw.x, raw.y.astype(np.float64), 0)
        elif options["data.target"] == "inputs":  # scaled to [0, 1] as a whole, rows and targets of an autoencoder
            scaled = (raw.x - raw.x.min()) / np.ptp(raw.x)
            raw = Raw(scaled, scaled, 0)
        elif options["data.target"] != "own":
            raise unknown("data.target", options["data.target"], ("own", "number", "inputs"))
        if options["data.offset"] and raw.classes:
            raise InputError(
                f"data.offset moves real-valued targets; {name!r} has classes: set data.target = 'number'."
            )
        return raw._replace(y=raw.y + options["data.offset"]) if options["data.offset"] else raw

    return Source(make, {"data.target": "own", "data.offset": 0.0}, rows=rows)


BUNDLED = {
    "diabetes": _bundled("diabetes", "442 x 10, regression"),
    "breast_cancer": _bundled("breast_cancer", "569 x 30, 2 classes"),
    "wine": _bundled("wine", "178 x 13, 3 classes"),
    "iris": _bundled("iris", "150 x 4, 3 classes"),
    "digits": _bundled("digits", "1797 x 64, 10 classes"),
}
