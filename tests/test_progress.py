"""The live line says how fast it goes, what was lost, the best so far and how long it will take."""

import pytest

from bench.events import Event
from bench.progress import Progress

PLAN = Event("plan", {"study": "", "name": "grid", "runs": 300, "programs": 3, "missing": 3, "missing_seconds": 30.0})


def program(runs, diverged, lowest):
    facts = {"program": "abc", "seconds": 1.0, "estimated_seconds": 10.0, "runs": runs, "diverged": diverged}
    return Event("program", facts | {"lowest_train_loss": lowest})


@pytest.fixture
def progress():
    return Progress(json=False, verbose=False)


def test_the_line_counts_runs_and_scales_the_estimate_by_what_it_took(progress):
    progress(PLAN)
    progress(program(100, 0, 0.5))
    assert progress.stand(5.0) == "20 runs/s, lowest loss 0.5, about 10 s left"
    progress(program(100, 7, None))
    assert progress.stand(8.0) == "25 runs/s, 7 diverged, lowest loss 0.5, about 4 s left"
    progress(program(100, 0, 0.125))
    assert progress.stand(10.0) == "30 runs/s, 7 diverged, lowest loss 0.125"


def test_another_study_begins_anew(progress):
    progress(PLAN)
    progress(program(100, 3, 0.5))
    progress(PLAN)
    progress(program(10, 0, None))
    assert progress.stand(1.0) == "10 runs/s, about 2 s left"


def test_in_a_terminal_there_is_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with Progress(json=False, verbose=False) as live:
        live(PLAN)
        live(program(100, 0, 0.5))
        assert live.bars
        assert "runs/s" in live.bars.tasks[0].fields["left"]
    assert "grid" in capsys.readouterr().err
