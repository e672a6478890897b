"""Pictures of any grid: learning curves, sensitivity to the learning rate, maps, gradients layer by layer."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.evidence import with_axes
from bench.figures import heat as maps
from bench.figures import lines
from bench.figures.drawn import Drawn
from bench.figures.look import SCREEN, Look
from bench.figures.points import TIMES, points, quantitative, selected
from bench.figures.words import words
from bench.outcome import best, measure_of
from bench.outcome import varied as varied_axes
from bench.spec import Figure, Frame

RECORDS = ("checkpoints", "probes", "probe_rows", "repeats", "lanes", "regime")
"""Axes that change what is written down, or follow from others."""

Tables = Mapping[str, Frame]

SHOWN = 8
"""Configurations beside each other where a grid has more; those that did best."""
FIRST = ("activation", "optimizer", "model", "depth", "init", "batch_size", "width")
"""Axes that deserve a panel or a colour before others."""


def loss_curves(tables: Tables, x: str = "step", look: Look = SCREEN) -> Drawn | None:
    """Training loss of the configurations that did best.

    Args:
        tables: `runs` and `curves`.
        x: a column of `curves` that grows; with an interactive look a menu switches to the others.
        look: what the picture is made for.

    Returns:
        The picture; None where no curves were recorded.
    """
    if tables["curves"].empty:
        return None
    own, total = named(tables, SHOWN)
    some = f"{SHOWN} best of {total} configurations" if total > SHOWN else "every configuration"
    colour = "configuration" if total > 1 else None
    figure = Figure(f"Training loss of {some}", "curves", x, "train_loss", colour, log="y")
    times = [name for name in TIMES if name in own["curves"] and own["curves"][name].notna().all()]
    found = points(figure, own)
    drawn = lines.draw(figure, found, look, ordered=False)
    if not look.interactive or len(times) < 2 or x != "step":
        return drawn
    return lines.switchable(figure, found, _other_times(own, found, times), look)


def _other_times(own: Tables, found: Frame, times: list[str]) -> Frame:
    """The points with the other columns that grow; the mean where runs of a configuration differ."""
    curves = with_axes(own["curves"], own["runs"], ["configuration"])
    keys = {"configuration": "colour", "step": "x"}
    grown = [name for name in times if name != "step"]
    others: Any = curves.groupby(list(keys), observed=True)[grown].mean()
    others = others.reset_index().rename(columns=keys).assign(colour=lambda one: one["colour"].astype(str))
    plain = found.assign(colour=found["colour"].astype(str))
    if plain["colour"].eq("").all():
        others["colour"] = ""
    return plain.merge(others, on=["colour", "x"], how="left").assign(step=found["x"])


def sensitivity(tables: Tables, look: Look = SCREEN) -> Drawn | None:
    """What comes out at each learning rate, by configuration, with intervals over seeds.

    Args:
        tables: `runs`.
        look: what the picture is made for.

    Returns:
        The picture; None where only one learning rate was tried.
    """
    runs = tables["runs"]
    axes = varied(runs)
    if "learning_rate" not in axes:
        return None
    measure = measure_of(runs)
    others = _ranked(runs, [axis for axis in axes if axis != "learning_rate"])
    colour, facet, where = _roles(runs, others)
    log = "x" if measure.endswith("accuracy") else "xy"
    title = f"{words(measure).capitalize()} at each learning rate{_fixed(where)}"
    figure = Figure(title, "runs", "learning_rate", measure, colour, facet, log, where)
    ordered = colour is not None and quantitative(runs[colour])
    return lines.draw(figure, points(figure, tables), look, ordered)


def heat(tables: Tables, look: Look = SCREEN, boundary: Frame | None = None) -> Drawn | None:
    """A map of what comes out over the learning rate and the depth, or another number, one panel per activation.

    Args:
        tables: `runs`.
        look: what the picture is made for.
        boundary: a line of theory, with the columns of both axes.

    Returns:
        The picture; None where fewer than two axes of numbers have several values.
    """
    runs = tables["runs"]
    axes = varied(runs)
    numbers = [axis for axis in ("learning_rate", "depth", *axes) if axis in axes and quantitative(runs[axis])]
    numbers = list(dict.fromkeys(numbers))
    if len(numbers) < 2:
        return None
    x, y = numbers[:2]
    others = _ranked(runs, [axis for axis in axes if axis not in (x, y)])
    facet = others[0] if others and runs[others[0]].nunique(dropna=False) <= 9 else None
    where = _where(runs, [axis for axis in others if axis != facet])
    return stability(tables, x, y, facet=facet, where=where, look=look, boundary=boundary)


def stability(
    tables: Tables,
    x: str,
    y: str,
    facet: str | None = None,
    where: Mapping[str, Any] | None = None,
    look: Look = SCREEN,
    boundary: Frame | None = None,
) -> Drawn:
    """A map of two axes: what comes out as colour, runs that diverged crossed out, the boundary as a line.

    Args:
        tables: `runs`.
        x, y: axes with several values.
        facet: axis of the panels.
        where: values of other axes.
        look: what the picture is made for.
        boundary: theory, with the columns `x`, `y` and `facet`.
    """
    runs = tables["runs"]
    measure, where = measure_of(runs), dict(where or {})
    log = "".join(role for role, name in (("x", x), ("y", y)) if _spread(runs[name]))
    title = f"{words(measure).capitalize()} over {words(x)} and {words(y)}{_fixed(where)}"
    figure = Figure(title, "runs", x, y, measure, facet, log, where)
    return maps.draw(figure, maps.cells(selected(figure, tables), figure), look, boundary)


def layer_strip(tables: Tables, look: Look = SCREEN) -> Drawn | None:
    """Gradients of the layers over training, as strips: of the best configuration, the worst, and some between.

    Args:
        tables: `runs` and `layers`.
        look: what the picture is made for.

    Returns:
        The picture; None where layers were not recorded.
    """
    layers = tables["layers"]
    column = next((name for name in ("delta_norm", "weight_gradient_norm") if name in layers), None)
    if layers.empty or column is None:
        return None
    recorded = tables["runs"]["run"].astype(str).isin(layers["run"].astype(str).unique())
    own, _ = named({**tables, "runs": tables["runs"][recorded]}, 2 * look.columns, spread=True)
    title = f"{words(column).split(',')[0]} of every layer during training, from the best configuration to the worst"
    figure = Figure(title, "layers", "step", "layer", column, "configuration")
    chosen = selected(figure, own)
    chosen = chosen[chosen["colour"] > 0]
    return maps.draw(figure, maps.cells(chosen, figure), look) if len(chosen) else None


def named(tables: Tables, count: int, spread: bool = False) -> tuple[dict[str, Frame], int]:
    """The runs of some configurations, with the column `configuration`; and how many configurations there are.

    Args:
        tables: by name; only rows of these runs are kept.
        count: most configurations.
        spread: from best to worst instead of the best.
    """
    runs = tables["runs"]
    axes = varied(runs)
    ranking = best(runs, len(runs) if spread else count)
    ranks = ranking.table[axes].drop_duplicates() if axes else ranking.table[[]].head(1)
    if spread and len(ranks) > count:
        places = [round(i * (len(ranks) - 1) / (count - 1)) for i in range(count)]
        ranks = ranks.iloc[places]
    names = [_name(row) for row in ranks.to_dict("records")] or [""]
    order = {name: place for place, name in enumerate(names)}
    own = pd.Series([_name(row) for row in runs[axes].to_dict("records")] if axes else "", runs.index)
    runs = runs.assign(configuration=pd.Categorical(own.where(own.isin(names)), list(order), ordered=True))
    runs = runs[runs["configuration"].notna()].sort_values("configuration", kind="stable")
    kept = {"runs": runs}
    for name in ("curves", "layers"):
        frame = tables[name]
        kept[name] = frame[frame["run"].astype(str).isin(runs["run"].astype(str))] if len(frame) else frame
    return kept, ranking.configurations


def varied(runs: Frame) -> list[str]:
    """Axes with several values that may change what comes out."""
    return [axis for axis in varied_axes(runs) if axis not in RECORDS]


def _name(row: Mapping[str, Any]) -> str:
    """A configuration in a few words: texts as they are, numbers with their axes."""
    said = []
    for axis, value in row.items():
        if pd.isna(value):
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        said.append(f"{words(axis)} {value:.4g}" if number else str(value))
    return ", ".join(said)


def _ranked(runs: Frame, axes: list[str]) -> list[str]:
    """Axes by how much they deserve to be seen; of those that mean the same, such as the regime, the first."""
    order = [axis for axis in FIRST if axis in axes] + [axis for axis in axes if axis not in FIRST]
    kept: list[str] = []
    for axis in order:
        codes = {name: pd.factorize(runs[name], use_na_sentinel=False)[0] for name in (*kept, axis)}
        pairs = pd.DataFrame(codes)
        if not any(len(pairs[[name, axis]].drop_duplicates()) == pairs[name].nunique() for name in kept):
            kept.append(axis)
    return kept


def _roles(runs: Frame, axes: list[str]) -> tuple[str | None, str | None, dict[str, Any]]:
    """Colour, panel, and what is held fixed."""
    shown = [axis for axis in axes if runs[axis].nunique(dropna=False) <= 12][:2]
    colour = shown[-1] if shown else None
    facet = shown[0] if len(shown) > 1 else None
    return colour, facet, _where(runs, [axis for axis in axes if axis not in shown])


def _where(runs: Frame, axes: list[str]) -> dict[str, Any]:
    """The values of the best configuration."""
    if not axes:
        return {}
    row = best(runs, 1).table.iloc[0]
    return {axis: row[axis] for axis in axes}


def _fixed(where: Mapping[str, Any]) -> str:
    return f" ({_name(where)})" if where else ""


def _spread(values: Frame) -> bool:
    """Whether numbers are better seen on a logarithmic axis."""
    own = values.dropna().unique()
    return bool(len(own) > 2 and own.min() > 0 and own.max() / own.min() >= 8)
