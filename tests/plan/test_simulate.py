"""The simulation of a cluster: against what can be worked out by hand, and against bounds that no schedule beats."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import InputError
from bench.plan.simulate import Costs, Owner, costs_of, simulate

FREE = Owner(0.0, float("inf"))


def costs(runs, compiling, running, bytes_=0.0):
    run = np.asarray(running, float)
    return Costs(np.full(len(run), runs), np.full(len(run), float(compiling)), run, np.full(len(run), float(bytes_)))


def test_one_device_compiles_each_kind_once_and_runs_everything():
    found = simulate(costs(10, 1, [2, 3]), 60, 1, FREE)
    assert (found.programs, found.seconds) == (6, 3 * (2 + 3) + 2 * 1)


def test_devices_share_the_programs_and_each_compiles_what_it_meets():
    found = simulate(costs(10, 1, [4, 4]), 40, 2, FREE)
    assert found.seconds == 2 * 4 + 2 * 1  # two programs each, of two kinds
    assert found.bounds["compiling"] == 2


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 30)), min_size=1, max_size=5),
    st.integers(1, 12),
)
def test_alike_programs_are_dealt_as_one_after_the_other(kinds, devices):
    """Against list scheduling, program by program."""
    kinds = sorted(kinds, key=lambda kind: -kind[1])
    columns = [np.asarray(column) for column in zip(*kinds, strict=True)]
    found = simulate(Costs(np.ones(len(kinds), int), *columns[:2], np.zeros(len(kinds))), len(kinds) * 7, devices, FREE)
    free, known = [(0, device) for device in range(devices)], set()
    for number, (compiling, run, _) in enumerate(kinds):
        for _ in range(7):
            at, device = heapq.heappop(free)
            heapq.heappush(free, (at + run + compiling * ((number, device) not in known), device))
            known.add((number, device))
    assert found.seconds == pytest.approx(max(free)[0])
    compiling = sum(kinds[number][0] for number, _ in known)
    assert found.bounds["compiling"] * devices == pytest.approx(compiling)


@pytest.mark.parametrize(("owner", "devices", "limit", "seconds"), [
    (FREE, 4, "work", 25 * 8),
    (FREE, 200, "longest program", 8),
    (Owner(1.0, float("inf")), 100, "programs", 108),
    (Owner(0.0, 10.0), 100, "results", 8 + 100 * 2),
])  # fmt: skip
def test_what_limits_it_is_named(owner, devices, limit, seconds):
    found = simulate(costs(1, 0, [8], bytes_=20), 100, devices, owner)
    assert (found.limit, found.seconds) == (limit, seconds)


def test_compiling_limits_where_every_device_must():
    found = simulate(costs(1, 5, [1] * 10), 1000, 100, FREE)
    assert found.limit == "compiling"


def test_a_rest_of_runs_takes_the_first_kinds():
    found = simulate(costs(10, 0, [1, 2, 4]), 45, 1, FREE)  # 30 and 15 more: one and a half program
    assert (found.programs, found.seconds) == (5, 7 + 3)


@settings(deadline=None)
@given(
    st.lists(st.floats(0.01, 50), min_size=1, max_size=12),
    st.integers(1, 300),
    st.integers(1, 40),
    st.floats(0, 0.1),
)
def test_it_is_within_grahams_bound_and_never_faster_than_any_of_its_limits(running, runs, devices, each):
    found = simulate(costs(3, 0.5, running, bytes_=7), runs, devices, Owner(each, 100.0))
    assert found.seconds >= max(found.bounds.values()) * (1 - 1e-12)
    device = found.bounds["work"] + found.bounds["compiling"] + found.bounds["longest program"]
    assert found.seconds <= device + found.bounds["programs"] + found.bounds["results"] + 1e-9
    assert simulate(costs(3, 0.5, running, bytes_=7), runs, devices, Owner(each, 100.0)) == found


def test_costs_are_those_of_what_was_trained():
    rows = {"lanes": [4, 8], "run_seconds": [1.0, np.nan], "trace_seconds": [0.1, np.nan],
            "lower_seconds": [0.2, np.nan], "compile_seconds": [0.3, np.nan]}  # fmt: skip
    found = costs_of(rows, 100)
    assert [column.tolist() for column in found] == [[4], [pytest.approx(0.6)], [1.0], [400.0]]
    with pytest.raises(InputError, match="no program of this result was trained"):
        costs_of({**rows, "run_seconds": [np.nan, np.nan]}, 100)


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(InputError, match="give at least 1 of each"):
        simulate(costs(1, 0, [1]), 10, 0, FREE)
    with pytest.raises(InputError, match="at most 20,000,000 can be simulated"):
        simulate(costs(1, 0, [1]), 10**9, 1, FREE)
