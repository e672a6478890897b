"""How seconds grow with what is trained, here and elsewhere."""

from typing import Any

import altair as alt

from bench.figures.axes import SHORT, axis
from bench.figures.drawn import Drawn, dressed
from bench.figures.look import CATEGORIES, SCREEN, SHAPES, Look, heading
from bench.spec import Frame

TITLES = {"runs": "runs", "depth": "hidden layers", "width": "units per layer", "batch_size": "rows of a batch"}


def growth(measured: Frame, look: Look = SCREEN) -> Drawn:
    """Seconds, compiling included, a panel for each of what grows and a colour per trainer.

    Args:
        measured: the table that `python -m bench.peers --growth` writes.
        look: what the picture is made for.
    """
    data = measured.assign(total=measured["seconds"] + measured["compile_seconds"])
    names, there = list(dict.fromkeys(data["trainer"])), list(dict.fromkeys(data["axis"]))
    title = "Seconds of all runs, compiling included"
    note = "Hollow signs are extrapolated from a few runs." if data["extrapolated"].any() else ""
    words = f"{title}, over {', '.join(TITLES[name] for name in there)}: {', '.join(names)} take"
    words += f" {data['total'].min():.3g} to {data['total'].max():.3g}."
    columns = look.beside(len(there))
    size = {"width": look.width / columns - 7 * look.size, "height": 0.7 * look.height}
    panels = [_panel(data[data["axis"] == name], TITLES[name], data, names, look).properties(**size) for name in there]
    chart = alt.concat(*panels, columns=columns)
    chart = dressed(chart, look, title=heading(title, note, look), description=words)
    return Drawn(title, words, chart, data.drop(columns="total"))


def _panel(own: Frame, title: str, data: Frame, names: list[str], look: Look) -> Any:
    colours = alt.Scale(domain=names, range=list(CATEGORIES[: len(names)]))
    shapes = alt.Scale(domain=names, range=list(SHAPES[: len(names)]))
    marks = alt.Axis(values=sorted(set(own["value"].tolist())), labelExpr=SHORT, grid=False)
    seconds = axis("seconds", data["total"], log=True)
    seconds["scale"] = alt.Scale(type="log", nice=False, domain=[data["total"].min(), data["total"].max()])
    base = alt.Chart(own).encode(
        x=alt.X("value:Q", title=title, scale=alt.Scale(type="log", nice=False), axis=marks),
        y=alt.Y("total:Q", **seconds),
        color=alt.Color("trainer:N", sort=names, title=None, scale=colours),
    )
    tips = [alt.Tooltip(name) for name in ("trainer:N", "value:Q", "seconds:Q", "compile_seconds:Q")]
    signs = [
        base.mark_point(size=45, opacity=1, strokeWidth=1.5, filled=filled)
        .transform_filter(alt.datum.extrapolated != filled)
        .encode(
            shape=alt.Shape("trainer:N", sort=names, title=None, scale=shapes),
            tooltip=tips if look.interactive else alt.Undefined,
        )
        for filled in (True, False)
    ]
    return alt.layer(base.mark_line(strokeWidth=1.5), *signs)
