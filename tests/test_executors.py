"""Which programs are said to come next."""

import dataclasses

import pytest

from bench.executors import Upcoming, executor_of
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid

LOOK = {"data": "iris", "model": "softmax", "probes": "off"}


def grid(**axes):
    return Grid({**LOOK, "steps": 3, **axes})


@pytest.fixture
def settings(tmp_path, devices):
    return Settings(out=tmp_path, devices=devices)


def names(upcoming, count):
    return [int(program.static["steps"]) for program, _ in (next(upcoming) for _ in range(count))]


def test_what_comes_next_is_of_the_studies_after_the_current_one(trial, parts, settings):
    studies = [trial(grid(steps=[10 * n + 1, 10 * n + 2]), name=f"s{n}") for n in range(4)]
    upcoming = Upcoming(studies, parts, settings)
    coming = iter(upcoming)
    assert names(coming, 1) == [11]
    upcoming.reached(studies[1])
    assert names(coming, 3) == [21, 22, 31]
    upcoming.reached(studies[3])
    assert list(coming) == []


def test_what_is_saved_or_measured_by_itself_or_cannot_be_planned_does_not_come(trial, parts, settings):
    saved = trial(grid(steps=[11, 12]), name="saved")
    run_study(dataclasses.replace(saved, grids=lambda *_: [grid(steps=11)]), parts, settings)
    studies = [
        trial(grid(steps=1), name="now"),
        saved,
        trial(grid(steps=21, repeats=2), name="measured"),
        trial(grid(steps=31, model="no such model"), name="wrong"),
        trial(grid(steps=41), name="last"),
    ]
    assert names(iter(Upcoming(studies, parts, settings)), 2) == [12, 41]


def test_studies_in_turn_find_their_programs_compiled_and_the_ledger_says_what_it_took(trial, parts, settings):
    studies = [trial(grid(steps=3), name="one"), trial(grid(steps=3, optimizer="adam"), name="two")]
    upcoming, seen = Upcoming(studies, parts, settings), []
    with executor_of(parts, settings, iter(upcoming)) as executor:
        for study in studies:
            upcoming.reached(study)
            seen.append(executor.compiler.expecting)
            judged = run_study(study, parts, settings, executor=executor)
            assert judged.evidence.programs["compile_seconds"].item() > 0
    assert seen == [0, 1]
