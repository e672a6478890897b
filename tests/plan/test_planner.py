"""The planner: every run in exactly one lane of one program, under keys that change with what decides the numbers."""

import dataclasses
import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import InputError
from bench.plan import Description, chunk_width, plan, working_set
from bench.plan.planner import MOST_LANES_PER_PROGRAM
from bench.spec import Grid

ROWS = 100


def describe(static, seeds, **changes):
    about = Description(
        static=dict(static),
        hyper={"optimizer.momentum": 0.9} if static["optimizer"] == "momentum" else {},
        rows=ROWS,
        all_rows=ROWS,
        parameters=50,
        multiplications=50,
        activations=20,
        layers=2,
        data_hash="data",
    )
    return about._replace(**changes)


def runs_of(made):
    """Every lane as the values of its axes."""
    return [
        tuple(program.static[axis] for axis in ("depth", "batch_size"))
        + tuple(program.lanes[axis][lane].item() for axis in ("learning_rate", "seed"))
        for program in made.programs
        for lane in range(program.width)
    ]


def combinations(axes):
    return itertools.product(*(axes[axis] for axis in AXES))


AXES = {
    "depth": st.lists(st.integers(0, 8), min_size=1, max_size=3, unique=True),
    "batch_size": st.lists(st.sampled_from([1, 8, 32, "full"]), min_size=1, max_size=3, unique=True),
    "learning_rate": st.lists(st.floats(1e-3, 1), min_size=1, max_size=4, unique=True),
    "seed": st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True),
}


@given(st.fixed_dictionaries(AXES))
def test_every_run_is_in_exactly_one_lane(axes):
    made = plan([Grid(axes)], describe, "code")
    wanted = list(combinations(axes))
    assert sorted(map(str, runs_of(made))) == sorted(map(str, wanted))
    assert made.runs == len(wanted) == sum(program.width for program in made.programs)
    assert len(made.programs) == len(axes["depth"]) * len(axes["batch_size"])
    assert sorted(np.concatenate([program.runs for program in made.programs])) == list(range(len(wanted)))


@pytest.mark.slow
@given(st.fixed_dictionaries(AXES), st.fixed_dictionaries(AXES))
def test_runs_that_two_grids_ask_for_are_trained_once(one, other):
    made = plan([Grid(one), Grid(other)], describe, "code")
    wanted = set(combinations(one)) | set(combinations(other))
    assert len(runs_of(made)) == len(wanted)
    assert set(runs_of(made)) == wanted


@given(st.fixed_dictionaries(AXES))
def test_planning_again_gives_the_same_keys_and_they_are_distinct(axes):
    keys = [[program.key for program in plan([Grid(axes)], describe, "code").programs] for _ in range(2)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])


BASE = {"learning_rate": [0.1, 0.2], "seed": [0, 1], "steps": 10, "checkpoints": "end"}


def key(axes=None, identity="code", lanes=None, **changes):
    made = plan([Grid(BASE | (axes or {}))], lambda static, seeds: describe(static, seeds, **changes), identity, lanes)
    assert len(made.programs) == 1
    return made.programs[0].key


@pytest.mark.parametrize(
    "other",
    [
        {"data_hash": "other"},
        {"identity": "other"},
        {"lanes": 3},
        {"axes": {"steps": 11}},
        {"axes": {"checkpoints": 5}},
        {"axes": {"dtype": "float64"}},
        {"axes": {"learning_rate": [0.1, 0.3]}},
        {"axes": {"l2": 1.0}},
        {"axes": {"seed": [0, 2]}},
        {"axes": {"seed": [1, 0]}},
    ],
    ids=str,
)
def test_the_key_changes_with_what_decides_the_numbers(other):
    assert key(**other) != key()


def test_the_key_ignores_estimates():
    assert key(all_rows=10_000, layers=9) == key()


def test_a_million_runs_are_planned_in_seconds():
    grid = Grid({"depth": list(range(10)), "learning_rate": np.logspace(-4, 0, 1000), "seed": range(100)})
    start = time.perf_counter()
    made = plan([grid], describe, "code")
    assert time.perf_counter() - start < 10  # about 0.4 s alone; the machine may be busy
    assert made.runs == 1_000_000
    assert max(program.width for program in made.programs) <= MOST_LANES_PER_PROGRAM


def test_describe_is_asked_once_per_static_configuration():
    asked = []

    def listening(static, seeds):
        asked.append((static["depth"], seeds))
        return describe(static, seeds)

    plan([Grid({"depth": [1, 2], "learning_rate": [0.1, 0.2], "seed": [3, 1]})], listening, "code")
    assert asked == [(1, [1, 3]), (2, [1, 3])]


def test_constants_of_the_optimizer_get_their_defaults():
    program = plan([Grid({"optimizer": "momentum"})], describe, "code").programs[0]
    assert program.lanes["optimizer.momentum"].tolist() == [0.9]


@pytest.mark.parametrize("values", [0.5, [0.5, 0.9]])
def test_an_axis_that_no_part_reads_is_refused(values):
    with pytest.raises(InputError, match=r"'optimizer.momentum' does not apply to optimizer 'sgd'. Valid: none"):
        plan([Grid({"optimizer.momentum": values})], describe, "code")


def test_an_axis_that_some_runs_read_leaves_the_others_alone():
    made = plan([Grid({"optimizer": ["sgd", "momentum"], "optimizer.momentum": [0.5, 0.9]})], describe, "code")
    assert made.runs == 3
    assert [list(program.lanes.get("optimizer.momentum", [])) for program in made.programs] == [[], [0.5, 0.9]]


def test_steps_and_epochs_exclude_each_other():
    with pytest.raises(InputError, match="not as both"):
        plan([Grid({"steps": 5, "epochs": 5})], describe, "code")


@pytest.mark.parametrize(
    ("axes", "steps"),
    [
        ({"batch_size": 30, "epochs": 2}, 6),
        ({"batch_size": 30, "epochs": 2, "ragged": "pad"}, 8),
        ({"epochs": 7}, 7),
        ({"batch_size": 30}, 30),
        ({"steps": 0}, 0),
    ],
)
def test_epochs_become_steps(axes, steps):
    assert plan([Grid(axes)], describe, "code").programs[0].steps == steps


@given(st.integers(1, 20_000), st.integers(1, 10**6), st.integers(0, 10**5), st.integers(1, 2000))
@settings(max_examples=200)
def test_chunks_cover_the_lanes_and_never_exceed_them(lanes, parameters, activations, batch):
    width = chunk_width(lanes, working_set(parameters, activations, batch, 4))
    assert 1 <= width <= lanes
    chunks = -(-lanes // width)
    assert chunks * width - lanes < chunks + width  # nearly equal chunks, so that little is padding


def test_a_plan_is_a_value():
    made = plan([Grid(BASE)], describe, "code")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.runs = 0
    assert made.seconds > 0
    assert made.bytes > 0


def lengths(axes, **changes):
    made = plan([Grid(axes)], lambda static, seeds: describe(static, seeds, **changes), "code")
    return [program.steps for program in made.programs]


@given(st.integers(1, ROWS), st.integers(1, 500), st.integers(1, 10**7))
def test_a_budget_buys_as_many_steps_as_fit_into_it(batch, multiplications, budget):
    sizes = {"multiplications": multiplications}
    for name, price in (("gradient_evaluations", batch), ("flops", 6 * multiplications * batch)):
        axes = {"batch_size": batch, f"budget.{name}": budget, "checkpoints": "end"}
        if budget < price:
            with pytest.raises(InputError, match=rf"budget.{name} = .*: one step takes .*; give at least that"):
                lengths(axes, **sizes)
        else:
            (steps,) = lengths(axes, **sizes)
            assert steps * price <= budget < (steps + 1) * price


def test_runs_of_one_budget_cost_the_same_whatever_their_batch():
    made = plan([Grid({"batch_size": [1, 10, "full"], "budget.flops": 3e6})], describe, "code").programs
    assert [program.steps * program.step_flops for program in made] == [3e6] * 3
    assert lengths({"batch_size": [1, 10], "budget.gradient_evaluations": [200, 300]}) == [200, 300, 20, 30]


def test_the_length_is_given_once():
    for axes in ({"steps": 3, "budget.flops": 1e6}, {"budget.gradient_evaluations": 30, "budget.flops": 1e6}):
        with pytest.raises(InputError, match="give the length once"):
            lengths(axes)
    with pytest.raises(InputError, match="operations of this model are not counted; give steps or epochs"):
        lengths({"budget.flops": 1e6}, multiplications=0)
    with pytest.raises(InputError, match=r"budget\.flops = -1: give a number above 0"):
        lengths({"budget.flops": -1})
