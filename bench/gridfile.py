"""A grid in a TOML file: read, checked, and as a study that `python -m bench.run my_grid.toml` trains."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench import claims
from bench.errors import InputError, unknown
from bench.spec import Claim, Evidence, Finding, Grid, Study
from bench.spec.run import OPTIONS, Run, kind

EXAMPLE = """\
# A grid of runs for `python -m bench.run {name}`.
# docs/grids.md lists every axis with its default, and every name that an axis can have.

title = "Which learning rate does which depth want?"

# Axes that advance together instead of multiplying, and combinations to leave out:
zipped = [["activation", "init"]]
exclude = [{{ activation = "sigmoid", depth = 8 }}]

[grid]
# An axis is one value or a list.
data = "digits"
split = "1437/360"
model = "mlp"
depth = [2, 4, 8]
width = 32
activation = ["sigmoid", "tanh", "relu"]
init = ["glorot", "glorot", "he"]
batch_size = 32
epochs = 3

# Values over a range: {{ logspace = [from, to, count] }}, {{ linspace = [from, to, count] }}, {{ range = [from, to] }};
# `range` leaves the last one out, as in Python. A thousand values of a learning rate cost one compilation.
learning_rate = {{ logspace = [0.001, 1.0, 7] }}
seed = {{ range = [0, 4] }}

# Options of a part have a dot in their name, which TOML wants quoted:
# optimizer = "momentum"
# "optimizer.momentum" = [0.5, 0.9, 0.99]

# Claims about the runs, which are SUPPORTED, REFUTED or UNDECIDED: `before` (the first side reaches a target before the
# second), `equal` (within some tolerance), `slope` (positive or negative over an axis). Seeds decide, in pairs; where a
# side has several configurations, such as learning rates, half of the seeds choose the best and the others judge it.
[[claim]]
kind = "equal"
first = {{ activation = "relu", depth = 2, learning_rate = 0.1 }}
second = {{ activation = "tanh", depth = 2, learning_rate = 0.1 }}
measure = "final_test_accuracy"
within = 0.05
# text = "ReLU or tanh: at two layers it does not matter"
# expected = "SUPPORTED"    # exit status 4 where the verdict is another

# [[claim]]                 # needs 12 seeds: 6 to choose each side's learning rate, 6 to judge
# kind = "before"
# first = {{ activation = "relu", depth = 2 }}
# second = {{ activation = "sigmoid", depth = 2 }}
# target = 0.5              # of `measure`, train_loss unless given

# [[claim]]
# kind = "slope"
# over = "depth"
# sign = "negative"
# measure = "best_learning_rate"
# where = {{ activation = "tanh" }}
"""

SPACES = ("logspace", "linspace", "range")
MOST_VALUES = 1_000_000


class File(msgspec.Struct, forbid_unknown_fields=True):
    """What a file may hold."""

    grid: dict[str, Any]
    title: str = "a grid of one's own"
    zipped: list[list[str]] = []
    exclude: list[dict[str, Any]] = []
    claim: list[claims.OwnClaim] = []


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
    grid = _beside(path.parent, grid)
    if path.stem in studies.names():
        raise InputError(f"{path}: a study of the catalogue is called {path.stem!r}; give the file another name.")
    known = _claims(file, grid, str(path))

    def judge(evidence: Evidence) -> Sequence[Finding]:
        from bench import verdicts

        return verdicts.judge(file.claim, known, evidence) if known else ()

    return Study("", path.stem, file.title, known, "", lambda profile, data: (grid,), judge, (), ())


def _claims(file: File, grid: Grid, where: str) -> tuple[Claim, ...]:
    try:
        return claims.check(file.claim, grid)
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
        axes = {axis: _values(axis, value) for axis, value in _flat(file.grid).items()}
        for axis in axes:
            kind(axis)
        return Grid(axes, file.zipped, file.exclude), file
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, InputError) as error:
        raise InputError(f"{where}: {error}") from None


def _beside(folder: Path, grid: Grid) -> Grid:
    """The same grid with data files looked up in a folder."""
    from bench.data import is_file

    def place(axes: Mapping[str, Any]) -> dict[str, Any]:
        def found(name: Any) -> Any:
            return str(folder / name) if is_file(name) else name

        data = axes.get("data")
        own = {"data": [*map(found, data)] if isinstance(data, list) else found(data)} if "data" in axes else {}
        return {**axes, **own}

    return Grid(place(grid.axes), grid.zipped, [place(rule) for rule in grid.exclude])


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


def schema() -> dict[str, Any]:
    """JSON Schema of a file, for editors that complete and check TOML."""
    spaces = {
        "type": "object",
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {name: {"type": "array", "items": {"type": "number"}} for name in SPACES},
    }
    axes = {}
    for name, field in Run.__dataclass_fields__.items():
        if name != "options":
            about = {"description": field.metadata["doc"], "default": field.default}
            axes[name] = about | ({"anyOf": [{}, spaces]} if field.metadata["kind"] == "traced" else {})
    patterns = {f"^{prefix}\\.": {"description": f"an option of the {prefix}"} for prefix in OPTIONS}
    grid = {"type": "object", "properties": axes, "patternProperties": patterns, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a grid of runs",
        "type": "object",
        "required": ["grid"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "grid": grid,
            "zipped": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "exclude": {"type": "array", "items": {"type": "object"}},
            "claim": claims.schema(),
        },
    }


def write_example(path: Path) -> None:
    """A commented example to begin with.

    Raises:
        InputError: the file exists, or is not called `.toml`.
    """
    if path.suffix != ".toml":
        raise InputError(f"--new {path}: the name of a grid's file ends in .toml.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(EXAMPLE.format(name=path))
    except FileExistsError:
        raise InputError(f"--new {path}: it exists already; nothing was written.") from None
    except OSError as error:
        raise InputError(f"--new {path}: {error.strerror or error}.") from None
