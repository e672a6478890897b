"""Lines over an axis: measurement with its interval, theory dashed over it, what is out of the picture at its edge."""

from typing import Any

import altair as alt
import pandas as pd

from bench.figures.axes import axis
from bench.figures.drawn import Column, Drawn, dressed
from bench.figures.look import CATEGORIES, ORDERED, SHAPES, Look, heading
from bench.figures.points import TIMES
from bench.figures.words import words
from bench.spec import Figure, Frame

FEW = 20
"""Up to so many places along x, each has a marker."""


def draw(figure: Figure, found: Frame, look: Look, ordered: bool) -> Drawn:
    """The picture of a figure.

    Args:
        figure: what is on which axis.
        found: its points, see `bench.figures.points`.
        look: what it is made for.
        ordered: whether colours stand for numbers.
    """
    title = heading(figure.title, " ".join(notes(found)), look)
    chart = alt.layer(*_layers(figure, found, look, ordered), data=_plain(found))
    chart = _panels(chart, figure, found, look)
    chart = dressed(chart, look, title=title, description=description(figure, found))
    return Drawn(figure.title, description(figure, found), chart, _table(figure, found))


def notes(found: Frame) -> list[str]:
    """What signs and bands mean, those that occur."""
    kinds, several = set(found["kind"]), found["runs"].max() > 1 if len(found) else False
    said = {
        "theory": "Dashed: theory.",
        "diverged": "×: runs that diverged.",
        "zero": "Triangles at the bottom: 0 or less.",
    }
    interval = ["Means over runs, with 95 % intervals."] if several and found["low"].notna().any() else []
    return [*interval, *(text for kind, text in said.items() if kind in kinds)] or ([] if len(found) else ["No rows."])


def description(figure: Figure, found: Frame) -> str:
    """The picture in a few sentences."""
    over = f" over {words(figure.x)}"
    by = f", one colour per {words(figure.colour)}" if figure.colour else ""
    panels = f", one panel per {words(figure.facet)}" if figure.facet else ""
    scale = {"x": "; logarithmic x axis", "y": "; logarithmic y axis", "xy": "; logarithmic axes"}.get(figure.log, "")
    text = f"{figure.title}. {words(figure.y)}{over}{by}{panels}{scale}."
    return " ".join([text, *notes(found), *_ranges(figure, found)])


def _ranges(figure: Figure, found: Frame) -> list[str]:
    own = found[found["kind"] == "measured"]
    if own.empty:
        return []
    said = [f"{words(figure.y)} from {own['y'].min():.3g} to {own['y'].max():.3g}."]
    lost = int(found.loc[found["kind"] == "diverged", "lost"].sum())
    return [*said, *([f"{lost} runs diverged."] if lost else [])]


def _plain(found: Frame) -> Frame:
    """What goes into the page: text and numbers."""
    text = {role: found[role].astype(str) for role in ("colour", "facet")}
    if isinstance(found["x"].dtype, pd.CategoricalDtype):
        text["x"] = found["x"].astype(str)
    short = {name: _short(found[name]) for name in ("y", "low", "high")}
    return found.assign(**text, **short, marked=_marked(found))


def _short(numbers: Column) -> Column:
    """Six digits: more cannot be seen, and would double the size of the page."""
    return numbers.map(lambda number: float(f"{number:.6g}"))


def _marked(found: Frame) -> Column:
    """Which points have a marker: all where they are few, else about eight of a series, not above each other."""
    place = found.groupby(["kind", "facet", "colour"], observed=True).cumcount()
    size = found.groupby(["kind", "facet", "colour"], observed=True)["x"].transform("size")
    series = found.groupby(["kind", "facet"], observed=True)["colour"].transform(lambda one: pd.factorize(one)[0])
    every = (size // 8).clip(lower=1)
    return (size <= FEW) | (place % every == (series * every // 4) % every)


def _layers(figure: Figure, found: Frame, look: Look, ordered: bool) -> list[Any]:
    x, y = _axes(figure, found)
    colour, shape = _colours(figure, found, ordered)
    tips = _tooltip(figure, found) if look.interactive else alt.Undefined
    scattered, dotted = _scattered(figure, found), _between(found)
    base = alt.Chart().encode(x=x, y=y, **colour)
    measured = base.transform_filter(alt.datum.kind == "measured")
    layers = []
    if found["low"].notna().any():
        ends = {"y": alt.Y("low:Q", **_y(figure, found)), "y2": alt.Y2("high:Q")}
        bars = scattered or dotted or found["x"].nunique() <= 3
        layers.append(
            measured.mark_rule(strokeWidth=1, opacity=0.7).encode(**ends)
            if bars
            else measured.mark_area(opacity=0.2, clip=True).encode(**ends)
        )
    if not scattered and not dotted:
        layers.append(measured.mark_line(strokeWidth=look.size / 6, clip=True))
    dots = measured if scattered or dotted else measured.transform_filter(alt.datum.marked)
    size = (0.35 if dotted else 0.2) * look.size**2
    layers.append(dots.mark_point(filled=True, size=size, opacity=0.9, clip=not dotted).encode(**shape))
    if look.interactive and not scattered:
        layers.append(measured.mark_point(size=60, opacity=0).encode(tooltip=tips))
    if "theory" in set(found["kind"]):
        line = alt.Chart().transform_filter(alt.datum.kind == "theory").encode(x=x, y=y, detail=alt.Detail("colour:N"))
        layers.append(line.mark_line(strokeDash=[3, 4], strokeWidth=1, color=look.ink, clip=True))
    for kind, sign in (("diverged", "cross"), ("zero", "triangle-down")):
        if kind in set(found["kind"]):
            edge = base.transform_filter(alt.datum.kind == kind).encode(tooltip=tips)
            angle = 45 if kind == "diverged" else 0
            layers.append(
                edge.mark_point(shape=sign, size=0.3 * look.size**2, angle=angle, filled=kind == "diverged", clip=False)
            )
    if scattered and look.interactive:
        layers[-1] = layers[-1].encode(tooltip=tips)
    return layers


def _scattered(figure: Figure, found: Frame) -> bool:
    """Whether places along x have no order that a line could follow."""
    return figure.x in ("seed", "index") or isinstance(found["x"].dtype, pd.CategoricalDtype)


def _between(found: Frame) -> bool:
    """Whether theory says what lies between the points, so that straight lines between them would mislead."""
    places = {kind: set(one["x"]) for kind, one in found.groupby("kind", observed=True)}
    return not places.get("theory", set()) <= places.get("measured", set())


def _axes(figure: Figure, found: Frame) -> tuple[Any, Any]:
    if isinstance(found["x"].dtype, pd.CategoricalDtype):
        order = list(found["x"].cat.categories)
        x = alt.X("x:N", sort=order, title=words(figure.x), axis=alt.Axis(labelAngle=0 if len(order) < 6 else -40))
    else:
        x = alt.X("x:Q", **axis(words(figure.x), found["x"], "x" in figure.log, nice=False, shared=_shared(figure)))
    return x, alt.Y("y:Q", **_y(figure, found))


def _y(figure: Figure, found: Frame) -> dict[str, Any]:
    ends = pd.concat([found["y"], found["low"], found["high"]])
    return axis(words(figure.y), ends, "y" in figure.log, shared=_shared(figure))


def _shared(figure: Figure) -> bool:
    """Whether panels have the same axes; different data sets have different losses and learning rates."""
    return figure.facet != "data"


def _colours(figure: Figure, found: Frame, ordered: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Colour, and shape where there are few enough to tell apart."""
    if not figure.colour:
        return {"color": alt.value(CATEGORIES[0])}, {}
    names = [name for name in found["colour"].cat.categories if (found["colour"] == name).any()]
    legend = alt.Legend(title=words(figure.colour), symbolOpacity=1)
    scheme: dict[str, Any] = {"scheme": ORDERED} if ordered or len(names) > len(CATEGORIES) else {}
    few = len(names) <= len(SHAPES)
    if not scheme:
        scheme = {"range": list(CATEGORIES[: len(names)])}
    colour = alt.Color("colour:O", sort=names, scale=alt.Scale(domain=names, **scheme), legend=legend)
    if not few:
        return {"color": colour}, {}
    shapes = alt.Scale(domain=names, range=list(SHAPES[: len(names)]))
    return {"color": colour}, {"shape": alt.Shape("colour:O", sort=names, scale=shapes, legend=legend)}


def _tooltip(figure: Figure, found: Frame) -> list[alt.Tooltip]:
    tips = [
        alt.Tooltip("x:N" if isinstance(found["x"].dtype, pd.CategoricalDtype) else "x:Q", title=words(figure.x)),
        alt.Tooltip("y:Q", title=words(figure.y), format=".4g"),
        alt.Tooltip("low:Q", title="from", format=".4g"),
        alt.Tooltip("high:Q", title="to", format=".4g"),
        alt.Tooltip("runs:Q", title="runs"),
        alt.Tooltip("lost:Q", title="diverged"),
    ]
    if figure.colour:
        tips.insert(0, alt.Tooltip("colour:N", title=words(figure.colour)))
    return tips


def _panels(chart: Any, figure: Figure, found: Frame, look: Look) -> Any:
    scale = 6 * look.size
    legend = 9 * look.size if figure.colour and look.interactive else 0
    if not figure.facet:
        return chart.properties(width=look.width - scale - legend, height=look.height)
    names = [name for name in found["facet"].cat.categories if (found["facet"] == name).any()]
    columns = look.beside(len(names))
    width = (look.width - scale - legend) / columns - 2 * look.size
    height = look.height if len(names) <= look.columns else 0.7 * look.height
    facet = alt.Facet("facet:N", sort=names, header=panel_header(figure.facet, names))
    shown = chart.properties(width=width, height=height).facet(facet=facet, columns=columns)
    if not _shared(figure):
        return shown.resolve_scale(x="independent", y="independent")
    return shown


def panel_header(facet: str, names: list[str]) -> alt.Header:
    """The column above the panels and its value above each; both in one line where there is one panel."""
    if len(names) == 1:
        return alt.Header(title=f"{words(facet)}: {names[0]}", labelExpr="''", labelFontSize=1, labelPadding=0)
    return alt.Header(title=words(facet))


def _table(figure: Figure, found: Frame) -> Frame:
    """The points under the names of their columns."""
    names = {"x": figure.x, "y": figure.y, "colour": figure.colour, "facet": figure.facet}
    unused = [role for role, name in names.items() if not name]
    kept = found.drop(columns=unused).rename(columns={role: name for role, name in names.items() if name})
    return kept.loc[:, ~kept.columns.duplicated()].rename(columns={"lost": "diverged"})


def switchable(figure: Figure, found: Frame, times: Frame, look: Look) -> Drawn:
    """Lines whose x axis a menu switches.

    Args:
        figure: what is on which axis at first.
        found: its points.
        times: the same points with further columns for the x axis.
        look: what it is made for.
    """
    names = [name for name in TIMES if name in times]
    menu = alt.binding_select(options=names, labels=[words(name) for name in names], name="x axis: ")
    which = alt.param(name="along", bind=menu, value=figure.x)
    data = _plain(found).assign(**{name: times[name].to_numpy() for name in names})
    layers = [layer.transform_calculate(x="datum[along]") for layer in _layers(figure, found, look, False)]
    chart = alt.layer(*layers, data=data).add_params(which)
    chart = _panels(chart, figure, found, look)
    text = f"{description(figure, found)} A menu switches the x axis."
    title = heading(figure.title, " ".join(notes(found)), look)
    chart = dressed(chart, look, title=title, description=text)
    return Drawn(figure.title, text, chart, _table(figure, found))
