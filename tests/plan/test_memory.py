"""Programs that would not fit into memory are split by lanes: the same runs, each once, in programs that fit."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.pipeline import run_study
from bench.plan import Room, memory_of, plan
from bench.plan.memory import Needs, pieces
from bench.planning import Settings, planned
from bench.spec import Grid

GRID = Grid({"data": "iris", "model": "mlp", "width": 4, "batch_size": 16, "steps": 300, "checkpoints": 100, "lanes": 2,
             "learning_rate": [0.1, 0.2, 0.3], "seed": [0, 1, 2, 3]})  # fmt: skip
COUNT = 12


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.tuples(*[st.integers(0, 1000)] * 3),
    st.integers(1, 100_000),
    st.integers(1, 4),
    st.integers(1, 9),
)
def test_every_lane_is_in_one_piece_and_pieces_fit_or_are_a_single_lane(seeds, needs, room, devices, chunk):
    seeds, needs = np.asarray(seeds), Needs(*needs)
    found = list(pieces(seeds, lambda width: min(width, chunk), needs, Room(room, devices)))
    assert sorted(itertools.chain.from_iterable(map(list, found))) == list(range(len(seeds)))
    for own in found:
        assert len(own) == 1 or needs.of(len(own), min(len(own), chunk), devices, len(set(seeds[own]))) <= room
    if needs.of(len(seeds), min(len(seeds), chunk), devices, len(set(seeds))) <= room:
        assert len(found) == 1


@pytest.fixture
def whole(catalogue):
    (program,) = plan([GRID], catalogue.describe, "x").programs
    return program


def small(whole):
    """Room for a third of a program."""
    return Room(memory_of(whole, 1) / 3, 1)


def test_what_fits_is_planned_as_ever(catalogue, whole):
    made = plan([GRID], catalogue.describe, "x", room=Room(memory_of(whole, 1), 1))
    assert [program.key for program in made.programs] == [whole.key]
    assert made.room is None


def test_a_program_that_does_not_fit_is_split_into_programs_that_do(catalogue, whole):
    room = small(whole)
    made = plan([GRID], catalogue.describe, "x", room=room)
    assert len(made.programs) > 2
    assert all(memory_of(program, 1) <= room.bytes for program in made.programs)
    assert sorted(np.concatenate([program.runs for program in made.programs])) == list(range(COUNT))
    assert made.room == room
    again = plan([GRID], catalogue.describe, "x", room=room)
    assert [program.key for program in again.programs] == [program.key for program in made.programs]


def test_seeds_are_kept_together_because_each_has_an_order_of_its_own(catalogue, whole):
    made = plan([GRID], catalogue.describe, "x", room=small(whole)).programs
    assert max(len(np.unique(program.lanes["seed"])) for program in made) < 4


def test_free_memory_that_is_nearly_the_same_splits_alike(catalogue, whole):
    room = small(whole)
    near = plan([GRID], catalogue.describe, "x", room=room._replace(bytes=room.bytes * 0.999)).programs
    assert [p.key for p in near] == [p.key for p in plan([GRID], catalogue.describe, "x", room=room).programs]


@pytest.mark.slow
def test_split_results_are_those_of_the_whole_and_go_on_where_there_is_more_memory(
    parts, trial, tmp_path, devices, monkeypatch, catalogue, whole
):
    study = trial(GRID)
    one = run_study(study, parts, Settings("quick", tmp_path / "one", devices[:1]))
    monkeypatch.setattr("bench.planning.share", lambda devices, workers: small(whole))
    settings = Settings("quick", tmp_path / "two", devices[:1])
    two = run_study(study, parts, settings)
    assert (one.programs, one.runs, two.runs) == (1, COUNT, COUNT)
    assert two.programs > 2
    axes = ["learning_rate", "seed"]
    numbers = [found.evidence.runs.sort_values(axes)["final_train_loss"].tolist() for found in (one, two)]
    assert numbers[0] == numbers[1]  # two lanes together in both: bit for bit
    monkeypatch.setattr("bench.planning.share", lambda devices, workers: None)
    assert planned(study, catalogue, settings).programs[0].key == two.plan[0].key
    assert run_study(study, parts, settings).trained == 0
