"""The five real data sets that scikit-learn carries, so that nothing has to be downloaded."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.data.source import Raw, Source
from bench.errors import InputError, unknown


@functools.cache
def _read(name: str) -> Raw:
    import sklearn.datasets  # two seconds to import; only runs on real data pay them

    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    regression = name == "diabetes"
    if regression:  # the loader scales its columns; `scaled=False` is the original
        x, y = sklearn.datasets.load_diabetes(return_X_y=True, scaled=False)
    return Raw(
        np.asarray(x, np.float64), np.asarray(y, np.float64 if regression else np.int64), _classes(y, regression)
    )


def _classes(y: Any, regression: bool) -> int:
    return 0 if regression else int(np.max(y)) + 1


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
