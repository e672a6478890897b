"""`python -m bench.compare RESULT RESULT`: which verdicts and which runs differ between two results of one grid.

$ python -m bench.compare before/my_grid after/my_grid

Runs are matched by their configuration. Where code, versions, platform and programs are the same, numbers must be
identical; else they may differ by a tolerance. Exit status: 0 the same, 4 something differs, 2 not comparable.
"""

import dataclasses
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    from bench.api import Result

TOLERANCES = {"float64": 1e-6, "float32": 1e-3, "bfloat16": 0.1, "float16": 0.1}
"""Relative difference of losses that rounding may make of a run by another order of sums, by precision."""

LOSSES = ("final_train_loss", "best_train_loss", "final_test_loss", "best_test_loss")
ACCURACIES = ("final_train_accuracy", "best_train_accuracy", "final_test_accuracy", "best_test_accuracy")
EVENTS = ("status", "first_bad_step", "stop_step")
SHARE = 0.02
"""Difference of accuracies that a tolerance allows."""

MOST_ROWS = 20


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the command."""

    results: Annotated[
        tuple[Path, Path], tyro.conf.Positional, tyro.conf.arg(metavar="RESULT RESULT", help_behavior_hint="")
    ]
    """Folders of results: `<out>/<study>`, or `<out>/<study>/<profile>`."""
    tolerance: Annotated[float | None, tyro.conf.arg(metavar="X", help_behavior_hint="")] = None
    """Relative difference of losses that is no difference; 0 for identical numbers. By precision unless given."""


class Difference(NamedTuple):
    """One number or word that differs."""

    what: str
    column: str
    one: Any
    other: Any


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _compare, arguments, "compare", __doc__)


def _compare(options: Options) -> int:
    from bench.api import Result
    from bench.store import Folder

    if options.tolerance is not None and not options.tolerance >= 0:
        raise InputError(f"--tolerance {options.tolerance}: give 0 or more.")
    one, other = (Result(result_folder(path)) for path in options.results)
    about = [Folder(result.path).manifest() for result in (one, other)]
    changed = sorted(key for key in {*about[0], *about[1]} if about[0].get(key) != about[1].get(key))
    if sorted(set(one["programs"]["devices"])) != sorted(set(other["programs"]["devices"])):
        changed.append("number of devices")
    exact = options.tolerance == 0 or (options.tolerance is None and not changed)
    runs, compared = differing_runs(one, other, exact, options.tolerance)
    verdicts, judged = differing_verdicts(one, other)
    print(f"{one.path} and {other.path}: " + (f"different {', '.join(changed)}." if changed else "one plan, one code."))
    print(f"Numbers must {'be identical' if exact else 'agree within a tolerance'}.")
    print(f"runs: {compared:,} compared, {len({found.what for found in runs}):,} differ")
    print(f"verdicts: {judged:,} compared, {len(verdicts):,} differ")
    _table([*verdicts, *runs])
    return 4 if runs or verdicts else 0


def result_folder(path: Path) -> Path:
    """The folder of a result: with a manifest, or with a profile that has one, the fuller first.

    Raises:
        InputError: there is no result.
    """
    for candidate in (path, path / "full", path / "quick"):
        if (candidate / "manifest-0.json").exists():
            return candidate
    raise InputError(f"{path} holds no result; give a folder <out>/<study> or <out>/<study>/<profile>.")


def differing_runs(
    one: "Result", other: "Result", exact: bool, tolerance: float | None
) -> tuple[list[Difference], int]:
    """Runs of the same configuration that ended differently, or that one side lacks, and how many were compared.

    Raises:
        InputError: no configuration is on both sides.
    """
    tables = [_by_configuration(result) for result in (one, other)]
    both = [key for key in tables[0] if key in tables[1]]
    if not both:
        raise InputError(f"{one.path} and {other.path} have no configuration in common; give two results of one grid.")
    found = [
        Difference(_words(key, tables[side]), "run", *(("there", "missing") if side == 0 else ("missing", "there")))
        for side in (0, 1)
        for key in tables[side]
        if key not in tables[1 - side]
    ]
    for key in both:
        a, b = tables[0][key], tables[1][key]
        near = 0.0 if exact else TOLERANCES[a["dtype"]] if tolerance is None else tolerance
        found += [
            Difference(_words(key, tables[0]), column, a.get(column), b.get(column))
            for column in (*EVENTS, *LOSSES, *ACCURACIES)
            if not _same(column, a, b, near, exact)
        ]
    return found, len(both)


def _same(column: str, a: dict[str, Any], b: dict[str, Any], near: float, exact: bool) -> bool:
    """Whether a column of two runs is the same; a step may move where losses may."""
    x: Any
    y: Any
    x, y = a.get(column), b.get(column)
    if x == y or (_null(x) and _null(y)) or (not exact and column in EVENTS[1:]):
        return True
    if exact or column == "status" or _null(x) or _null(y):
        return False
    if column in ACCURACIES:
        return abs(x - y) <= SHARE
    floor = 1e-3 * abs(a["initial_train_loss"])  # what has become small beside its start is compared with that
    return bool(abs(x - y) <= near * max(abs(x), abs(y), floor))


def _null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _by_configuration(result: "Result") -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every run by its axes; by what is called differently on another machine, the path of a data file, it is not."""
    from bench.spec.run import STATIC, TRACED
    from bench.store import Folder

    own = "data" in Folder(result.path).manifest()
    found = {}
    for row in result["runs"].to_dict("records"):
        axes = {
            name: row[name]
            for name in sorted(row)
            if (name in STATIC or name in TRACED or "." in name) and not _null(row[name])
            if not (own and name == "data")
        }
        found[tuple(axes.items())] = row
    return found


def _words(key: tuple[Any, ...], table: dict[tuple[Any, ...], Any]) -> str:
    """A configuration by the axes that vary in its table."""
    alike = set(key).intersection(*map(set, table)) if len(table) > 1 else set()
    return ", ".join(f"{name} = {value}" for name, value in key if (name, value) not in alike) or "the run"


def differing_verdicts(one: "Result", other: "Result") -> tuple[list[Difference], int]:
    """Findings whose verdicts differ, or that one side lacks, and how many there are."""
    sides = []
    for result in (one, other):
        frame = result["findings"] if (result.path / "findings.parquet").exists() else None
        rows = [] if frame is None else frame.to_dict("records")
        sides.append({(str(row["quantity"]), str(row["claim"])): row for row in rows})
    found = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        for column in ("impl", "verdict"):
            x, y = (side.get(key, {}).get(column, "missing") for side in sides)
            if x != y and not (_null(x) and _null(y)):
                found.append(Difference(key[0], column, x, y))
    return found, len({*sides[0], *sides[1]})


def _table(found: list[Difference]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not found:
        return
    table = Table("what", "column", "first", "second")
    for row in found[:MOST_ROWS]:
        table.add_row(*(escape(f"{value:.6g}" if isinstance(value, float) else str(value)) for value in row))
    Console().print(table)
    if len(found) > MOST_ROWS:
        print(f"... and {len(found) - MOST_ROWS:,} more")


if __name__ == "__main__":
    sys.exit(main())
