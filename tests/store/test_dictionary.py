"""The dictionary of columns in results/README.md is that of the golden files."""

import json
import re
from pathlib import Path

import pytest

from bench.api import Result
from bench.spec import OPTIONS
from bench.store import TABLES

GOLDEN = Path(__file__).parent / "golden"
PAGE = (Path(__file__).parents[2] / "results" / "README.md").read_text()
TYPES = {"string": "text", "double": "float64", "float": "float32"}


def _described(table: str) -> dict[str, str]:
    section = re.split(r"^## ", PAGE.partition(f"\n## {table}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `([\w.*]+)` \| ([\w ]+) \|", section, re.MULTILINE))


def _stored(table: str) -> dict[str, str]:
    golden = json.loads((GOLDEN / f"{table}.json").read_text())
    plain = {name: "text" if "string" in kind else TYPES.get(kind, kind) for name, kind in golden.items()}
    return {name: kind for name, kind in plain.items() if "." not in name}


@pytest.mark.parametrize("table", [*TABLES, "findings"])
def test_every_column_is_described_with_its_type_in_order(table):
    described = {name: kind for name, kind in _described(table).items() if "." not in name}
    assert list(described.items()) == list(_stored(table).items())


def test_every_table_that_can_be_loaded_has_its_section():
    assert set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == set(Result(Path()))


def test_every_prefix_of_a_dotted_axis_is_described():
    assert {name.removesuffix(".*") for name in _described("runs") if "." in name} == set(OPTIONS)


@pytest.mark.parametrize("table", [*TABLES, "findings"])
def test_every_row_has_a_meaning_unless_its_neighbour_above_speaks_for_it(table):
    section = PAGE.partition(f"\n## {table}\n")[2].partition("\n## ")[0]
    for name, meaning in re.findall(r"^\| `([\w.*]+)` \|[^|]*\|[^|]*\| ?(.*?) ?\|$", section, re.MULTILINE):
        assert meaning or ".*" in name, name
