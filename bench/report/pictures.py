"""Figures for the page: Vega-Lite specifications with their numbers packed, and pictures for where nothing runs."""

import dataclasses
import importlib.metadata
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import vl_convert

from bench.cache import kept
from bench.figures import SCREEN, Drawn, against_theory, charts, ledger, own_charts, ratios
from bench.figures.findings import MOST_NAMED, dots
from bench.report.cards import Card, Report
from bench.report.still import VEGA_LITE, still
from bench.spec import Frame

DIGITS = 5
"""Of the numbers in a figure: more cannot be seen."""


class Picture(NamedTuple):
    """A figure as the page needs it.

    Attributes:
        title: what to see.
        note: what signs and lines mean.
        description: for those who cannot see it.
        spec: Vega-Lite, its datasets packed column by column; `page.js` unpacks them.
        static: the same as a `data:` address of a picture, or nothing.
    """

    title: str
    note: str
    description: str
    spec: dict[str, Any]
    static: str = ""


def pictures(card: Card, static: bool) -> tuple[list[Picture], Picture | None]:
    """What a card shows, and what it shows when asked: the figures of its study, and its findings beside theory.

    Args:
        card: a study that was run.
        static: also draw the first figure as a still, which takes a tenth of a second.
    """
    if not card.runs:
        return [], None
    own = card.own
    drawn = own_charts(card.tables, card.tables["best_rates"]) if own else charts(card.study, card.tables)
    shown = [_picture(one, static and index == 0) for index, one in enumerate(drawn)]
    beside = against_theory(card.study, card.tables["findings"])
    return shown, None if beside is None else _picture(beside, False)


def overview(report: Report, static: bool) -> dict[str, Picture]:
    """All checks of a report in one picture, where its seconds went, and how long others take; those that there are.

    Args:
        report: what the page is about.
        static: also draw them as stills.
    """
    found = {}
    findings: Frame = pd.concat([card.tables["findings"] for card in report.cards], ignore_index=True)
    if len(findings):
        findings = findings[findings["impl"].notna() & (findings["measured"] > 0) & (findings["predicted"] > 0)]
    if len(findings) > MOST_NAMED:
        found["checks"] = _checks(findings, static)
    programs = pd.concat([card.tables["programs"] for card in report.cards], ignore_index=True)
    if len(programs):
        found["ledger"] = _picture(ledger(programs), static)
    path = report.out / "peers" / "ratios.csv"
    if path.exists():
        found["peers"] = _picture(ratios(pd.read_csv(path)), static)
    return found


def _checks(findings: Frame, static: bool) -> Picture:
    """What was measured over what was predicted, both positive, for logarithmic axes."""
    title = f"{len(findings):,} checks of positive quantities: on the line, measurement and theory agree"
    drawn = dots(title, findings, SCREEN)
    spec = drawn.chart.to_dict(validate=False)
    for layer in spec["layer"]:
        for channel, words in (("x", "predicted"), ("y", "measured")):
            layer["encoding"][channel]["title"] = words
    spec.update(width=560, height=320)
    picture = _picture(dataclasses.replace(drawn, chart=alt.Chart.from_dict(spec, validate=False)), static)
    return picture._replace(note="Dots off the line are bounds, which only have to hold, or failures.")


def _picture(drawn: Drawn, static: bool) -> Picture:
    spec = _plain(drawn.chart.to_dict(validate=False))
    title = spec.pop("title", "")  # the caption says it
    picture = still(spec) if static else ""
    note = title.get("subtitle", "") if isinstance(title, dict) else ""
    names = spec.pop("datasets", {})
    spec["datasets"] = {name: packed(rows) for name, rows in names.items()}
    for unused in ("$schema", "description"):
        spec.pop(unused, None)
    note = " ".join(note) if isinstance(note, list) else note
    return Picture(drawn.title, note, drawn.description, spec, picture)


def _plain(value: Any) -> Any:
    """The same without U+2028 and U+2029, which Vega's expressions cannot hold; names of data may."""
    if isinstance(value, str):
        return value.replace("\u2028", " ").replace("\u2029", " ")
    if isinstance(value, dict):
        return {_plain(key): _plain(own) for key, own in value.items()}
    return [_plain(own) for own in value] if isinstance(value, list) else value


def packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows as columns, a fifth of the size: words by their number, numbers in few digits, no NaN.

    Args:
        rows: of one dataset, as Altair writes them.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {"rows": len(rows), "columns": {name: _column([row.get(name) for row in rows]) for name in names}}


def _column(values: list[Any]) -> Any:
    if any(isinstance(value, str) for value in values):
        words = list(dict.fromkeys(values))
        place = {word: index for index, word in enumerate(words)}
        return {"words": words, "places": [place[value] for value in values]}
    short = [_short(value) for value in values]
    return short[0] if short and all(value == short[0] for value in short) else short


def _short(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    value = float(f"{value:.{DIGITS}g}")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, which defines `vegaEmbed`."""
    version = importlib.metadata.version("vl-convert-python")
    return kept(
        f"vega-lite-{VEGA_LITE}-of-vl-convert-{version}.js",
        lambda: f"(() => {{{vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;', VEGA_LITE)}}})();",
    )
