"""Evenly spaced points and a straight line through them, with and without noise."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream


def _line(seed: int, options: Mapping[str, Any]) -> Raw:
    """x from `data.low` to `data.high`, one column; y = slope x + offset."""
    x = np.linspace(options["data.low"], options["data.high"], options["data.rows"])
    return Raw(x[:, None], options["data.slope"] * x + options["data.offset"], 0)


def _noisy_line(seed: int, options: Mapping[str, Any]) -> Raw:
    """The points of `line`, each of them `data.copies` times with `data.draws` targets that differ in their noise."""
    exact = _line(seed, options)
    x, y = np.repeat(exact.x, options["data.copies"], axis=0), np.repeat(exact.y, options["data.copies"])
    noise = random_stream(seed, 40).standard_normal((len(y), options["data.draws"]))
    return Raw(x, y[:, None] + options["data.noise"] * noise, 0, {"weight": np.array([options["data.slope"]])})


_OPTIONS = {"data.rows": 101, "data.low": -1.0, "data.high": 1.0, "data.slope": 1.0, "data.offset": 0.0}

LINES = {
    "line": Source(
        _line,
        _OPTIONS,
        rows="any x 1, evenly spaced, y on a line",
    ),
    "noisy_line": Source(
        _noisy_line,
        {**_OPTIONS, "data.copies": 1, "data.noise": 1.0, "data.draws": 1000},
        per_seed=True,
        rows="any x 1, points of a line, several times under noise",
    ),
}
