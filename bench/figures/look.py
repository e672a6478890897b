"""How pictures look: on a page that may be light or dark, and in print."""

import dataclasses
import math
from typing import Any

CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7A7A7A")
"""Of Okabe and Ito (2008), told apart by colour-blind readers; without yellow and black, for light and dark pages."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
"""Told apart without colour."""

ORDERED: dict[str, Any] = {"name": "viridis", "extent": [0.1, 0.9]}
"""Colours of values that have an order; dark to light also in grey."""

POINTS_PER_MM = 72 / 25.4


@dataclasses.dataclass(frozen=True)
class Look:
    """What a picture is made for.

    Attributes:
        width: of the whole picture, in points; with several panels, of all panels of a row together.
        height: of a panel, in points.
        columns: most panels beside each other.
        size: of letters, in points.
        ink: of letters and axes; `currentColor` is that of the page around it.
        background: `transparent` for that of the page.
        interactive: with tooltips, zoom and a legend that highlights.
    """

    width: float
    height: float
    columns: int
    size: float
    ink: str
    background: str
    interactive: bool

    def beside(self, panels: int) -> int:
        """How many of so many panels stand beside each other, in rows about equally full: four are two rows of two."""
        rows = math.ceil(panels / self.columns)
        return math.ceil(panels / rows) if rows else 1

    def config(self) -> dict[str, Any]:
        """The Vega-Lite configuration."""
        text = {"labelColor": self.ink, "titleColor": self.ink, "labelFontSize": self.size, "titleFontSize": self.size}
        faint = {"gridColor": "#888888", "gridOpacity": 0.2, "domainColor": "#888888", "tickColor": "#888888"}
        below = {"orient": "bottom", "columns": 2 * self.columns, "symbolSize": 30, "titleAnchor": "start"}
        return {
            "font": "Helvetica, Arial, Liberation Sans, sans-serif",
            "background": self.background,
            "view": {"stroke": None, "continuousHeight": self.height},
            "axis": {**text, **faint, "titleFontWeight": "normal", "labelOverlap": True, "labelFlush": False},
            "legend": {**text, "titleFontWeight": "normal", "symbolStrokeWidth": 1.5, "labelLimit": 200}
            | ({} if self.interactive else below),
            "header": {**text, "labelFontWeight": "normal", "titleFontWeight": "normal", "labelLimit": 0},
            "title": {
                "color": self.ink,
                "subtitleColor": self.ink,
                "fontSize": self.size + (2 if self.interactive else 1),
                "subtitleFontSize": self.size,
                "fontWeight": "bold",
                "anchor": "start",
                "frame": "group",
            },
            "range": {"category": list(CATEGORIES), "symbol": list(SHAPES)},
        }


SCREEN = Look(width=640, height=280, columns=3, size=12, ink="currentColor", background="transparent", interactive=True)
"""For a web page, light or dark: letters take the colour of the text around the picture."""

PAPER = Look(84 * POINTS_PER_MM, 150, 2, 8, ink="#000000", background="#ffffff", interactive=False)
"""For one column of an article, 84 mm."""

WIDE = dataclasses.replace(PAPER, width=174 * POINTS_PER_MM, columns=3)
"""For both columns of an article, 174 mm."""


def heading(title: str, note: str, look: Look) -> Any:
    """A title and a line of explanation below it, in lines that are not wider than the picture."""
    return {"text": _wrapped(title, look), **({"subtitle": _wrapped(note, look)} if note else {})}


def _wrapped(text: str, look: Look) -> list[str]:
    """Lines that are not wider than the picture."""
    most, lines = int((look.width - 6 * look.size) / (0.5 * look.size)), [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
