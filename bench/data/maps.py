"""Linear maps of white inputs, by their singular values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.data.source import Raw, Source


def _modes(seed: int, options: Mapping[str, Any]) -> Raw:
    """One row per singular value s_j, X^T X / m = I, targets y_j = s_j x_j, so that X^T Y / m = diag(s)."""
    strengths = np.asarray([float(one) for one in options["data.singular_values"].split()])
    x = np.sqrt(len(strengths)) * np.eye(len(strengths))
    return Raw(x, x * strengths, 0, {"singular_values": strengths})


MAPS = {
    "modes": Source(
        _modes, {"data.singular_values": "3 1.5 0.7"}, rows="square, targets of a linear map, one mode per row"
    )
}
