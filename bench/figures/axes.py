"""Axes of numbers: ticks of logarithmic ones at powers of ten, and labels that stay short."""

from typing import Any

import altair as alt
import numpy as np

from bench.figures.drawn import Column

SHORT = (
    "datum.value == 0 ? '0' : abs(datum.value) >= 1e5 || abs(datum.value) < 1e-3"
    " ? replace(format(datum.value, '.3~e'), 'e+', 'e') : format(datum.value, '.6~g')"
)
"""Labels as 0.01, 20 or 1e-6."""

MOST_TICKS = 8


def ticks(values: Column) -> list[float]:
    """Places of ticks on a logarithmic axis: powers of ten, few enough; 1, 2, 5 within less than two of them."""
    own = values.to_numpy(float)
    own = own[np.isfinite(own) & (own > 0)]
    if not len(own):
        return [1.0]
    low, high = np.log10(own.min()), np.log10(own.max())
    powers = np.arange(np.floor(low), np.ceil(high) + 1)
    if high - low < 2:
        fine = np.outer(10.0**powers, [1.0, 2.0, 5.0]).ravel()
        inside = [float(f"{tick:.3g}") for tick in fine if own.min() <= tick <= own.max()]
        return inside if len(inside) > 1 else [float(f"{tick:.3g}") for tick in np.geomspace(own.min(), own.max(), 4)]
    every = int(np.ceil(len(powers) / MOST_TICKS))
    return [float(f"1e{int(power)}") for power in powers if power % every == 0]


def axis(title: str, values: Column, log: bool, nice: bool = True, shared: bool = True) -> dict[str, Any]:
    """Title, scale and ticks of an axis.

    Args:
        title: in plain words.
        values: what it has to show.
        log: whether it is logarithmic.
        shared: whether all panels have it; else each chooses its own ticks.
        nice: whether it ends at a tick; a logarithmic one ends where the values do.
    """
    if log:
        own: dict[str, Any] = {"values": ticks(values)} if shared else {"tickCount": 6, "grid": False}
        marks = alt.Axis(labelExpr=SHORT, **own)
        return {"title": title, "scale": alt.Scale(type="log", nice=False), "axis": marks}
    numbers = values.to_numpy(float)
    step: dict[str, Any] = {}
    if len(numbers) and bool(np.all(numbers == np.round(numbers))):  # no one and a half layers
        step = {"tickMinStep": 1}
    marks = alt.Axis(tickCount=6, labelExpr=SHORT, **step)
    return {"title": title, "scale": alt.Scale(zero=False, nice=nice), "axis": marks}
