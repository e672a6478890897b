"""What work costs on this machine, for the planner's estimates: measured by `bench.doctor --calibrate`, and kept."""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from bench.cache import costs_file, write
from bench.errors import InputError
from bench.measure import Compiler, execute
from bench.parts import Catalogue, default_parts
from bench.plan import TYPICAL, Constants, plan
from bench.spec import Grid, Program

_NET: dict[str, Any] = {"data": "digits", "model": "mlp", "checkpoints": "end", "probes": "off"}
_LANES = {"learning_rate": [0.01, 0.02, 0.03, 0.04], "seed": [0, 1, 2, 3]}

FITTED = (
    _NET | {"data": "iris", "depth": 4, "width": 4, "batch_size": 16, "steps": 20_000, "seed": [0, 1]},  # launches
    _NET | _LANES | {"depth": 3, "width": 64, "batch_size": 64, "steps": 300},  # operations
    _NET | _LANES | {"depth": 3, "width": 64, "batch_size": 4, "steps": 1500},  # those of thin batches
    _NET | _LANES | {"depth": 10, "width": 16, "batch_size": 32, "steps": 300},  # layers
)
"""Grids of one program each; one for each constant in which it tells."""

CHECKED = _NET | _LANES | {"depth": 6, "width": 32, "batch_size": 32, "steps": 300}
"""A grid of one program that the constants are not fitted to."""


class Seconds(NamedTuple):
    """What a program took to compile, and then to run."""

    compiling: float
    running: float


class Calibration(NamedTuple):
    """What was measured.

    Attributes:
        constants: the best fit.
        measured: seconds of the program that they were not fitted to.
        before, after: its estimate by the constants that were in use, and by these.
    """

    constants: Constants
    measured: float
    before: float
    after: float


def constants(devices: Sequence[Any]) -> Constants:
    """What was measured with as many devices of this kind on this machine, or else `TYPICAL`."""
    try:
        own = _kept()[_kind(devices)]
        found = Constants(*(own[name] for name in Constants._fields))
        return found if all(map(_usable, found)) else TYPICAL
    except (KeyError, TypeError):
        return TYPICAL


def calibrate(devices: Sequence[Any]) -> Calibration:
    """Trains a few programs, alone and repeatedly, fits the constants to their seconds, and keeps them.

    Raises:
        InputError: there is no folder to keep them in, or the seconds do not fit, as on a machine that is busy.
    """
    path, before = costs_file(), constants(devices)
    if path is None:
        raise InputError("DESCENTBENCH_CACHE is 'off': unset it, or what is measured cannot be kept.")
    catalogue = Catalogue(default_parts())
    grids = [Grid(axes) for axes in (*FITTED, CHECKED)]
    programs = [plan([grid], catalogue.describe, "calibration").programs[0] for grid in grids]
    seconds = timed(programs, catalogue, devices)
    counts = np.array([_counts(grid, catalogue) for grid in grids])
    found = fit(counts[:-1], seconds[:-1])
    try:
        write(path, json.dumps(_kept() | {_kind(devices): found._asdict()}, indent=1))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; set DESCENTBENCH_CACHE to a folder that can be written.") from None
    return Calibration(found, sum(seconds[-1]), *(float(counts[-1] @ np.array(one)) for one in (before, found)))


def fit(counts: NDArray[np.float64], seconds: Sequence[Seconds]) -> Constants:
    """The constants, none of them negative, that fit the seconds of programs best by least squares of relative errors.

    Args:
        counts: (programs, constants), how often each constant is in the estimate of each program.
        seconds: what the programs took.

    Raises:
        InputError: a constant would be zero.
    """
    compiles = np.isin(Constants._fields, ("program", "layer"))
    rows = np.concatenate([counts * compiles, counts * ~compiles])
    took = np.array([one.compiling for one in seconds] + [one.running for one in seconds])
    rows = rows / took[:, None]
    scale = rows.max(axis=0)
    found = Constants(*(scipy.optimize.nnls(rows / scale, np.ones(len(rows)))[0] / scale).tolist())
    if not all(map(_usable, found)):
        raise InputError("the seconds do not fit the planner's model; close what else runs here, and calibrate again.")
    return found


def timed(programs: Sequence[Program], catalogue: Catalogue, devices: Sequence[Any]) -> list[Seconds]:
    """What programs take, each compiled anew, alone, and run warm several times."""
    compiler, found = Compiler(catalogue.parts, devices), []
    for done in execute(programs, lambda p: catalogue.tables(p.static, p.lanes["seed"]), compiler, timed=True):
        if done.ledger is None:
            raise InputError(f"a program of the calibration failed: {done.error}.")
        compiling = done.ledger.trace_seconds + done.ledger.lower_seconds + done.ledger.compile_seconds
        found.append(Seconds(compiling, done.ledger.run_seconds))
    return found


def _counts(grid: Grid, catalogue: Catalogue) -> list[float]:
    """How often each constant is in the estimate of a grid, which is linear in them."""
    ones = [Constants(*map(float, row)) for row in np.eye(len(TYPICAL))]
    return [plan([grid], catalogue.describe, "calibration", costs=one).seconds for one in ones]


def _usable(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0


def _kind(devices: Sequence[Any]) -> str:
    return f"{len(devices)} x {devices[0].platform} {devices[0].device_kind}" if devices else ""


def _kept() -> dict[str, Any]:
    """Constants by kind and number of devices; none where they cannot be read."""
    path = costs_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
