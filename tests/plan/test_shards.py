"""Shards of a plan: every program in one, about equally long, the same for jobs that know nothing of one another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError
from bench.plan import Shard, part_of, shard_of
from bench.plan.shards import dealt
from bench.spec import Plan, Program

SECONDS = st.lists(st.floats(0, 1e6), max_size=40)


def plan_of(seconds):
    programs = [Program({}, {}, np.arange(2), 2, 1, (0, 1), f"k{n}", seconds=s) for n, s in enumerate(seconds)]
    return Plan(tuple(programs), 2 * len(programs))


@given(SECONDS, st.integers(1, 12))
def test_every_program_is_in_exactly_one_shard_in_the_order_of_the_plan(seconds, count):
    plan = plan_of(seconds)
    parts = [part_of(plan, Shard(n, count)) for n in range(1, count + 1)]
    assert sorted(p.key for part in parts for p in part.programs) == sorted(p.key for p in plan.programs)
    assert sum(part.runs for part in parts) == plan.runs
    for part in parts:
        mine = {p.key for p in part.programs}
        assert [p.key for p in plan.programs if p.key in mine] == [p.key for p in part.programs]


@given(st.lists(st.floats(0.1, 1e3), min_size=1, max_size=40), st.integers(1, 12))
def test_the_longest_shard_is_at_most_the_mean_and_one_program_longer(seconds, count):
    longest = max(sum(seconds[place] for place in hand) for hand in dealt(seconds, count))
    assert longest <= sum(seconds) / count + max(seconds) * (1 - 1 / count) + 1e-9  # Graham 1966, theorem 1


def test_long_programs_are_not_put_together():
    assert dealt([1, 9, 1, 9, 1, 1], 2) == [[1, 0, 4], [3, 2, 5]]


@pytest.mark.parametrize(("text", "told"), [
    ("3", "give i/n, such as 1/8"),
    ("a/b", "give i/n"),
    ("1/2\n", "give i/n"),
    ("-1/2", "give i/n"),
    ("0/8", "counted from 1; give 1/8 to 8/8"),
    ("9/8", "counted from 1; give 1/8 to 8/8"),
    ("1/0", "counted from 1; give such as 1/8"),
])  # fmt: skip
def test_what_is_no_shard_is_refused_in_one_sentence(text, told):
    with pytest.raises(InputError, match=told):
        shard_of(text)


def test_a_shard_is_read_and_written():
    assert shard_of("3/8") == Shard(3, 8)
    assert str(Shard(3, 8)) == "3/8"
