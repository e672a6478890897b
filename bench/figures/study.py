"""The figures that a study declares, drawn from its tables."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.evidence import evidence
from bench.figures import findings, lines
from bench.figures.drawn import Drawn
from bench.figures.heat import cells
from bench.figures.heat import draw as draw_map  # the package has a function of the module's name
from bench.figures.look import SCREEN, Look
from bench.figures.points import points, selected
from bench.spec import Evidence, Figure, Frame, Lookup, Study, Table
from bench.store import TABLES

COMPUTED = "computed"
"""Name of the rows that a figure computes."""


def charts(study: Study, tables: Mapping[str, Frame], look: Look = SCREEN, data: Lookup | None = None) -> list[Drawn]:
    """One picture per figure of a study.

    Args:
        study: its figures say what is on which axis.
        tables: by name, as `bench.load` returns them.
        look: what the pictures are made for.
        data: access to the data sets, from which theory predicts; the suite's own unless given.
    """
    every = any(figure.theory or callable(figure.table) for figure in study.figures)
    named = {figure.table for figure in study.figures if isinstance(figure.table, str)}
    tables = {name: tables[name] for name in {"runs", *named, *(TABLES if every else ())}}  # each is read once
    own = evidence(tables, data or _lookup) if every else None
    return [_chart(figure, tables, look, own) for figure in study.figures]


def _chart(figure: Figure, tables: Mapping[str, Frame], look: Look, own: Evidence | None) -> Drawn:
    if figure.table == "findings":
        return findings.dots(figure.title, tables["findings"], look)
    if callable(figure.table):
        rows = figure.table(own) if own and len(own.runs) else pd.DataFrame()
        figure, tables = dataclasses.replace(figure, table=COMPUTED), {**tables, COMPUTED: rows}
    predicted = figure.theory(own) if figure.theory and own and len(own.runs) else None
    if figure.heat:
        return draw_map(figure, cells(selected(figure, tables), figure), look, predicted)
    return lines.draw(figure, points(figure, tables, predicted), look, _ordered(figure, tables))


def _lookup(name: str, **axes: Any) -> Table:
    return _catalogue().lookup(name, **axes)


@functools.cache
def _catalogue() -> Any:
    from bench.parts import Catalogue, default_parts  # noqa: PLC0415 - starts JAX, which most pictures do without

    return Catalogue(default_parts())


def _ordered(figure: Figure, tables: Mapping[str, Frame]) -> bool:
    """Whether colours stand for numbers."""
    for name in (str(figure.table), "runs"):
        if figure.colour in tables[name]:
            column = tables[name][figure.colour]
            return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return False
