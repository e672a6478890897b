"""Maps: a value as colour over two axes, with runs that diverged crossed out and theory as a line."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bench.figures.axes import SHORT, axis, ticks
from bench.figures.drawn import Column, Drawn, dressed
from bench.figures.lines import panel_header
from bench.figures.look import Look, heading
from bench.figures.points import labels, quantitative
from bench.figures.words import words
from bench.spec import Figure, Frame

LOGARITHMIC = 100.0
"""Colours are on a logarithmic scale where values, all positive, differ by more than this factor."""


def cells(own: Frame, figure: Figure) -> Frame:
    """One row per cell of a map.

    Args:
        own: rows under their roles, see `bench.figures.points.selected`; `colour` is the value.
        figure: which columns they are.

    Returns:
        `facet`, `x`, `y`, `value` (mean over the runs that did not diverge), `runs`, `lost` (how many diverged), and
        the sides `x1`, `x2`, `y1`, `y2` of the cell where the axes are numbers.
    """
    own = own.assign(facet=labels(own["facet"], figure.facet), value=own["colour"].astype(float))
    for role in ("x", "y"):
        own[role] = own[role].astype(float) if quantitative(own[role]) else labels(own[role], getattr(figure, role))
    if figure.table != "runs":  # along a curve, a run is lost from where it is not finite
        own["lost"] = own["lost"] & ~np.isfinite(own["value"])
    own["value"] = own["value"].where(~own["lost"] & np.isfinite(own["value"]))
    grouped = own.groupby(["facet", "x", "y"], observed=True)
    found = grouped.agg(value=("value", "mean"), runs=("lost", "size"), lost=("lost", "sum")).reset_index()
    for role in ("x", "y"):
        if not isinstance(found[role].dtype, pd.CategoricalDtype):
            found[f"{role}1"], found[f"{role}2"] = _sides(found[role], role in figure.log)
    return found


def _sides(values: Column, log: bool) -> tuple[Column, Column]:
    """Ends of the cells: half-way to their neighbours."""
    places = np.sort(values.unique())
    own = np.log(places) if log else places
    if len(own) > 1:
        middle = (own[1:] + own[:-1]) / 2
        ends = np.concatenate([[2 * own[0] - middle[0]], middle, [2 * own[-1] - middle[-1]]])
    else:
        ends = own[0] + np.array([-0.5, 0.5])
    ends = np.exp(ends) if log else ends
    position = np.searchsorted(places, values.to_numpy())
    return ends[position], ends[position + 1]


def draw(figure: Figure, found: Frame, look: Look, predicted: Frame | None = None) -> Drawn:
    """The map of a figure.

    Args:
        figure: `x` and `y` are the axes, `colour` the value.
        found: its cells.
        look: what it is made for.
        predicted: a line of theory, with the columns `x`, `y` and `facet` of the figure.
    """
    theory = _line(figure, found, predicted)
    data = pd.concat([found.assign(kind="measured"), theory], ignore_index=True)
    said = ["Dashed: theory."] if len(theory) else []
    said += ["×: runs that diverged."] if found["lost"].any() else []
    of = f"{words(str(figure.colour))} as colour over {words(figure.x)} and {words(figure.y)}"
    panels = f", one panel per {words(figure.facet)}" if figure.facet else ""
    values = found["value"].dropna()
    ends = f" From {values.min():.3g} to {values.max():.3g}." if len(values) else ""
    text = f"{figure.title}. {of}{panels}. {' '.join(said)}{ends} {int(found['lost'].sum())} runs diverged."
    layers = alt.layer(*_layers(figure, found, look, bool(len(theory))), data=_plain(data))
    names = list(found["facet"].cat.categories)
    columns = look.beside(len(names))
    width = (look.width - 15 * look.size) / columns - (2 * look.size if figure.facet else 0)
    chart: Any = layers.properties(width=width, height=look.height * (1 if len(names) <= look.columns else 0.7))
    if figure.facet:
        header = panel_header(figure.facet, names)
        chart = chart.facet(facet=alt.Facet("facet:N", sort=names, header=header), columns=columns)
    title = heading(figure.title, " ".join(said), look)
    chart = dressed(chart, look, title=title, description=text)
    roles = {"x": figure.x, "y": figure.y, "value": str(figure.colour), "facet": figure.facet or "facet"}
    table = data.drop(columns=[side for side in ("x1", "x2", "y1", "y2", "place") if side in data]).rename(
        columns=roles
    )
    return Drawn(figure.title, text, chart, table.rename(columns={"lost": "diverged"}))


def _line(figure: Figure, found: Frame, predicted: Frame | None) -> Frame:
    """A line of theory in its own order; what is far outside of the map is moved closer, and clipped when drawn."""
    if predicted is None or predicted.empty or not {"x1", "y1"} <= set(found):
        return pd.DataFrame()
    facet = labels(predicted[figure.facet], figure.facet) if figure.facet else pd.Series("", predicted.index)
    line: Any = pd.DataFrame({"x": predicted[figure.x], "y": predicted[figure.y], "facet": facet.astype(str)})
    line = line[line["facet"].isin(found["facet"].astype(str)) & line["x"].notna() & line["y"].notna()]
    for role in ("x", "y"):
        low, high = float(found[f"{role}1"].min()), float(found[f"{role}2"].max())
        beyond = (low / 2, high * 2) if low > 0 else (low - (high - low), high + (high - low))
        line[role] = line[role].astype(float).clip(*beyond)
    return line.assign(kind="theory", place=range(len(line)))


def _plain(data: Frame) -> Frame:
    text = [name for name in ("facet", "x", "y") if not pd.api.types.is_numeric_dtype(data[name])]
    return data.assign(**{name: data[name].astype(str) for name in text})


def _layers(figure: Figure, found: Frame, look: Look, theory: bool) -> list[Any]:
    measured = alt.Chart().transform_filter(alt.datum.kind == "measured")
    x, x_ends = _axis("x", figure, found)
    y, y_ends = _axis("y", figure, found)
    values = found["value"].dropna()
    wide = len(values) > 0 and values.min() > 0 and values.max() > LOGARITHMIC * values.min()
    scale = alt.Scale(type="log" if wide else "linear", scheme="viridis")
    legend: dict[str, Any] = {"title": words(str(figure.colour)), "gradientLength": 0.8 * look.height}
    legend |= {"values": ticks(values), "labelExpr": SHORT} if wide else {"tickCount": 5}
    shades = alt.Legend(**legend)
    filled = measured.transform_filter("isValid(datum.value)")
    tips = [
        alt.Tooltip("x", title=words(figure.x)),
        alt.Tooltip("y", title=words(figure.y)),
        alt.Tooltip("value:Q", title=words(str(figure.colour)), format=".4g"),
        alt.Tooltip("runs:Q", title="runs"),
        alt.Tooltip("lost:Q", title="diverged"),
    ]
    shown: dict[str, Any] = {"tooltip": tips} if look.interactive else {}
    colour = alt.Color("value:Q", scale=scale, legend=shades)
    layers = [filled.mark_rect(stroke=None).encode(**x_ends, **y_ends, color=colour, **shown)]
    if found["lost"].any():
        lost = measured.transform_filter("datum.lost > 0")
        size = float(np.clip(0.3 * look.width / max(found["x"].nunique(), 1), 3, 9)) ** 2
        cross = lost.mark_point(shape="cross", angle=45, size=size, color="#888888", filled=True)
        layers.append(cross.encode(x=x, y=y, **shown))
    if theory:
        line = alt.Chart().transform_filter(alt.datum.kind == "theory").encode(x=x, y=y, order=alt.Order("place:Q"))
        layers.append(line.mark_line(color="#ffffff", strokeWidth=3.5, clip=True))
        layers.append(line.mark_line(color="#000000", strokeDash=[4, 3], strokeWidth=1.5, clip=True))
    return layers


def _axis(role: str, figure: Figure, found: Frame) -> tuple[Any, dict[str, Any]]:
    """The channel of an axis, and the channels that span a cell."""
    make = alt.X if role == "x" else alt.Y
    title = words(getattr(figure, role))
    if isinstance(found[role].dtype, pd.CategoricalDtype):
        order = list(found[role].cat.categories)
        channel = make(f"{role}:N", sort=order if role == "x" else order[::-1], title=title)
        return channel, {role: channel}
    ends: Any = pd.concat([found[f"{role}1"], found[f"{role}2"]])
    given = axis(title, ends, role in figure.log)
    domain = alt.Scale(
        type="log" if role in figure.log else "linear",
        domain=[float(ends.min()), float(ends.max())],
        nice=False,
        zero=False,
    )
    given["scale"] = domain
    return make(f"{role}:Q", **given), {
        role: make(f"{role}1:Q", **given),
        f"{role}2": (alt.X2 if role == "x" else alt.Y2)(f"{role}2:Q"),
    }
