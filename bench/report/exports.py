"""The verdicts of a report as Markdown, and its findings as CSV."""

import io
from collections.abc import Iterator
from typing import Any

import pandas as pd

from bench.report.cards import Report
from bench.report.words import SIGNS

HEAD = ("study", "claim", "verdict", "expected", "implementation")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"} | {sign: f"\\{sign}" for sign in "\\|*_`[]#~@"})
"""Signs that Markdown, HTML or an issue would act on."""


def markdown(report: Report) -> str:
    """A table of verdicts, a row per claim, for a README or an issue.

    Args:
        report: whose verdicts.
    """
    rows = [HEAD, ("---",) * len(HEAD), *_verdicts(report)]
    lines = ("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)
    return "\n".join(lines) + "\n"


def _verdicts(report: Report) -> Iterator[tuple[str, ...]]:
    for card in report.cards:
        checks = card.checks
        impl = f"{SIGNS[card.impl]} {card.impl} ({checks['PASS']} of {checks.total()})" if card.impl else ""
        if not card.claims:
            yield card.study.name, "", "", "", f"{card.runs:,} runs"
        for index, claim in enumerate(card.claims):
            region = claim.found.region if claim.found and claim.verdict == "CONDITIONAL" else ""
            verdict = f"{SIGNS[claim.verdict]} {claim.verdict}{f' ({region})' if region else ''}"
            study = f"{card.study.id} {card.study.name}" if not index else ""
            yield study, claim.text, verdict, claim.expected, impl if not index else ""


def _cell(text: str) -> str:
    """On one line, with nothing that Markdown or HTML would act on."""
    return " ".join(text.split()).translate(ESCAPES)


def csv(report: Report) -> str:
    """A row per finding, with its study and profile; text that a spreadsheet would compute is quoted by an apostrophe.

    Args:
        report: whose findings.
    """
    frames = [
        card.tables["findings"].assign(family=card.family, profile=card.profile, title=card.study.title)
        for card in report.cards
        if len(card.tables["findings"])
    ]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    text = io.StringIO()
    table.map(safe).to_csv(text, index=False, lineterminator="\n")
    return text.getvalue()


def safe(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula; numbers stay as they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
