"""A grid as text: the example to begin with, the JSON Schema of files, and axes as TOML."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import claims
from bench.errors import InputError
from bench.spec.question import UNITS
from bench.spec.run import OPTIONS, Run

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
epochs = 3                                      # or steps = 100, budget = {{ flops = 1e9 }}, see docs/grids.md

# Values over a range: {{ logspace = [from, to, count] }}, {{ linspace = [from, to, count] }}, {{ range = [from, to] }};
# `range` leaves the last one out, as in Python. A thousand values of a learning rate cost one compilation.
learning_rate = {{ logspace = [0.001, 1.0, 7] }}
seed = {{ range = [0, 4] }}

# Options of a part have a dot in their name, which TOML wants quoted:
# optimizer = "momentum"
# "optimizer.momentum" = [0.5, 0.9, 0.99]

# Who is best: each is tuned on half of the seeds, judged on the other half; see docs/protocol.md. Without this table,
# optimizers are ranked, if the grid has several of them and four seeds or more.
[rank]
by = "activation"
measure = "final_test_accuracy"
# tuned = ["learning_rate"]   # what every contestant gets its best value of; traced axes unless given
# target = 0.9                # rank by the time until `measure`, then such as "test_accuracy", is there
# unit = "epoch"              # of that time: step, epoch, gradient_evaluations, flops or seconds

# More learning rates around the best one of every contestant on every problem:
# [refine]
# rounds = 1
# count = 6

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
            **_questions(),
        },
    }


def _questions() -> dict[str, Any]:
    text, names = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    rank = {
        "by": {"anyOf": [text, names], "default": "optimizer"},
        "tuned": names,
        "measure": {"enum": [*claims.MEASURES[:-1], *claims.SERIES]},
        "target": {"type": "number"},
        "unit": {"enum": list(UNITS)},
    }
    refine = {"axis": text, "rounds": {"type": "integer", "minimum": 1}, "count": {"type": "integer", "minimum": 1}}
    return {
        name: {"type": "object", "properties": own, "additionalProperties": False}
        for name, own in (("rank", rank), ("refine", refine))
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


def as_toml(title: str, axes: Mapping[str, Any], zipped: Sequence[Sequence[str]] = ()) -> str:
    """A grid as a file that `bench.gridfile` reads: strings, numbers and lists are written alike in TOML and JSON."""
    lines = [f"{json.dumps(axis)} = {json.dumps(_listed(value))}" for axis, value in axes.items()]
    head = [f"title = {json.dumps(title)}", *([f"zipped = {json.dumps(zipped)}"] if zipped else [])]
    return "\n".join([*head, "", "[grid]", *lines]) + "\n"


def _listed(value: Any) -> Any:
    """One value that is a sequence, such as a list of checkpoints, is a list in a list."""
    return [list(value)] if isinstance(value, tuple) else list(value) if isinstance(value, range) else value
