"""Units of a teacher network as rows, for students that are trained on its population loss."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.data.source import Raw, Source


def _orthonormal(seed: int, options: Mapping[str, Any]) -> Raw:
    """The unit vectors, each with output weight 1."""
    return Raw(np.eye(options["data.teachers"]), np.ones(options["data.teachers"]), 0)


TEACHERS = {
    "orthonormal_teachers": Source(_orthonormal, {"data.teachers": 6}, rows="any square, one unit of a teacher per row")
}
