"""The catalogue behind the planner: names, sizes and defaults of every configuration."""

import re

import numpy as np
import pytest

from bench.errors import InputError
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid


@pytest.mark.parametrize(
    ("axes", "hint"),
    [
        ({"order": "reshufle", "batch_size": 4}, "unknown order 'reshufle'. Did you mean 'reshuffle'?"),
        ({"order": "reshufle"}, "unknown order 'reshufle'. Did you mean 'reshuffle'?"),  # of a full batch: no order
        ({"activation": "rellu"}, "unknown activation 'rellu'. Did you mean 'relu'?"),  # of a linear model: none
        ({"init": "zero"}, "unknown init 'zero'. Did you mean 'zeros'?"),
        ({"loss": "huuber"}, "unknown loss 'huuber'. Did you mean 'huber'?"),
    ],
)
def test_names_are_checked_even_where_the_axis_does_not_apply(catalogue, axes, hint):
    with pytest.raises(InputError, match=re.escape(hint)):
        plan([Grid({"data": "diabetes", **axes})], catalogue.describe, "x")


def test_batches_whose_rows_act_on_each_other_are_not_padded(catalogue):
    grid = Grid({"data": "iris", "model": ["mlp", "batch_normalised"], "ragged": "pad", "batch_size": 64})
    with pytest.raises(InputError, match="model 'batch_normalised' computes statistics of its batches"):
        plan([grid], catalogue.describe, "x")


def test_an_order_of_ones_own_is_an_order(parts):
    backwards = lambda random, rows, size, steps, ragged: np.full((steps, size), rows - 1)  # noqa: E731
    own = Catalogue(parts.added("orders", "backwards", backwards))
    planned = plan([Grid({"data": "iris", "order": "backwards", "batch_size": 4})], own.describe, "x")
    assert planned.programs[0].static["order"] == "backwards"
