"""What a cell trains, as plain arrays that every peer can read, and the suite's own training of it."""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from bench.errors import unknown
from bench.measure import Compiler
from bench.parts import Catalogue, default_parts
from bench.plan import plan
from bench.spec import Grid, Program, Table
from bench.train import Prepared, prepare

EPOCHS = 10
SEEDS = (0, 1, 2, 3)

Layers = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Weight (fan_in, fan_out) and bias (fan_out,) of each layer."""


class Cell(NamedTuple):
    """A comparison: its name, the axes of its grid and how many learning rates it has."""

    name: str
    axes: dict[str, Any]
    rates: int = 16
    largest: float = 0.1


def _cells() -> dict[str, Cell]:
    convex = {"linear": ("diabetes", 0.01), "logistic": ("breast_cancer", 0.1), "softmax": ("digits", 0.1)}
    found, net = [], {"model": "mlp", "activation": "tanh", "init": "glorot", "data": "digits"}
    for batch in (1, 32, "full"):
        name = f"b{'m' if batch == 'full' else batch}"
        found += [
            Cell(f"{model}-{name}", {"model": model, "data": data, "batch_size": batch}, 256, largest)
            for model, (data, largest) in convex.items()
        ]
        for depth in (1, 4, 16):
            for width in (16, 32, 128):
                axes = {**net, "depth": depth, "width": width, "batch_size": batch}
                found.append(Cell(f"mlp-d{depth}-w{width}-{name}", axes))
    found.append(Cell("mlp-d4-w128-b64", {**net, "depth": 4, "width": 128, "batch_size": 64}))
    return {cell.name: cell for cell in found}


CELLS = _cells()


class Work(NamedTuple):
    """The same training, for everybody: plain SGD, `rates` x `starts` runs.

    Run r has learning rate `rates[r]`, starts at `starts[seed[r]]` and takes in step t the rows `orders[seed[r], t]`.
    """

    cell: str
    task: str  # linear, logistic, softmax
    activation: str
    x: NDArray[np.float32]  # (m, d)
    y: NDArray[Any]  # (m,)
    rates: NDArray[np.float64]  # (runs,)
    seed: NDArray[np.int64]  # (runs,)
    starts: list[Layers]
    orders: NDArray[np.int32]  # (seeds, steps, batch size); every row in every step where that is (seeds, 0, 0)
    steps: int
    classes: int

    @property
    def full(self) -> bool:
        """Whether every step sees all rows."""
        return self.orders.shape[-1] == 0

    @property
    def batch(self) -> int:
        """Rows per step."""
        return len(self.x) if self.full else self.orders.shape[-1]

    def rows(self, run: int, step: int) -> Any:
        """Index of the rows of a step."""
        return slice(None) if self.full else self.orders[self.seed[run], step]


class Ours:
    """The suite's own training of a cell: one program, its probes off and its outcome the last losses."""

    def __init__(self, cell: Cell, devices: Sequence[Any], steps: int | None = None) -> None:
        self.cell, self.devices, self.steps = cell, devices, steps
        self.parts = default_parts()
        self.catalogue = Catalogue(self.parts)
        self.program = self._program()
        tables = self.catalogue.tables(self.program.static, self.program.lanes["seed"])
        self.tables = tables
        self.prepared = prepare(self.program, self.parts, tables, devices)
        self.compiled: Any = None

    def _program(self) -> Program:
        length = {"steps": self.steps} if self.steps else {"epochs": EPOCHS}
        rates = self.cell.largest * np.logspace(-2, 0, self.cell.rates)
        axes = {**length, "learning_rate": rates, "seed": list(SEEDS), "split": "all"}
        grid = Grid({**axes, "probes": "off", "checkpoints": "end", **self.cell.axes})
        return plan([grid], self.catalogue.describe, self.parts.hash).programs[0]

    @property
    def executables(self) -> tuple[Any, ...]:
        """The stages of the program, compiled when they are first asked for."""
        if self.compiled is None:
            self.compile()
        assert self.compiled is not None
        return self.compiled.executables

    def compile(self) -> float:
        """Seconds to compile the program anew, from the start of tracing."""
        start = time.perf_counter()
        self.compiled = Compiler(self.parts, self.devices)(self.program, self.tables, fresh=True)
        return time.perf_counter() - start

    def run(self) -> float:
        """Seconds of all runs, warm, all outputs ready."""
        start = time.perf_counter()
        jax.block_until_ready(self.prepared.run(self.executables))
        return time.perf_counter() - start

    def losses(self) -> NDArray[np.float64]:
        """Train loss of every run after the last step, (runs,)."""
        raw = jax.block_until_ready(self.prepared.run(self.executables))
        return self.prepared.outcome(raw).curves["train_loss"][:, -1].astype(np.float64)

    def work(self) -> Work:
        """The same as plain arrays."""
        return plain(self.cell.name, self.program, self.prepared, self.tables[0], self._starts())

    def _starts(self) -> list[Layers]:
        """Initial parameters of each seed, as the suite itself draws them."""
        axes = {**self.cell.axes, "steps": 0, "checkpoints": "end", "probes": "parameters", "learning_rate": 0.1}
        grid = Grid({**axes, "seed": list(SEEDS), "split": "all"})
        program = plan([grid], self.catalogue.describe, self.parts.hash).programs[0]
        prepared = prepare(program, self.parts, self.tables, self.devices[:1])
        found = prepared.outcome(prepared.run([stage.function for stage in prepared.stages]))
        flat = found.values["parameter"][:, 0]
        return [_layers(one, layer_sizes(program.static, self.tables[0])) for one in flat]


def plain(name: str, program: Program, prepared: Prepared, table: Table, starts: list[Layers]) -> Work:
    """What a program trains, as plain arrays."""
    static, rows = program.static, prepared.inputs.rows
    return Work(
        name,
        {"linear": "linear", "logistic": "logistic"}.get(static["model"], "softmax"),
        static["activation"] or "identity",
        np.asarray(rows.x[0, : table.rows], np.float32),
        np.asarray(rows.y[0, : table.rows]),
        np.asarray(program.lanes["learning_rate"]),
        np.searchsorted(np.unique(program.lanes["seed"]), program.lanes["seed"]),
        starts,
        prepared.inputs.orders,
        program.steps,
        table.classes,
    )


def layer_sizes(static: Mapping[str, Any], table: Table) -> list[int]:
    """Inputs, hidden widths and outputs of a model."""
    hidden = [static["width"]] * static["depth"] if static["model"] == "mlp" else []
    return [table.x.shape[1], *hidden, table.classes if static["model"] in ("mlp", "softmax") else 1]


def _layers(flat: NDArray[np.float32], sizes: Sequence[int]) -> Layers:
    found, used = [], 0
    for fan_in, fan_out in itertools.pairwise(sizes):
        bias = flat[used : used + fan_out]
        used += fan_out
        found.append((flat[used : used + fan_in * fan_out].reshape(fan_in, fan_out), bias))
        used += fan_in * fan_out
    return found


def cell(name: str) -> Cell:
    """The cell of that name.

    Raises:
        InputError: no such cell.
    """
    if name not in CELLS:
        raise unknown("cell", name, list(CELLS))
    return CELLS[name]
