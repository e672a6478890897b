"""Pictures of many cards come from further processes, and are the same."""

import pytest

from bench.report import drawing
from bench.report.collect import collect

pytestmark = pytest.mark.slow


def test_further_processes_draw_the_same_and_say_what_they_could_not(results, monkeypatch):
    report = collect(results)
    here = drawing.shown(report, static=False)
    monkeypatch.setattr(drawing, "MANY", 2)
    there = drawing.shown(report, static=False)
    for one, two in zip(here, there, strict=True):
        assert [picture.description for picture in two.figures] == [picture.description for picture in one.figures]
        assert not two.broken


def test_a_card_that_cannot_be_drawn_says_why(results, monkeypatch):
    monkeypatch.setattr(drawing, "pictures", lambda card, static: 1 / 0)
    assert [one.broken for one in drawing.shown(collect(results), static=False)] == [
        "ZeroDivisionError: division by zero"
    ] * 3
