"""The page of statements names studies that exist, and owns up to those that do not."""

import re
from pathlib import Path

from bench import studies

PAGE = (Path(__file__).parents[2] / "docs" / "coverage.md").read_text()
TABLES, _, MISSING = PAGE.partition("## Not built yet")
NAMED = {name for row in TABLES.splitlines() if row.startswith("| ") for name in re.findall(r"\b[A-H]\d\d\b", row)}


def _built():
    return {studies.get(name).id for name in studies.names()}


def test_every_statement_has_a_study():
    rows = [row for row in TABLES.splitlines() if row.startswith("| ") and "| studies |" not in row]
    assert len(rows) >= 111
    assert all(re.search(r"[A-H]\d\d", row.split("|")[2]) for row in rows)


def test_what_is_named_is_built_or_owned_up_to():
    assert NAMED - _built() == set(re.findall(r"\b[A-H]\d\d\b", MISSING)) & NAMED
    assert not _built() & set(re.findall(r"\b[A-H]\d\d\b", MISSING))
