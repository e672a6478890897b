"""Where the seconds of a study went."""

import altair as alt
import pandas as pd

from bench.figures.drawn import Drawn, dressed
from bench.figures.look import CATEGORIES, SCREEN, Look
from bench.spec import Frame

PHASES = ("trace", "lower", "compile", "run", "transfer")
MOST_BARS = 15


def ledger(programs: Frame, look: Look = SCREEN) -> Drawn:
    """Seconds per phase as stacked bars: of the programs that took longest, and of all others together.

    Args:
        programs: the table.
        look: what the picture is made for.
    """
    data = _long(programs)
    total = data.groupby("phase")["seconds"].sum()
    shares = ", ".join(f"{phase} {total.get(phase, 0.0):.2g} s" for phase in PHASES)
    title = f"Where {total.sum():.3g} seconds went"
    words = f"{title}. Stacked bars, one per compiled program, of seconds per phase: {shares}."
    legend = alt.Legend(title=None, orient="top")
    colours = alt.Scale(domain=list(PHASES), range=list(CATEGORIES[: len(PHASES)]))
    order = list(dict.fromkeys(data["program"]))
    tips = [alt.Tooltip("program:N"), alt.Tooltip("phase:N"), alt.Tooltip("seconds:Q", format=".3g")]
    chart = alt.Chart(data).mark_bar(height={"band": 0.8}).encode(
        x=alt.X("seconds:Q", title="seconds"),
        y=alt.Y("program:N", sort=order, title="program"),
        color=alt.Color("phase:N", scale=colours, sort=list(PHASES), legend=legend),
        order=alt.Order("place:O"),
        tooltip=tips if look.interactive else alt.Undefined,
    )  # fmt: skip
    size = {"width": look.width - 10 * look.size, "height": {"step": 1.6 * look.size}}
    chart = dressed(chart, look, title=title, description=words, **size)
    return Drawn(title, words, chart, data.drop(columns="place"))


def _long(programs: Frame) -> Frame:
    columns = {f"{phase}_seconds": phase for phase in PHASES}
    own = programs.assign(program=programs["program"].astype(str)).set_index("program")
    own = own.reindex(columns=list(columns)).rename(columns=columns).fillna(0.0).astype(float)
    own = own.loc[own.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    if len(own) > MOST_BARS:
        rest = own.iloc[MOST_BARS:]
        own = pd.concat([own.iloc[:MOST_BARS], rest.sum().to_frame(f"{len(rest)} others").T])
    long = own.rename_axis("program").reset_index().melt("program", var_name="phase", value_name="seconds")
    return long.assign(place=[PHASES.index(phase) for phase in long["phase"]])
