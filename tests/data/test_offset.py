"""The option `data.offset` moves real-valued targets and refuses classes."""

import numpy as np
import pytest

from bench.errors import InputError
from bench.parts import Catalogue, default_parts


def test_an_offset_moves_every_target_and_no_input() -> None:
    lookup = Catalogue(default_parts()).lookup
    plain, moved = lookup("diabetes"), lookup("diabetes", offset=100.0)
    np.testing.assert_array_equal(moved.y, plain.y + 100)
    np.testing.assert_array_equal(moved.x, plain.x)


def test_classes_have_no_offset_but_labels_as_numbers_have() -> None:
    lookup = Catalogue(default_parts()).lookup
    with pytest.raises(InputError, match=r"data\.target"):
        lookup("iris", offset=1.0)
    np.testing.assert_array_equal(lookup("iris", offset=1.0, target="number").y, lookup("iris").y + 1)
