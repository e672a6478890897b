"""A picture with its words and its numbers."""

import dataclasses
from typing import Any

import altair as alt

from bench.figures.look import Look
from bench.spec import Frame

Column = Any
"""A pandas Series."""


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A picture.

    Attributes:
        title: what to see.
        description: what is on which axis and what is drawn, for those who cannot see it.
        chart: an Altair chart.
        data: the numbers behind it, a few thousand rows at most.
    """

    title: str
    description: str
    chart: Any
    data: Frame


def dressed(chart: Any, look: Look, **properties: Any) -> Any:
    """A chart with these properties and the look, in place: Altair's own methods copy all of it, each of them."""
    for name, value in properties.items():
        chart[name] = value
    chart.config = alt.Config(**look.config())
    return chart
