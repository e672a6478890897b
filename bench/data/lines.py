"""Evenly spaced points and a straight line through them, without noise."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.data.source import Raw, Source


def _line(seed: int, options: Mapping[str, Any]) -> Raw:
    """x from `data.low` to `data.high`, one column; y = slope x + offset."""
    x = np.linspace(options["data.low"], options["data.high"], options["data.rows"])
    return Raw(x[:, None], options["data.slope"] * x + options["data.offset"], 0)


LINES = {
    "line": Source(
        _line,
        {"data.rows": 101, "data.low": -1.0, "data.high": 1.0, "data.slope": 1.0, "data.offset": 0.0},
        rows="any x 1, evenly spaced, y on a line",
    )
}
