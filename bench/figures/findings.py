"""Findings: what was measured beside what was predicted."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bench.figures.axes import SHORT, ticks
from bench.figures.drawn import Drawn, dressed
from bench.figures.look import CATEGORIES, SCREEN, Look, heading
from bench.spec import Frame, Study

MOST_NAMED = 30
"""Up to so many findings, each has a line of its own with its name."""
MOST_FINDINGS = 2000


def against_theory(study: Study, findings: Frame, look: Look = SCREEN) -> Drawn | None:
    """Measured and predicted values of all findings that have both, with intervals; None where there are none.

    Args:
        study: whose findings they are.
        findings: the table.
        look: what the picture is made for.
    """
    if findings.empty or _both(findings).empty:
        return None
    return dots(f"{study.title} Measured beside predicted", findings, look)


def dots(title: str, findings: Frame, look: Look) -> Drawn:
    """Measured and predicted values: a line per finding where they are few, else one against the other."""
    own = _both(findings) if len(findings) else findings
    data = own.reset_index(drop=True).iloc[:MOST_FINDINGS]
    words = f"{title}. Measured and predicted values of {len(data)} findings, with intervals where there are some."
    make = _named if len(data) <= MOST_NAMED else _crossed
    chart = dressed(make(data, look), look, title=heading(title, "", look), description=words)
    return Drawn(title, words, chart, data)


def _both(findings: Frame) -> Frame:
    kept = [name for name in ("quantity", "measured", "predicted", "low", "high", "impl", "rule") if name in findings]
    own = findings[kept]
    return own[np.isfinite(own["measured"].astype(float)) & np.isfinite(own["predicted"].astype(float))]


def _scale(data: Frame) -> alt.Scale:
    """Logarithmic for numbers of several sizes, if all are positive; symmetric-logarithmic if not."""
    values = pd.concat([data["measured"], data["predicted"], data["low"].dropna()]).to_numpy(float)
    sizes = np.abs(values[values != 0])
    wide = len(sizes) > 0 and sizes.max() > 30 * sizes.min()
    if wide and (values > 0).all():
        return alt.Scale(type="log")
    if wide:
        return alt.Scale(type="symlog", constant=float(np.quantile(sizes, 0.1)))
    return alt.Scale(zero=False)


def _axis(data: Frame, scale: alt.Scale, **more: Any) -> alt.Axis:
    """Ticks of a logarithmic axis at powers of ten."""
    if scale.to_dict().get("type") == "log":
        more["values"] = ticks(pd.concat([data["measured"], data["predicted"], data["low"].dropna()]))
    return alt.Axis(labelExpr=SHORT, **more)


def _tips(look: Look) -> list[alt.Tooltip]:
    shown = ("quantity:N", "measured:Q", "predicted:Q", "low:Q", "high:Q", "impl:N", "rule:N")
    return [alt.Tooltip(one) for one in shown] if look.interactive else []


def _named(data: Frame, look: Look) -> Any:
    order = list(dict.fromkeys(data["quantity"].astype(str)))
    base = alt.Chart(data.assign(quantity=data["quantity"].astype(str)))
    y = alt.Y("quantity:N", sort=order, title=None, axis=alt.Axis(labelLimit=0.55 * look.width))
    scale, colour = _scale(data), CATEGORIES[0]
    title = "measured (dot, interval) and predicted (ring)"
    x = alt.X("measured:Q", scale=scale, title=title, axis=_axis(data, scale))
    interval = base.mark_rule(color=colour).encode(y=y, x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"))
    ring = base.mark_point(size=110, color=look.ink, filled=False).encode(y=y, x=alt.X("predicted:Q", scale=scale))
    dot = base.mark_point(size=30, color=colour, filled=True, opacity=1).encode(y=y, x=x, tooltip=_tips(look))
    return alt.layer(interval, ring, dot).properties(width=0.4 * look.width, height={"step": 1.8 * look.size})


def _crossed(data: Frame, look: Look) -> Any:
    scale, colour = _scale(data), CATEGORIES[0]
    base = alt.Chart(data)
    ends = data["predicted"].astype(float).agg(["min", "max"]).to_numpy()
    same = alt.Chart(pd.DataFrame({"x": ends, "y": ends})).mark_line(strokeDash=[4, 3], color=look.ink)
    x = alt.X("predicted:Q", scale=scale, axis=_axis(data, scale))
    y = alt.Y("measured:Q", scale=scale, axis=_axis(data, scale))
    interval = base.mark_rule(color=colour).encode(x=x, y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q"))
    dot = base.mark_point(size=30, color=colour, filled=True, opacity=0.8).encode(x=x, y=y, tooltip=_tips(look))
    layers = alt.layer(same.encode(x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale)), interval, dot)
    return layers.properties(width=look.height, height=look.height)
