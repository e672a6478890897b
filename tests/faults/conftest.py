"""Fixtures of the fault tests, and what `make faults` ends with: what they said, and points injected and survived."""

import collections
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forge import Forge
from whole import GRID, numbers

from bench.store import Folder


@pytest.fixture(scope="session")
def forge(tmp_path_factory) -> Iterator[Forge]:
    """Starts commands that share one compile cache."""
    with Forge(tmp_path_factory.mktemp("cache")) as found:
        yield found


@pytest.fixture(scope="session")
def grid(tmp_path_factory) -> Path:
    """A grid of 48 runs in 8 programs."""
    path = tmp_path_factory.mktemp("grid") / "mine.toml"
    path.write_text(GRID)
    return path


@pytest.fixture(scope="session")
def command(grid: Path) -> Callable[[Path], list[Any]]:
    """The arguments that train the grid into a folder."""
    return lambda out: [grid, "--out", out, "--devices", "1", "--no-report"]


@pytest.fixture(scope="session")
def undisturbed(forge, command, tmp_path_factory) -> Folder:
    """The results where nothing happens."""
    out = tmp_path_factory.mktemp("undisturbed")
    status, said = forge(command(out), out / "said")
    assert status == 0, said
    return Folder(out / "mine" / "full")


@pytest.fixture(scope="session")
def same(undisturbed: Folder) -> Callable[[Path], None]:
    """Checks that results below a folder are those of the undisturbed command."""
    wanted = numbers(undisturbed)

    def check(out: Path) -> None:
        folder = Folder(out / "mine" / "full")
        assert numbers(folder) == wanted
        assert not [path for path in folder.path.rglob("*") if path.name.startswith(".writing-")]

    return check


@pytest.fixture
def points(record_property) -> Callable[[str, int, int], None]:
    """Says of a row of faults how many points were injected, and how many of them survived."""

    def count(row: str, injected: int, survived: int) -> None:
        record_property("points", (row, injected, survived))
        assert survived == injected

    return count


@pytest.fixture
def say(record_property) -> Callable[[str], None]:
    """Takes a line that the summary prints, whichever process the test runs in."""
    return lambda line: record_property("said", line)


@pytest.fixture
def chance(request) -> np.random.Generator:
    """Random times, the same in every run of a test."""
    return np.random.default_rng(sum(request.node.name.encode()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what tests said, and the points of every row."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    called = [report for report in reports if getattr(report, "when", "") == "call"]
    told = [pair for report in called for pair in report.user_properties]
    for line in sorted(value for name, value in told if name == "said"):
        terminalreporter.write_line(line)
    found: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for row, injected, survived in (value for name, value in told if name == "points"):
        found[row][0] += injected
        found[row][1] += survived
    for row in sorted(found, key=lambda row: int(row[1:])):
        terminalreporter.write_line(f"{row:4} {found[row][0]:4} points injected, {found[row][1]:4} survived")
