"""From result tables to the points of a picture: joined, selected, averaged over runs, thinned."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import scipy

from bench.evidence import with_axes
from bench.figures.drawn import Column
from bench.spec import Figure, Frame

MOST_ROWS = 1500
"""Points of one picture; more cannot be told apart and make files slow."""
MOST_SERIES, MOST_PANELS, MOST_PLACES = 24, 12, 150

TIMES = ("step", "epoch", "samples", "gradient_evaluations", "flops", "seconds")
"""Columns that grow along a curve."""

WIDEST = np.log(1e3)
"""An interval of more than three powers of ten each way says nothing, and would flatten the picture: it is left out."""

ROLES = ("x", "y", "colour", "facet")


def points(figure: Figure, tables: Mapping[str, Frame], predicted: Frame | None = None) -> Frame:
    """What a figure shows.

    Args:
        figure: which columns of which table.
        tables: `runs` and the figure's own table, at least.
        predicted: rows of theory with the same columns.

    Returns:
        One row per point: `x`, `y`, `low`, `high` (95 % t interval of the mean where several runs share a point),
        `runs`, `lost` (how many of them diverged), `colour`, `facet` (as text; empty where the figure has none), and
        `kind`: `measured`, `theory`, `diverged` (out of the picture, at its edge) or `zero` (not positive on a
        logarithmic axis, at its edge).
    """
    own = selected(figure, tables)
    if own.empty:
        return _none()
    own = _on_axes(own, figure)
    edge = _edge(own, "y" in figure.log)
    own["lost"] = own["lost"] & ~(own["y"] <= edge)
    means = _means(own[~own["lost"]], "y" in figure.log).assign(kind="measured")
    found = [_thinned(means, "x" in figure.log), _diverged(own, figure.x in TIMES, edge)]
    if predicted is not None and not predicted.empty:
        rows = (
            selected(figure, {**tables, str(figure.table): predicted})
            if "run" in predicted
            else _free(figure, predicted)
        )
        theory = _means(_inside(_on_axes(rows, figure), own, edge, "y" in figure.log), False)
        found.append(_thinned(theory.assign(kind="theory", low=np.nan, high=np.nan), "x" in figure.log))
    parts = [one for one in found if not one.empty]
    return _above_zero(_joined(parts), figure) if parts else _none()


def _none() -> Frame:
    """No points."""
    empty = {name: pd.Series(dtype=float) for name in ("x", "y", "low", "high", "runs", "lost")}
    none = {name: pd.Categorical([]) for name in ("colour", "facet", "kind")}
    return pd.DataFrame(empty | none)


def _free(figure: Figure, predicted: Frame) -> Frame:
    """Theory that belongs to no run."""
    predicted = _where(figure, predicted)
    return _roles(figure, predicted.assign(lost=False))


def _inside(theory: Frame, own: Frame, edge: float, log: bool) -> Frame:
    """The part of theory that the picture shows: in its panels, and not far from what was measured."""
    shown = theory["facet"].astype(str).isin(list(own["facet"].astype(str).unique()))
    positive = own.loc[own["y"] > 0, "y"]
    least = float(positive.min()) / 10 if log and len(positive) else -np.inf
    return theory[np.isfinite(theory["y"]) & theory["y"].between(least, edge) & shown]


def _joined(parts: list[Frame]) -> Frame:
    """One table of several, with one order of categories."""
    found = pd.concat(parts, ignore_index=True)
    for role in ("x", "colour", "facet"):
        if all(isinstance(one[role].dtype, pd.CategoricalDtype) for one in parts):
            order = dict.fromkeys(name for one in parts for name in one[role].cat.categories)
            found[role] = pd.Categorical(found[role], list(order), ordered=True)
    return found


def selected(figure: Figure, tables: Mapping[str, Frame]) -> Frame:
    """The rows of a figure: its columns under their roles, `lost` (its run diverged), `order` (of the checkpoint)."""
    assert isinstance(figure.table, str)  # `charts` has computed the others
    frame = tables[figure.table]
    if frame.empty or "run" not in frame:
        return _free(figure, frame) if len(frame) else frame
    runs: Frame = tables["runs"]
    wanted = [figure.x, figure.y, figure.colour, figure.facet, "status", *figure.where]
    missing = [name for name in dict.fromkeys(wanted) if name and name not in frame and name in runs]
    own: Any = frame if figure.table == "runs" else with_axes(frame, runs, missing)
    own = _where(figure, own)
    used = {figure.x, figure.y, figure.colour, figure.facet, *figure.where}
    if "step" in own and not used.intersection(TIMES):
        own = own[own["step"] == own.groupby("run", observed=True)["step"].transform("max")]
    return _roles(figure, own.assign(lost=own["status"].astype(str) == "diverged"))


def _where(figure: Figure, frame: Frame) -> Frame:
    """The rows that the figure keeps, by the columns that they have."""
    for column, value in figure.where.items():
        if column in frame:
            values = list(value) if isinstance(value, (list, tuple, set, frozenset, range)) else [value]
            frame = frame[frame[column].isin(values)]
    return frame


def _roles(figure: Figure, frame: Frame) -> Frame:
    found = {"lost": frame["lost"]}
    for role in ROLES:
        name = getattr(figure, role)
        found[role] = frame[name] if name and name in frame else pd.Series("", frame.index)
    found["run"] = frame["run"].astype(str) if "run" in frame else pd.Series(range(len(frame)), frame.index)
    return pd.DataFrame(found)


def _on_axes(rows: Frame, figure: Figure) -> Frame:
    """Numbers on the axes, text for colours and panels; what has no place on a logarithmic x axis is left out."""
    height: Any = pd.to_numeric(rows["y"], errors="coerce")
    own: Any = rows.assign(y=height.astype(float))
    for role in ("colour", "facet"):
        own[role] = labels(own[role], getattr(figure, role))
    if not quantitative(own["x"]):
        return own.assign(x=labels(own["x"], figure.x))
    own["x"] = own["x"].astype(float)
    return own[(own["x"] > 0) if "x" in figure.log else np.isfinite(own["x"])].copy()


def quantitative(column: Column) -> bool:
    """Whether a column has a place on an axis of numbers: numbers without nulls."""
    return bool(
        pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.notna().all()
    )


NULLS = {"batch_size": "full", "data": "test surface", "activation": "no activation"}
"""What it means that a run does not have an axis."""


def labels(column: Column, name: str | None = None) -> Column:
    """Values as ordered categories of text: numbers by size, others as they appear; null has a name, see `NULLS`."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    codes, values = pd.factorize(column, sort=bool(numbers))
    null = NULLS.get(name or "", "none")
    text = [*(f"{value:.4g}" if numbers else str(value) for value in values), *([null] if (codes < 0).any() else [])]
    order = list(dict.fromkeys(text))
    places = np.array([order.index(one) for one in text] or [0])
    return pd.Series(pd.Categorical.from_codes(places[codes], order, ordered=True), column.index)


def _edge(own: Frame, log: bool) -> float:
    """The largest value that still belongs into the picture, where runs diverge."""
    if not own["lost"].any():
        return np.inf
    fine = own.loc[~own["lost"] & np.isfinite(own["y"]), "y"]
    if fine.empty:
        first = own.groupby("run")["y"].first()
        fine = first[np.isfinite(first)]
    most = float(fine.max()) if len(fine) else 1.0
    return most * 10 if log and most > 0 else most + 0.2 * abs(most - float(fine.min() if len(fine) else 0.0))


def _means(rows: Frame, log: bool) -> Frame:
    """Mean and 95 % t interval per point; on a logarithmic axis the interval is that of the logarithm of the mean."""
    own: Any = rows[np.isfinite(rows["y"])]
    if own.empty:
        return pd.DataFrame()
    grouped = own.groupby(["facet", "colour", "x"], observed=True, sort=True)["y"]
    found = grouped.agg(y="mean", spread="sem", runs="size").reset_index()
    half = scipy.special.stdtrit(np.maximum(found["runs"] - 1, 1), 0.975) * found["spread"]
    half = half.where(found["runs"] > 1)
    if log:
        with np.errstate(all="ignore"):
            width = half / found["y"].where(found["y"] > 0)
            factor = np.exp(width.where(width < WIDEST))
        found["low"], found["high"] = found["y"] / factor, found["y"] * factor
    else:
        found["low"], found["high"] = found["y"] - half, found["y"] + half
    return found.drop(columns="spread").assign(lost=0)


def _diverged(own: Frame, along: bool, edge: float) -> Frame:
    """Where runs leave the picture: along a curve only where the first of them does."""
    lost = own[own["lost"]]
    if lost.empty:
        return pd.DataFrame()
    keys = ["facet", "colour"]
    if along:
        first = lost.groupby([*keys, "run"], observed=True)["x"].min().reset_index()
        found = first.groupby(keys, observed=True).agg(x=("x", "min"), lost=("run", "size")).reset_index()
        total = own.groupby(keys, observed=True)["run"].nunique().rename("runs").reset_index()
        found = found.merge(total, on=keys)
    else:
        keys = [*keys, "x"]
        found = lost.groupby(keys, observed=True)["run"].nunique().rename("lost").reset_index()
        found = found.merge(own.groupby(keys, observed=True)["run"].nunique().rename("runs").reset_index(), on=keys)
    return found.assign(y=edge, low=np.nan, high=np.nan, kind="diverged")


def _thinned(found: Frame, log: bool) -> Frame:
    """About `MOST_ROWS` points at most: panels, then series, then places along x are left out evenly; ends stay."""
    if found.empty:
        return found
    for role, most in (("facet", MOST_PANELS), ("colour", MOST_SERIES)):
        names = [name for name in found[role].cat.categories if (found[role] == name).any()]
        if len(names) > most and (role == "facet" or len(found) > MOST_ROWS):
            kept = {names[i] for i in np.linspace(0, len(names) - 1, most).round().astype(int)}
            found = found[found[role].isin(kept)]
    series: Any = found.groupby(["facet", "colour"], observed=True)
    share = min(max(MOST_ROWS // series.ngroups, 2), MOST_PLACES)
    return pd.concat([_evenly(one, share, log) for _, one in series], ignore_index=True)


def _evenly(one: Frame, most: int, log: bool) -> Frame:
    if len(one) <= most:
        return one
    places = np.arange(len(one))
    if log and pd.api.types.is_numeric_dtype(one["x"]):
        x = np.log(one["x"].to_numpy(float))
        places = np.searchsorted(x, np.linspace(x[0], x[-1], most))
    else:
        places = np.linspace(0, len(one) - 1, most).round().astype(int)
    return one.iloc[np.unique(np.clip(places, 0, len(one) - 1))]


def _above_zero(found: Frame, figure: Figure) -> Frame:
    """Values that a logarithmic axis cannot show, at its lower edge."""
    if "y" not in figure.log or found.empty:
        return found
    positive = found.loc[found["y"] > 0, "y"]
    floor = float(positive.min()) / 3 if len(positive) else 1.0
    zero = (found["y"] <= 0) & (found["kind"] == "measured")
    found = found[(found["y"] > 0) | zero].copy()
    found.loc[zero, "kind"] = "zero"
    found.loc[zero, ["y", "low", "high"]] = [floor, np.nan, np.nan]
    return found
