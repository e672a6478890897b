"""What the fault tests train, and the check that all of it is there, once, with the right numbers."""

import os
from typing import Any

import pytest

from bench.store import Folder

ALL = os.environ.get("FAULTS") == "all"
"""Whether to try everything, as `make faults` does, or some of it, as part of all tests."""

long = pytest.mark.skipif(not ALL, reason="takes half a minute or more: `make faults` runs it")

KILLS = 50 if ALL else 2
"""How often training is killed."""

GRID = """
[grid]
data = "iris"
model = "mlp"
depth = [1, 2]
width = [4, 8]
activation = ["tanh", "relu"]
learning_rate = { logspace = [0.01, 1.0, 3] }
seed = { range = [0, 2] }
epochs = 20
probes = "norms"
"""


def numbers(folder: Folder) -> dict[str, Any]:
    """Every number of every program but seconds, bit for bit; every program is there once and whole."""
    keys = folder.manifest()["programs"]
    assert sorted(path.name for path in folder.programs.glob("*.zip")) == sorted(f"{key}.zip" for key in keys)
    found = {}
    for key in keys:
        for name, table in folder.tables(key).items():
            if name != "programs":  # what it cost is another measurement each time
                columns = {column: table[column] for column in table.column_names if column != "seconds"}
                found[key, name] = {
                    column: values.to_numpy().tobytes() if values.type in ("float", "double") else values.to_pylist()
                    for column, values in columns.items()
                }
    runs = [run for (_, name), table in found.items() if name == "runs" for run in table["run"]]
    assert len(runs) == len(set(runs)) == folder.manifest()["runs"]
    return found
