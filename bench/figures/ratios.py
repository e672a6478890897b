"""How many times as long others take for the same training."""

import altair as alt
import pandas as pd

from bench.figures.axes import axis
from bench.figures.drawn import Drawn, dressed
from bench.figures.look import CATEGORIES, SCREEN, SHAPES, Look, heading
from bench.spec import Frame


def ratios(measured: Frame, look: Look = SCREEN) -> Drawn:
    """Ratios of seconds with their intervals, a line per training, a colour per peer.

    Args:
        measured: the table that `python -m bench.peers` writes; rows that were compiled before, where there are some.
        look: what the picture is made for.
    """
    before = ~measured["compile_included"].astype(bool)
    same = measured["cell"].isin(measured.loc[before, "cell"])
    data = measured[before | ~same].reset_index(drop=True)
    title = "Seconds elsewhere over seconds here"
    least, most = data["ratio_low"].min(), data["ratio_high"].max()
    counts = data["cell"].nunique(), data["peer"].nunique()
    words = f"{title}, for {counts[0]} trainings and {counts[1]} peers: {least:.3g} to {most:.3g}."
    scale = axis("times as long", pd.concat([data["ratio_low"], data["ratio_high"], pd.Series([1.0])]), log=True)
    names = list(dict.fromkeys(data["peer"].astype(str)))
    base = alt.Chart(data).encode(
        y=alt.Y("cell:N", title=None, sort=list(dict.fromkeys(data["cell"]))),
        yOffset=alt.YOffset("peer:N", sort=names),
        color=alt.Color(
            "peer:N", sort=names, title=None, scale=alt.Scale(domain=names, range=_first(CATEGORIES, names))
        ),
    )
    interval = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("ratio_low:Q", **scale), x2=alt.X2("ratio_high:Q"))
    tips = [alt.Tooltip(name) for name in ("cell:N", "peer:N", "ratio_median:Q", "ratio_low:Q", "ratio_high:Q")]
    dot = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=alt.X("ratio_median:Q", **scale),
        shape=alt.Shape("peer:N", sort=names, title=None, scale=alt.Scale(domain=names, range=_first(SHAPES, names))),
        tooltip=tips if look.interactive else alt.Undefined,
    )
    one = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_rule(strokeDash=[4, 3], color=look.ink).encode(x=alt.X("x:Q"))
    size = {"width": look.width - 22 * look.size, "height": {"step": look.size}}
    chart = dressed(alt.layer(one, interval, dot), look, title=heading(title, "", look), description=words, **size)
    return Drawn(title, words, chart, data)


def _first(values: tuple[str, ...], names: list[str]) -> list[str]:
    return [values[place % len(values)] for place in range(len(names))]
