"""Sequences that a memory is needed for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream


def _latch(seed: int, options: Mapping[str, Any]) -> Raw:
    """Noise of size `data.noise` at every step, and +-1 on top of the first; the label is that sign."""
    random, rows = random_stream(seed, 50), options["data.rows"]
    x = options["data.noise"] * random.standard_normal((rows, options["data.length"]))
    y = random.integers(2, size=rows)
    x[:, 0] += 2 * y - 1
    return Raw(x, y.astype(np.int64), 2)


SEQUENCES = {
    "latch": Source(
        _latch,
        {"data.rows": 1000, "data.length": 20, "data.noise": 0.2},
        per_seed=True,
        rows="any, sequences whose first sign is asked for at the end",
    )
}
