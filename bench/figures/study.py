"""The figures that a study declares, drawn from its tables."""

from collections.abc import Mapping

import pandas as pd

from bench.figures import findings, lines
from bench.figures.drawn import Drawn
from bench.figures.look import SCREEN, Look
from bench.figures.points import points
from bench.spec import Figure, Frame, Study


def charts(study: Study, tables: Mapping[str, Frame], look: Look = SCREEN) -> list[Drawn]:
    """One picture per figure of a study.

    Args:
        study: its figures say what is on which axis.
        tables: by name, as `bench.load` returns them.
        look: what the pictures are made for.
    """
    return [_chart(figure, study, tables, look) for figure in study.figures]


def _chart(figure: Figure, study: Study, tables: Mapping[str, Frame], look: Look) -> Drawn:
    if figure.table == "findings":
        return findings.dots(figure.title, tables["findings"], look)
    return lines.draw(figure, points(figure, tables), look, _ordered(figure, tables))


def _ordered(figure: Figure, tables: Mapping[str, Frame]) -> bool:
    """Whether colours stand for numbers."""
    for name in (figure.table, "runs"):
        if figure.colour in tables[name]:
            column = tables[name][figure.colour]
            return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return False
