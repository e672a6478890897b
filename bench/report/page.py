"""The page: templates, style and script in, one HTML file out."""

import base64
import functools
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from bench import outcome, stats
from bench.report import words
from bench.report.cards import Card, Report
from bench.report.collect import axes, finite, newest
from bench.report.drawing import Shown, shown
from bench.report.formulas import formula
from bench.report.pictures import bundle, overview

ASSETS = Path(__file__).parent / "assets"

VERDICTS = ("SUPPORTED", "CONDITIONAL", "REFUTED", "UNDECIDED", "NOT RUN")
MOST_FINDINGS = 60
"""Rows of a table of findings; those that did not pass come first where there are more."""
MOST_TELLING = 5
"""Rows of the short table of measured and predicted values."""


def html(report: Report, static: bool = True, drawn: Sequence[Shown] | None = None) -> str:
    """The page.

    Everything that comes from results passes Jinja's escaping, or, as JSON, its `tojson` filter, which escapes `<`,
    `>`, `&`, `'` and everything beyond ASCII. The policy lets nothing run but the two scripts that it names by hash.

    Args:
        report: what to say.
        static: put a still of each study's first figure in, for where no script runs.
        drawn: the pictures of its cards; drawn here unless given.
    """
    style, script, library = _asset("page.css"), _asset("page.js"), bundle()
    assert "</script" not in library.lower() + script.lower()
    policy = (
        f"default-src 'none'; script-src {_hash(library)} {_hash(script)}; style-src-elem {_hash(style)}; "
        "style-src-attr 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    drawn = shown(report, static) if drawn is None else drawn
    cards = [_facts(card, own) for card, own in zip(report.cards, drawn, strict=True)]
    families: dict[str, list[dict[str, Any]]] = {}
    for one in cards:
        families.setdefault(one["card"].family, []).append(one)
    return (
        _templates()
        .get_template("page.html")
        .render(
            report=report,
            cards=cards,
            families=families,
            total=totals(report),
            overview=overview(report, static),
            rules=rules(report),
            newest=newest(report),
            policy=policy,
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            library=Markup(library),  # noqa: S704 - Vega's
            verdicts=[name for name in VERDICTS if name != "UNDECIDED" or report.verdicts[name]],
        )
    )


def totals(report: Report) -> dict[str, Any]:
    """What the cards add up to, for the first lines of the page."""
    verdicts, checks = report.verdicts, report.checks
    return {
        "claims": sum(verdicts.values()),
        "expecting": sum(bool(claim.expected) for card in report.cards for claim in card.claims),
        "verdicts": {name: verdicts[name] for name in VERDICTS if verdicts[name] or name in VERDICTS[:3]},
        "checks": sum(checks.values()),
        "passed": checks["PASS"],
        "failed": checks["FAIL"],
        "not_run": checks["NOT RUN"],
        "unexpected": sum(not claim.as_expected for card in report.cards for claim in card.claims),
        "runs": sum(card.runs for card in report.cards),
        "programs": sum(len(card.tables["programs"]) for card in report.cards),
        "seconds": sum(card.seconds for card in report.cards),
        "studies": sum(not card.own for card in report.cards),
        "own": sum(card.own for card in report.cards),
        "statuses": sum((Counter(card.statuses) for card in report.cards), Counter()),
    }


def _facts(card: Card, drawn: Shown) -> dict[str, Any]:
    varied, fixed = axes(card.tables["runs"])
    ranked = sorted(card.findings, key=lambda finding: finding.impl not in ("FAIL", "NOT RUN"))
    many = len(ranked) > MOST_FINDINGS
    return {
        **drawn._asdict(),
        "card": card,
        "telling": [f for f in card.findings if f.impl and finite(f.measured) and finite(f.predicted)][:MOST_TELLING],
        "findings": ranked[:MOST_FINDINGS] if many else card.findings,
        "varied": varied,
        "fixed": fixed,
        "best": best(card) if card.own and card.runs else None,
        "specs": [*drawn.figures, *([drawn.beside] if drawn.beside else [])],
    }


def rules(report: Report) -> list[str]:
    """What the verdict rules of a report demand: the first sentence of each one's docstring."""
    known = (
        stats.exact,
        stats.equivalent,
        stats.rate,
        stats.bisect,
        stats.bound,
        stats.sign,
        stats.binomial,
        stats.fisher,
    )
    used = {finding.rule.partition("(")[0] for card in report.cards for finding in card.findings if finding.impl}
    said = [(rule.__doc__ or "").partition("\n")[0] for rule in known]
    return [line for line in said if re.split(r"[(:]", line)[0] in used]


def best(card: Card) -> dict[str, Any]:
    """The best configurations of a grid of one's own, as text."""
    found = outcome.best(card.tables["runs"])
    rows = [[words.number(value) for value in row] for row in found.table.itertuples(index=False)]
    return {"columns": list(found.table.columns), "rows": rows, "found": found}


@functools.cache
def _templates() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    found.filters |= {"number": words.number, "seconds": words.seconds, "count": words.count, "formula": formula}
    found.globals |= {"signs": words.SIGNS, "finite": finite, "slug": slug}
    return found


def slug(word: str) -> str:
    """A verdict as a class of the style sheet: `not-run`."""
    return word.lower().replace(" ", "-")


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a source of the Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
