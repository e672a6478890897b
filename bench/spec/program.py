"""A program to compile, the plan it belongs to, what it returns and what it cost."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rows(NamedTuple):
    """The size of the data of a program: bytes of one table, and whether every seed has its own."""

    bytes: int = 0
    per_seed: bool = False


@dataclasses.dataclass(frozen=True)
class Program:
    """One compiled executable and the lanes it trains.

    Attributes:
        static: every static axis, complete; None where the axis does not apply.
        lanes: traced axis -> its value per lane, (lanes,).
        runs: position of each lane's run in the grid's own order, (lanes,).
        chunk: lanes computed together.
        steps: length of the run in steps.
        checkpoints: steps at which records are taken, ascending, 0 first.
        key: SHA-256 of the canonical description, the name of its result.
        working_set: estimated bytes that one lane touches in a step, from which the chunk was chosen.
        flops: estimated floating-point operations of all lanes.
        seconds: estimated seconds to compile and run.
        step_flops: estimated floating-point operations of one step of one lane.
        record_bytes: estimated bytes that one lane returns.
        rows: the size of the data.
    """

    static: Mapping[str, Any]
    lanes: Mapping[str, NDArray[Any]]
    runs: NDArray[np.int64]
    chunk: int
    steps: int
    checkpoints: tuple[int, ...]
    key: str
    working_set: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    step_flops: float = 0.0
    record_bytes: int = 0
    rows: Rows = dataclasses.field(default_factory=Rows)

    @property
    def width(self) -> int:
        """Number of lanes."""
        return len(self.runs)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The programs of a grid, in the order in which they run, and the run count.

    `room` is the memory, in bytes and devices, that programs were split to fit into; None where nothing was split.
    `calibrated` is whether seconds are estimated by what was measured on this machine.
    """

    programs: tuple[Program, ...]
    runs: int
    room: tuple[float, int] | None = None
    calibrated: bool = False

    @property
    def seconds(self) -> float:
        """Estimated seconds of everything."""
        return sum(program.seconds for program in self.programs)

    @property
    def bytes(self) -> float:
        """Estimated size of the result tables."""
        return sum(program.width * (200 + 100 * len(program.checkpoints)) for program in self.programs)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The arrays of one trained program, lanes first, padding removed.

    Attributes:
        runs: quantity -> (lanes,), one number per run; `final_parameters`, where they are saved, (lanes, parameters).
        curves: quantity -> (lanes, checkpoints).
        layers: quantity -> (lanes, checkpoints, layers).
        values: quantity -> (lanes, checkpoints, entries).
    """

    runs: Mapping[str, NDArray[Any]]
    curves: Mapping[str, NDArray[Any]]
    layers: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Where the seconds of one program went. Compile time and run time never share a field.

    `flops` and `bytes_accessed` are XLA's cost analysis of one step, which counts a loop body once. `workers` is how
    many worker processes there were, 0 where the program was trained by the process that saved it.
    """

    trace_seconds: float
    lower_seconds: float
    compile_seconds: float
    first_run_seconds: float
    run_seconds: float
    run_seconds_spread: float
    transfer_seconds: float
    repeats: int
    devices: int
    cache_hit: bool
    timed: bool
    flops: float
    bytes_accessed: float
    peak_bytes: float
    workers: int = 0
