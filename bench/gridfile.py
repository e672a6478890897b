"""A grid in a TOML file: read, checked, and as a study that `python -m bench.run my_grid.toml` trains."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench import claims, questions
from bench.errors import InputError, unknown, words
from bench.gridtext import SPACES, schema, write_example
from bench.spec import Claim, Evidence, Finding, Grid, Study
from bench.spec.grid import same, values_of
from bench.spec.question import OwnClaim, Question, Rank, Refine
from bench.spec.run import OPTIONS, Run, kind

MOST_VALUES = 1_000_000
MOST_SHOWN = 20


__all__ = ["parse", "read", "schema", "write_example"]


class File(msgspec.Struct, forbid_unknown_fields=True):
    """What a file may hold."""

    grid: dict[str, Any]
    title: str = "a grid of one's own"
    zipped: list[list[str]] = []
    exclude: list[dict[str, Any]] = []
    claim: list[OwnClaim] = []
    rank: Rank | None = None
    refine: Refine | None = None


def read(path: Path) -> Study:
    """The grid of a file as a study without claims, named after the file; data files are looked up beside it.

    Raises:
        InputError: no such file, not TOML, or a grid that cannot be right; with the file and where in it.
    """
    from bench import studies

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8, which TOML is written in.") from None
    grid, file = parse(text, str(path))
    grid, file = _beside(path.parent, grid, file)
    if path.stem in studies.names():
        raise InputError(f"{path}: a study of the catalogue is called {path.stem!r}; give the file another name.")
    known, question = _asked(file, grid, str(path))

    def judge(evidence: Evidence) -> Sequence[Finding]:
        from bench import verdicts

        return verdicts.judge(file.claim, known, evidence) if known else ()

    return questions.study(path.stem, file.title, question, known, judge)


def _asked(file: File, grid: Grid, where: str) -> tuple[tuple[Claim, ...], Question]:
    try:
        question = Question(grid, file.rank, file.refine, tuple(file.claim))
        questions.check(question)
        return claims.check(file.claim, grid), question
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def parse(text: str, where: str) -> tuple[Grid, File]:
    """The grid of a text, and everything else that it says.

    Args:
        text: TOML.
        where: what errors begin with.

    Raises:
        InputError: a grid that cannot be right.
    """
    try:
        table = tomllib.loads(text)
        _known(table)
        file = msgspec.convert(table, File)
        flat = _flat(file.grid)
        for axis in flat:
            kind(axis)
        grid = Grid({axis: _values(axis, value) for axis, value in flat.items()}, file.zipped, file.exclude)
        _check_exclusions(grid)
        return grid, file
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (ValueError, RecursionError, msgspec.ValidationError) as error:  # also of numbers with thousands of digits
        raise InputError(f"{where}: {words(error)}.") from None


def _check_exclusions(grid: Grid) -> None:
    """Refuses an exclusion of what the grid does not have, which would leave nothing out."""
    for rule in grid.exclude:
        for axis, unwanted in rule.items():
            there = values_of(grid, axis) if axis in grid.axes else []  # the planner names an unknown axis
            for value in unwanted if isinstance(unwanted, list) else [unwanted]:
                if there and not any(same(value, one) for one in there):
                    valid = ", ".join(map(repr, there[:MOST_SHOWN])) + (", ..." if len(there) > MOST_SHOWN else "")
                    raise InputError(f"exclude: {axis} = {value!r} is not in the grid, which has {valid}.")


def _beside(folder: Path, grid: Grid, file: File) -> tuple[Grid, File]:
    """The same grid and what is asked of it, with data files looked up in a folder."""
    from bench.data import is_file

    def place(axes: Mapping[str, Any]) -> dict[str, Any]:
        def found(name: Any) -> Any:
            return str(folder / name) if is_file(name) else name

        data = axes.get("data")
        own = {"data": [*map(found, data)] if isinstance(data, list) else found(data)} if "data" in axes else {}
        return {**axes, **own}

    def side(claim: OwnClaim) -> OwnClaim:
        own = {name: place(axes) for name in ("first", "second", "where") if (axes := getattr(claim, name)) is not None}
        return msgspec.structs.replace(claim, **own)

    placed = Grid(place(grid.axes), grid.zipped, [place(rule) for rule in grid.exclude])
    return placed, msgspec.structs.replace(file, claim=[side(claim) for claim in file.claim])


def _known(table: Mapping[str, Any]) -> None:
    fields = File.__struct_fields__
    for name in table:
        if name not in fields:
            hint = f" Axes belong into the table [grid]: {name!r} is one." if name in Run.__dataclass_fields__ else ""
            raise InputError(f"{unknown('key', name, fields)}{hint}")
    if "grid" not in table:
        raise InputError("no table [grid] with the axes.")


def _flat(grid: Mapping[str, Any]) -> dict[str, Any]:
    """Options whose dot was not quoted, which TOML reads as tables, as dotted axes."""
    found: dict[str, Any] = {}
    for axis, value in grid.items():
        if isinstance(value, dict) and axis in OPTIONS and not set(value) & set(SPACES):
            found |= {f"{axis}.{option}": own for option, own in value.items()}
        else:
            found[axis] = value
    return found


def _values(axis: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or next(iter(value)) not in SPACES:
        raise InputError(f"grid.{axis} = {value!r}: give one value, a list, or one of {', '.join(SPACES)}.")
    ((space, ends),) = value.items()
    numbers = ends if isinstance(ends, list) else [ends]
    if not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers):
        raise InputError(f"grid.{axis}.{space} = {ends!r}: give numbers.")
    return _range(axis, numbers) if space == "range" else _spread(axis, space, numbers)


def _range(axis: str, numbers: Sequence[float]) -> list[int]:
    if not 1 <= len(numbers) <= 3 or not all(isinstance(one, int) for one in numbers) or 0 in numbers[2:]:
        raise InputError(f"grid.{axis}.range = {list(numbers)!r}: give whole numbers [to], [from, to] or with a step.")
    found = range(*numbers)  # type: ignore[arg-type]
    if len(found) > MOST_VALUES:
        raise InputError(f"grid.{axis}.range = {list(numbers)!r}: {len(found):,} values are more than {MOST_VALUES:,}.")
    return list(found)


def _spread(axis: str, space: str, numbers: Sequence[float]) -> list[float]:
    import numpy as np

    name = f"grid.{axis}.{space} = {list(numbers)!r}"
    if len(numbers) != 3 or not isinstance(numbers[2], int) or not 1 <= numbers[2] <= MOST_VALUES:
        raise InputError(f"{name}: give [from, to, count].")
    if not np.isfinite(numbers[:2]).all():
        raise InputError(f"{name}: give finite numbers.")
    if space == "logspace" and min(numbers[:2]) <= 0:
        raise InputError(f"{name}: goes from one value to another, both above 0, not over exponents.")
    spread = np.geomspace if space == "logspace" else np.linspace
    return spread(*numbers).tolist()  # type: ignore[arg-type]
