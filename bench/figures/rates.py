"""The best learning rate of every contestant of a grid of one's own, over depth, width and what else is a number."""

import pandas as pd

from bench.figures import lines
from bench.figures.drawn import Drawn
from bench.figures.look import SCREEN, Look
from bench.figures.points import labels, quantitative
from bench.figures.words import words
from bench.spec import Figure, Frame

FIRST = ("depth", "width")
"""Axes that deserve a place along x, or a colour, before other numbers."""

TYPICAL = "best learning rate"


def best_rates(rates: Frame, look: Look = SCREEN) -> Drawn | None:
    """Lines over depth, or another number, in the colours of another, in the panels of the contestants.

    Args:
        rates: the columns of `bench.ranking.rates.best_rates`, of which `typical`, `low` and `high` are drawn;
            `measure` says by what they are best.
        look: what the picture is made for.

    Returns:
        The picture; None where no axis of numbers has several values.
    """
    keys = list(rates.columns)[: list(rates.columns).index("best")]
    axes = [axis for axis in keys if rates[axis].nunique() > 1]
    numbers = [axis for axis in (*FIRST, *axes) if axis in axes and quantitative(rates[axis])]
    numbers = list(dict.fromkeys(numbers))
    if not numbers:
        return None
    x, others = numbers[0], [axis for axis in axes if axis != numbers[0]]
    colour = next((axis for axis in (*numbers[1:], *others)), None)
    panels = [axis for axis in others if axis != colour]
    by = f", by {words(str(rates['measure'].iloc[0]))}" if "measure" in rates else ""
    title = f"The best learning rate over {words(x)}{by}: geometric mean over seeds, with its 95 % interval"
    wide = rates[x].min() > 0 and rates[x].max() >= 8 * rates[x].min()
    figure = Figure(title, "best_rates", x, TYPICAL, colour, ", ".join(panels) or None, "xy" if wide else "y")
    return lines.draw(figure, _points(rates, x, colour, panels), look, colour in numbers)


def _points(rates: Frame, x: str, colour: str | None, panels: list[str]) -> Frame:
    """The points as `bench.figures.points` has them."""
    texts = [labels(rates[axis], axis).astype(str) for axis in panels]
    names = [", ".join(own) for own in zip(*texts, strict=True)] if panels else [""] * len(rates)
    order = list(dict.fromkeys(names))
    none = pd.Series([""] * len(rates), rates.index)
    ends = {name: rates[name].astype(float) for name in ("low", "high")}
    found = pd.DataFrame({"x": rates[x].astype(float), "y": rates["typical"].astype(float), **ends})
    found = found.assign(
        colour=labels(rates[colour] if colour else none, colour),
        facet=pd.Categorical(names, order, ordered=True),
        kind=pd.Categorical(["measured"] * len(rates)),
        runs=1,
        lost=0,
    )
    return found.sort_values(["facet", "colour", "x"], kind="stable").reset_index(drop=True)
