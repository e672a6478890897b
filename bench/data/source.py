"""What a data set is before it is split and scaled."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Raw(NamedTuple):
    """Unscaled rows and what is known about them.

    x (m, features) float64; y (m,) int64 classes 0 ... K-1, or float64 targets, (m,) or several per row (m, targets).
    The last `tests` rows are the source's own test rows, which the split `own` takes.
    """

    x: NDArray[np.float64]
    y: NDArray[Any]
    classes: int
    truth: Mapping[str, Any] = {}
    tests: int = 0


@dataclasses.dataclass(frozen=True)
class Source:
    """`make(seed, options) -> Raw`, the options it takes with their defaults, and whether every seed has its own rows.

    A source that ignores the seed is shared by all runs of a program.
    """

    make: Callable[[int, Mapping[str, Any]], Raw]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    per_seed: bool = False
    rows: str = ""
    """Shape in words, for listings."""
    by_content: bool = False
    """Whether results are named by the rows alone, wherever they come from; else by the data's name too."""
