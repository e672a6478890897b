"""A run's row as axes of a grid again, whatever its values look like in the tables."""

import numpy as np
import pytest

from bench.ranking.configuration import axes_of
from bench.spec import Grid


@pytest.mark.parametrize(
    ("axes", "row", "want"),
    [
        ({"depth": [1, 2]}, {"depth": 2.0}, {"depth": 2}),  # a column with nulls holds floats
        ({"learning_rate": [0.1, 0.2]}, {"learning_rate": 0.2}, {"learning_rate": 0.2}),
        ({"learning_rate": [0.1, 0.2]}, {"learning_rate": 0.15}, {"learning_rate": 0.15}),  # of a finer grid
        ({"batch_size": [10, "full"]}, {"batch_size": np.nan}, {"batch_size": "full"}),
        ({"batch_size": [10, "full"]}, {"batch_size": 10.0}, {"batch_size": 10}),
        ({"width": [[4, 3], [3, 3]]}, {"width": np.nan, "widths": "(3, 3)"}, {"width": (3, 3)}),
        ({"width": [[4, 3], 8]}, {"width": 8.0, "widths": "8"}, {"width": 8}),
        ({"checkpoints": [[0, 2, 5]]}, {"checkpoints": "(0, 2, 5)"}, {"checkpoints": (0, 2, 5)}),
        ({"probes": ["off", ["norms", "units"]]}, {"probes": "norms units"}, {"probes": ("norms", "units")}),
        ({"init": "default"}, {"init": "glorot"}, {"init": "default"}),
        ({"bias": [True, False]}, {"bias": False}, {"bias": False}),
        ({"optimizer.momentum": [0.9]}, {"optimizer.momentum": np.nan}, {}),
        ({"optimizer.momentum": [0.5, 0.9]}, {"optimizer.momentum": None}, {}),
        ({"optimizer.momentum": [0.5, 0.9]}, {}, {}),
        ({"depth": 3, "seed": [0, 1]}, {"depth": None, "seed": 1}, {"depth": 3}),
    ],
)
def test_a_row_becomes_the_axes_that_made_it(axes, row, want):
    found = axes_of(row, Grid(axes))
    assert found == want
    assert [*map(type, found.values())] == [*map(type, want.values())]
