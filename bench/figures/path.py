"""Trajectories of models with two parameters, on their surface."""

from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bench.evidence import with_axes
from bench.figures.drawn import Drawn, dressed
from bench.figures.grid import Tables, named
from bench.figures.look import CATEGORIES, SCREEN, Look
from bench.spec import Frame

MOST_PATHS, MOST_STEPS, PLACES, BANDS = 6, 60, 40, 14

Surface = Callable[[Any, Any], Any]
"""Height over x and y, elementwise on arrays."""


def trajectory(tables: Tables, look: Look = SCREEN, surface: Surface | None = None) -> Drawn | None:
    """Where runs went, over shades that follow the contours of the loss; a slider moves along the steps.

    Args:
        tables: `runs` and `values`, with the probe `parameters`.
        look: what the picture is made for.
        surface: the loss over both parameters; that of the runs' model unless given.

    Returns:
        The picture, of the runs of one surface, those that did best; None where no two parameters were recorded.
    """
    runs = _of_one_surface(tables)
    if runs is None:
        return None
    own, total = named({**tables, "runs": runs}, MOST_PATHS)
    path = _path(tables["values"], own["runs"])
    path = path[np.isfinite(path["x"]) & np.isfinite(path["y"])]
    window = [_window(path[axis], path.loc[~path["lost"], axis]) for axis in ("x", "y")]
    path = path[path["x"].between(*window[0]) & path["y"].between(*window[1])]
    shades = _shades(surface or _height(own["runs"].iloc[0]), *window)
    model = str(own["runs"]["model"].iloc[0])
    title = f"Steps on the surface {model}"
    text = (
        f"{title}: {path['configuration'].nunique()} of {total} configurations, "
        "second parameter over first, darker where the loss is higher."
    )
    chart = _chart(path, shades, window, look)
    size = {"width": look.height * 1.4, "height": look.height * 1.2}
    return Drawn(title, text, dressed(chart, look, title=title, description=text, **size), path.drop(columns="place"))


def _of_one_surface(tables: Tables) -> Frame | None:
    """Runs with two recorded parameters, of the surface of the first of them."""
    values = tables["values"]
    if values.empty:
        return None
    own = values[values["quantity"].astype(str) == "parameter"]
    sizes = own.groupby("run", observed=True)["index"].max()
    two = {str(run) for run in sizes.index[sizes == 2]}
    runs = tables["runs"]
    runs = runs[runs["run"].astype(str).isin(two) & (runs["model"].astype(str) != "linear")]
    if runs.empty or runs["data"].notna().any():
        return None
    same = [name for name in runs if name == "model" or name.startswith("surface.")]
    first = runs.iloc[0]
    alike = [(runs[name] == first[name]) | runs[name].isna() for name in same]
    return runs[np.logical_and.reduce(alike)]


def _path(values: Frame, runs: Frame) -> Frame:
    """A row per run and checkpoint: `configuration`, `step`, `place` (of the checkpoint), `x`, `y`, `lost`."""
    own = values[values["quantity"].astype(str) == "parameter"]
    own = own[own["run"].astype(str).isin(runs["run"].astype(str))]
    wide = own.pivot_table(index=["run", "step"], columns="index", values="value", observed=True).reset_index()
    wide = wide.rename(columns={1: "x", 2: "y"}).rename_axis(columns=None)
    wide["run"] = pd.Categorical(wide["run"].astype(str))
    wide = with_axes(wide, runs, ["configuration", "status"])
    wide["place"] = wide.groupby("run", observed=True).cumcount()
    chosen = np.unique(np.geomspace(1, wide["place"].max() + 1, MOST_STEPS).round().astype(int)) - 1
    wide = wide[wide["place"].isin(list(chosen))]
    wide = wide.assign(configuration=wide["configuration"].astype(str), lost=wide["status"].astype(str) == "diverged")
    return wide[["configuration", "step", "place", "x", "y", "lost"]].reset_index(drop=True)


def _window(values: Any, fine: Any) -> tuple[float, float]:
    """What of an axis is shown: all that runs which did not diverge have seen, and some space."""
    own = (fine if len(fine) else values).to_numpy(float)
    low, high = float(own.min()), float(own.max())
    space = 0.15 * (high - low) or 1.0
    return low - space, high + space


def _height(run: Any) -> Surface:
    """The loss of a run's model over its two parameters."""
    import jax.numpy as jnp  # noqa: PLC0415 - other pictures need no JAX
    from jax import vmap  # noqa: PLC0415

    from models import ACTIVATIONS, INITS, MODELS  # noqa: PLC0415
    from models.base import Shape  # noqa: PLC0415

    model = MODELS[str(run["model"])].make(Shape(2, 1), {}, INITS["zeros"], ACTIVATIONS["identity"])
    hyper = {name: jnp.asarray(run.get(name, default), float) for name, default in model.hyper.items()}
    assert model.value is not None
    height = model.value
    return vmap(lambda x, y: height({"position": jnp.stack([x, y])}, hyper))


def _shades(surface: Surface, across: tuple[float, float], along: tuple[float, float]) -> Frame:
    """Cells of a grid with the band of height that each is in: equal steps of the logarithm above the least."""
    edges = [np.linspace(*window, PLACES + 1) for window in (across, along)]
    x, y = np.meshgrid(*((own[1:] + own[:-1]) / 2 for own in edges))
    height = np.asarray(surface(x.ravel(), y.ravel()), float)
    above = height - np.nanmin(height)
    depth = np.log10(above + 1e-3 * np.nanmax(above))
    band = np.floor(BANDS * (depth - depth.min()) / max(float(np.ptp(depth)), 1e-12)).clip(max=BANDS - 1)
    column, row = np.meshgrid(np.arange(PLACES), np.arange(PLACES))
    sides = {"x1": edges[0][column.ravel()], "x2": edges[0][column.ravel() + 1]}
    sides |= {"y1": edges[1][row.ravel()], "y2": edges[1][row.ravel() + 1]}
    return pd.DataFrame(sides).round(6).assign(band=band.astype(int))


def _chart(path: Frame, shades: Frame, window: list[tuple[float, float]], look: Look) -> Any:
    x, y = (alt.Scale(domain=list(ends), nice=False) for ends in window)
    opacity = alt.Opacity("band:Q", scale=alt.Scale(domain=[0, BANDS], range=[0.02, 0.6]), legend=None)
    ground = alt.Chart(shades).mark_rect(color="#888888", stroke=None).encode(
        x=alt.X("x1:Q", scale=x, title="first parameter"), x2=alt.X2("x2:Q"),
        y=alt.Y("y1:Q", scale=y, title="second parameter"), y2=alt.Y2("y2:Q"), opacity=opacity,
    )  # fmt: skip
    names = list(dict.fromkeys(path["configuration"]))
    scale = alt.Scale(domain=names, range=list(CATEGORIES[: len(names)]))
    legend = alt.Legend(title=None, orient="bottom", columns=1) if len(names) > 1 else None
    lines = alt.Chart(path).encode(
        x=alt.X("x:Q", scale=x), y=alt.Y("y:Q", scale=y), order=alt.Order("step:Q"),
        color=alt.Color("configuration:N", sort=names, scale=scale, legend=legend),
    )  # fmt: skip
    if look.interactive:
        most = int(path["place"].max())
        slider = alt.binding_range(min=0, max=most, step=1, name="checkpoint: ")
        until = alt.param(name="until", bind=slider, value=most)
        lines = lines.transform_filter("datum.place <= until").add_params(until)
    tips = [
        alt.Tooltip("configuration:N"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("x:Q", format=".4g"),
        alt.Tooltip("y:Q", format=".4g"),
    ]
    dots = lines.mark_point(filled=True, size=22, opacity=1)
    return alt.layer(ground, lines.mark_line(strokeWidth=1.2), dots.encode(tooltip=tips) if look.interactive else dots)
