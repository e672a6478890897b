"""The cost model: what must grow with what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.plan import estimate

BASE = {
    "lanes": 64,
    "multiplications": 17_000,
    "layers": 17,
    "batch_rows": 32,
    "steps": 440,
    "all_rows": 1797,
    "checkpoints": 11,
    "chunk": 4,
}


@pytest.mark.parametrize("name", ["lanes", "multiplications", "layers", "steps", "all_rows", "checkpoints"])
@given(factor=st.integers(2, 50))
def test_more_work_costs_more(name, factor):
    less, more = estimate(**BASE), estimate(**BASE | {name: BASE[name] * factor})
    assert more.seconds > less.seconds
    assert more.flops >= less.flops


def test_the_same_rows_in_small_batches_cost_more():
    rows = BASE["batch_rows"] * BASE["steps"]
    seconds = [estimate(**BASE | {"batch_rows": b, "steps": rows // b}).seconds for b in (1, 32, 440)]
    assert seconds == sorted(seconds, reverse=True)


def test_flops_are_counted_forward_and_backward():
    one = BASE | {"lanes": 1, "checkpoints": 0, "steps": 1, "batch_rows": 1}
    assert estimate(**one).flops == 6 * BASE["multiplications"]
