"""Pictures of many cards come from further processes, and are the same."""

import shutil

import pytest

from bench.report import drawing
from bench.report.collect import collect, there
from bench.report.page import html

pytestmark = pytest.mark.slow


def test_further_processes_draw_the_same_and_say_what_they_could_not(results, monkeypatch):
    found = there(results)
    _, here = drawing.read_and_drawn(results, found, static=True)
    monkeypatch.setattr(drawing, "MANY", 2)
    report, elsewhere = drawing.read_and_drawn(results, found, static=True)
    assert html(report, True, elsewhere) == html(report, True, here)
    for one, two in zip(here, elsewhere, strict=True):
        assert [picture.description for picture in two.figures] == [picture.description for picture in one.figures]
        assert not two.broken


def test_damage_is_said_wherever_the_tables_are_read(results, tmp_path, monkeypatch):
    copied = tmp_path / "results"
    shutil.copytree(results, copied)
    next((copied / there(results).popitem()[0]).glob("*/findings.parquet")).write_bytes(b"no table")
    (here,) = [card.note for card in collect(copied).cards if card.note]
    monkeypatch.setattr(drawing, "MANY", 2)
    report, _ = drawing.read_and_drawn(copied, there(copied), static=False)
    assert [card.note for card in report.cards if card.note] == [here]


def test_a_card_that_cannot_be_drawn_says_why(results, monkeypatch):
    monkeypatch.setattr(drawing, "pictures", lambda card, static: 1 / 0)
    found = drawing.shown(collect(results), static=False)
    assert [one.broken for one in found] == ["ZeroDivisionError: division by zero"] * 3
