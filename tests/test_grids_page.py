"""docs/grids.md lists every axis and every registered name; GOLDEN_UPDATE=1 rewrites its tables."""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import models
from bench.spec import Run
from bench.train.probes import LEVELS

PAGE = Path(__file__).parents[1] / "docs" / "grids.md"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def _options(prefix: str, options: Mapping[str, Any]) -> str:
    return ", ".join(f"`{prefix}{name}` {value:g}" if isinstance(value, float) else f"`{prefix}{name}` {value}"
                     for name, value in options.items())  # fmt: skip


def _axes() -> str:
    fields = [field for field in dataclasses.fields(Run) if field.name != "options"]
    rows = [(f"`{f.name}`", f.metadata["kind"], f"`{f.default}`", f.metadata["doc"]) for f in fields]
    return _table(("axis", "kind", "default", "meaning"), rows)


def _models() -> str:
    rows = []
    for name, one in models.MODELS.items():
        static = {"depth": 1, "width": 1, "bias": True}
        made = one.make(models.Shape(1, 1), static, models.INITS["zeros"], models.ACTIVATIONS["identity"])
        rows.append((f"`{name}`", " ".join(f"`{axis}`" for axis in one.axes), _options("", made.hyper)))
    return _table(("model", "static axes", "traced options"), rows)


def _names(parts: Any) -> dict[str, str]:
    """Marker on the page -> what stands under it."""
    tables = {"axes": _axes(), "models": _models()}
    constants = {"methods": "optimizer", "schedules": "schedule", "clips": "clip", "pretrainings": "pretraining"}
    for registry, word in constants.items():
        own = getattr(parts, registry).items()
        tables[registry] = _table(
            (word, "traced options"), [(f"`{name}`", _options(f"{word}.", part.constants)) for name, part in own]
        )
    own = parts.activations.items()
    tables["activations"] = _table(
        ("activation", "traced options"), [(f"`{name}`", _options("activation.", a.constants)) for name, a in own]
    )
    own = parts.data.items()
    tables["data"] = _table(
        ("data", "rows", "static options"), [(f"`{name}`", d.rows, _options("", d.options)) for name, d in own]
    )
    tables["probes"] = _table(("probe", "table"), [(f"`{name}`", f"`{p.table}`") for name, p in parts.probes.items()])
    levels = [(f"`{name}`", " ".join(f"`{one}`" for one in probes)) for name, probes in LEVELS.items()]
    tables["levels"] = _table(("level", "probes"), levels)
    for registry in ("inits", "losses", "stops", "orders"):
        tables[registry] = ", ".join(f"`{name}`" for name in getattr(parts, registry))
    return tables


def test_the_page_is_complete(parts):
    page = PAGE.read_text()
    for marker, wanted in _names(parts).items():
        pattern = re.compile(rf"(<!-- {marker} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
        assert pattern.search(page), f"no marker {marker}"
        page = pattern.sub(lambda found, wanted=wanted: found[1] + wanted + "\n" + found[3], page)
    if os.environ.get("GOLDEN_UPDATE"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "docs/grids.md is out of date: run this test with GOLDEN_UPDATE=1"


@pytest.mark.parametrize("axis", ["zipped", "exclude"])
def test_the_rules_for_combinations_are_there(axis):
    assert f"`{axis}`" in PAGE.read_text()
