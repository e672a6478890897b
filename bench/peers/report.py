"""Ratios, limits and growth in the terminal, on disk and as pictures."""

import dataclasses
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.errors import InputError
from bench.peers.compare import Ratio
from bench.peers.growth import Point
from bench.peers.limit import Limit


def require(module: str, title: str) -> None:
    """Says how to get a library where it is missing."""
    if importlib.util.find_spec(module) is None:
        raise InputError(f"{title} is not installed; `pip install -c constraints.txt -e '.[peers]'` brings it.")


def line(found: Ratio | Limit | Point) -> None:
    """One measurement as a line."""
    print(_LINES[type(found)](found), flush=True)


def _ratio(one: Ratio) -> str:
    with_compile = "compilation included" if one.compile_included else "compiled before"
    scaled = ", extrapolated" if one.extrapolated else ""
    return (
        f"{one.cell:18} {one.peer:13} {one.ratio_median:8.1f}x [{one.ratio_low:.1f}, {one.ratio_high:.1f}]"
        f"  ours {one.ours_seconds:.3g} s, peer {one.peer_seconds:.3g} s ({with_compile}{scaled})"
    )


def _limit(one: Limit) -> str:
    unit = "GB/s" if one.limit == "traffic" else "GFLOP/s"
    return (
        f"{one.cell:18} {one.fraction:.0%} [{one.fraction_low:.0%}, {one.fraction_high:.0%}] of the limit by "
        f"{one.limit} ({one.rate / 1e9:.0f} {unit}, {one.limit_seconds:.3g} s; ours {one.ours_seconds:.3g} s)"
    )


def _point(one: Point) -> str:
    scaled = " (extrapolated)" if one.extrapolated else ""
    return (
        f"{one.axis:10} {one.value!s:>7}  {one.trainer:13} {one.seconds:9.3g} s and {one.compile_seconds:.2g} s "
        f"of compiling{scaled}"
    )


_LINES: dict[Any, Any] = {Ratio: _ratio, Limit: _limit, Point: _point}
_KEYS: dict[Any, list[str]] = {
    Ratio: ["cell", "peer"],
    Limit: ["cell", "limit"],
    Point: ["axis", "value", "trainer"],
}


def save(found: Sequence[Ratio] | Sequence[Limit] | Sequence[Point], path: Path) -> None:
    """Measurements as a table; rows of other cells that are there stay."""
    if not found:
        return
    new, keys = pd.DataFrame(found, columns=list(type(found[0])._fields)), _KEYS[type(found[0])]
    if path.exists():
        old = pd.read_csv(path)
        measured = set(new[keys].astype(str).itertuples(index=False, name=None))
        kept = [row not in measured for row in old[keys].astype(str).itertuples(index=False, name=None)]
        new = pd.concat([old[kept], new], ignore_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    new.to_csv(partial, index=False)
    partial.replace(path)


def draw(folder: Path) -> list[Path]:
    """Pictures of the tables that a folder has, each in a file of its own; returns their paths."""
    from bench import figures
    from bench.figures.export import save as write

    made, look = [], dataclasses.replace(figures.WIDE, columns=2)
    for name, picture in (("ratios", figures.ratios), ("growth", figures.growth)):
        if (folder / f"{name}.csv").exists():
            made.append(folder / f"{name}.svg")
            write(picture(pd.read_csv(folder / f"{name}.csv"), look), made[-1])
    return made
