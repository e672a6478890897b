"""Targets of the bundled data other than their own."""

import numpy as np
import pytest

from bench.data import DATA
from bench.errors import InputError


def test_inputs_as_targets_are_the_rows_themselves_between_0_and_1():
    raw = DATA["digits"].make(0, {"data.target": "inputs", "data.offset": 0.0})
    pixels = DATA["digits"].make(0, {"data.target": "own", "data.offset": 0.0}).x
    np.testing.assert_array_equal(raw.x, pixels / 16)
    np.testing.assert_array_equal(raw.y, raw.x)
    assert raw.classes == 0


def test_an_unknown_target_names_the_valid_ones():
    with pytest.raises(InputError, match="inputs"):
        DATA["digits"].make(0, {"data.target": "outputs", "data.offset": 0.0})
