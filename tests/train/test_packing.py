"""Trees as one array per type: nothing is lost, whatever the shapes and types."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.train.packing import packed, unpacked

KINDS, SHAPES = st.sampled_from(["float32", "float64", "int32"]), st.sampled_from([(), (3,), (2, 4), (0, 2)])


@pytest.mark.slow
@settings(deadline=None, max_examples=8)  # every new shape is compiled
@given(st.lists(st.tuples(KINDS, SHAPES)), st.sampled_from([(5,), (2, 3)]))
def test_a_tree_comes_back_as_it_was(leaves, first):
    like = [{"leaf": np.empty(own, kind)} for kind, own in leaves]
    tree = [
        {"leaf": np.arange(np.prod(first + own), dtype=kind).reshape(first + own) + number}
        for number, (kind, own) in enumerate(leaves)
    ]
    arrays = packed(tree, axes=len(first))
    assert {kind for kind, _ in leaves} == set(arrays)
    for one, other in zip(tree, unpacked(arrays, like), strict=True):
        assert one["leaf"].dtype == other["leaf"].dtype
        np.testing.assert_array_equal(one["leaf"], other["leaf"])


def test_some_of_the_lanes_come_back_alone():
    tree = {"w": np.arange(24, dtype=np.float32).reshape(4, 3, 2), "n": np.arange(4, dtype=np.int32)}
    like = {"w": np.empty((3, 2), np.float32), "n": np.empty((), np.int32)}
    two = unpacked({kind: array[1:3] for kind, array in packed(tree, axes=1).items()}, like)
    np.testing.assert_array_equal(two["w"], tree["w"][1:3])
    np.testing.assert_array_equal(two["n"], [1, 2])
