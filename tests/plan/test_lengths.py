"""Where checkpoints lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError
from bench.plan import checkpoint_steps


@pytest.mark.parametrize(
    ("asked", "steps", "per_epoch", "want"),
    [
        ("end", 7, 3, (0, 7)),
        ("epoch", 7, 3, (0, 3, 6, 7)),
        ("epoch", 6, 3, (0, 3, 6)),
        ("log", 20, 1, (0, 1, 2, 3, 4, 6, 8, 12, 16, 20)),
        (4, 10, 1, (0, 4, 8, 10)),
        ((5, 2, 99), 10, 1, (0, 2, 5, 10)),
        ("epoch", 0, 3, (0,)),
        ("log", 0, 3, (0,)),
    ],
)
def test_checkpoints_are_where_they_were_asked_for(asked, steps, per_epoch, want):
    assert checkpoint_steps(asked, steps, per_epoch) == want


@given(
    st.one_of(st.sampled_from(["epoch", "log", "end"]), st.integers(1, 50), st.lists(st.integers(0, 300), max_size=9)),
    st.integers(0, 200),
    st.integers(0, 40),
)
def test_checkpoints_ascend_from_zero_to_the_last_step(asked, steps, per_epoch):
    found = checkpoint_steps(asked, steps, per_epoch)
    assert (found[0], found[-1]) == (0, steps)
    assert list(found) == sorted(set(found))


@pytest.mark.parametrize("asked", ["weekly", 0, -3, True, 2.5, None])
def test_checkpoints_that_make_no_sense_are_refused(asked):
    with pytest.raises(InputError, match="give 'epoch', 'log', 'end'"):
        checkpoint_steps(asked, 10, 1)
