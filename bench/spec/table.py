"""A data set in memory: train and test rows, and what is known about it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows ready for training.

    Attributes:
        x, y: train rows, (m, features) float64 and (m,); y holds int64 classes 0 ... K-1, or float64 targets;
            several targets per row come as (m, targets).
        x_test, y_test: test rows; no rows at all under split `all`.
        classes: K, or 0 for regression.
        truth: what the generator knows, such as the minimiser or the spectrum.
        hash: SHA-256 of the arrays; part of every result's name.
    """

    x: NDArray[np.float64]
    y: NDArray[Any]
    x_test: NDArray[np.float64]
    y_test: NDArray[Any]
    classes: int
    truth: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    hash: str = ""

    @property
    def rows(self) -> int:
        """Number of train rows m."""
        return len(self.x)

    @property
    def targets(self) -> int:
        """Targets per row, which are fitted side by side."""
        return self.y.shape[1] if self.y.ndim == 2 else 1
