"""docs/api.md is written from the docstrings of what `bench` offers; GOLDEN_UPDATE=1 writes it anew."""

import inspect
import os
import re
from pathlib import Path
from typing import Any

import bench

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

INTRODUCTION = """\
# The Python interface

Everything that `import bench` offers, written from the docstrings by a test. [tables.md](tables.md) shows the results
in use, [grids.md](grids.md) has the axes, [own-parts.md](own-parts.md) parts of one's own. Bad input raises
`bench.errors.InputError`, whose text says what is wrong, where, and what would be right.
"""


def _signature(made: Any) -> str:
    """Names and defaults; the annotations are in words below it."""
    parameters = [one for one in inspect.signature(made).parameters.values() if one.name != "self"]
    said, keyword = [], False
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not keyword:
            said, keyword = [*said, "*"], True
        said.append(one.name if one.default is one.empty else f"{one.name}={one.default!r}")
    return f"({', '.join(said)})"


def _text(made: Any) -> str:
    """The docstring, with its sections as lists."""
    lines, found = inspect.cleandoc(made.__doc__ or "").splitlines(), []
    for line in lines:
        if re.fullmatch(r"(Args|Returns|Raises|Attributes):", line):
            found += [f"**{line[:-1]}**", ""]
        elif line.startswith("        "):
            found[-1] += f" {line.strip()}"
        elif line.startswith("    "):
            name, colon, rest = line.strip().partition(": ")
            named = colon and re.fullmatch(r"[\w, ]+", name)
            found.append(f"- `{name}`: {rest}" if named else f"- {line.strip()}")
        else:
            found.append(line)
    return "\n".join(found)


def _members(kind: type) -> list[str]:
    said = []
    for name, member in vars(kind).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
            continue
        mark = f"{name}{_signature(member)}" if inspect.isfunction(member) else name
        said.append(f"### `{kind.__name__}.{mark}`\n\n{_text(member)}")
    return said


def _page() -> str:
    parts = [INTRODUCTION.rstrip()]
    for name in ("load", "run_grid", "Result", "Grid"):
        thing = getattr(bench, name)
        parts.append(f"## `bench.{name}{_signature(thing)}`\n\n{_text(thing)}")
        parts += _members(thing) if inspect.isclass(thing) else []
    return "\n\n".join(parts) + "\n"


def test_the_page_says_what_the_docstrings_say():
    if os.environ.get("GOLDEN_UPDATE"):
        PAGE.write_text(_page())
    assert PAGE.read_text() == _page(), "docs/api.md is out of date: run this test with GOLDEN_UPDATE=1"


def test_nothing_that_is_offered_is_missing():
    for name in bench.__all__:
        assert f"## `bench.{name}(" in PAGE.read_text()
