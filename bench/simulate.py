"""`python -m bench.simulate`: how long a grid of many runs would take on many devices, and what it would be limited by.

$ python -m bench.simulate                                 a million to a billion runs on 1 to 10,000 devices
$ python -m bench.simulate results/my_grid --devices 64    my own programs, as they were measured here
$ python -m bench.simulate --program-seconds 0.004         as `python -m bench.cluster.rate` measured it

Programs cost what they cost when measured; a device is what they were measured on. Without a result these are
all programs of the catalogue, as they come with the suite, from two CPU cores. docs/scale.md explains the limits.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    from bench.plan.simulate import Costs, Forecast

PROGRAM_SECONDS = 0.025
"""Of the processor, as `python -m bench.cluster.rate` measured it with two workers on two busy cores."""
BANDWIDTH = 125e6
"""Bytes per second of a network of 1 Gbit/s."""
BYTES_PER_RUN = 750.0
"""Results of the whole catalogue by its plan (`python -m bench.run all --dry-run`), bytes by runs."""


def _option(metavar: str) -> object:
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the command."""

    result: Annotated[Path | None, tyro.conf.Positional, _option("[RESULT]")] = None
    """Folder of a result whose programs cost the same: `<out>/<study>`, or `<out>/<study>/<profile>`."""
    runs: Annotated[tuple[float, ...], _option("N ...")] = (1e6, 1e7, 1e8, 1e9)
    """Sizes of the grid (1e6 1e7 1e8 1e9)."""
    devices: Annotated[tuple[int, ...], _option("N ...")] = (1, 10, 100, 1000, 10_000)
    """Numbers of devices (1 10 100 1000 10000)."""
    program_seconds: Annotated[float, _option("SECONDS")] = PROGRAM_SECONDS
    """Seconds in which this process hands out a program, takes its result and commits it (0.025)."""
    bandwidth: Annotated[float, _option("BYTES")] = BANDWIDTH
    """Bytes per second that reach this process (125e6, a network of 1 Gbit/s)."""
    bytes_per_run: Annotated[float | None, _option("BYTES")] = None
    """Size of what a run returns; that of the saved files for a result, 750 without one."""
    json: bool = False
    """Print one JSON object per forecast."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _simulate, arguments, "simulate", __doc__)


def _simulate(options: Options) -> int:
    from bench.plan.simulate import Owner, simulate

    for name, values in (("--runs", options.runs), ("--devices", options.devices)):
        if not all(1 <= value <= 1e12 and value == int(value) for value in values):
            raise InputError(f"{name}: give whole numbers of at least 1, such as 1e6.")
    positive = (("--program-seconds", options.program_seconds), ("--bandwidth", options.bandwidth))
    for name, value in (*positive, ("--bytes-per-run", options.bytes_per_run)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name} {value:g}: give a number above 0.")
    owner = Owner(options.program_seconds, options.bandwidth)
    costs = _costs(options)
    found = [simulate(costs, int(runs), devices, owner) for runs in options.runs for devices in options.devices]
    if options.json:
        for one in found:
            print(json.dumps({**one._asdict(), "efficiency": one.efficiency, "limit": one.limit}))
    else:
        _show(found)
    return 0


def _costs(options: Options) -> "Costs":
    import bench
    from bench.compare import result_folder
    from bench.plan.simulate import costs_of
    from bench.store import Folder

    if options.result is None:
        table, size = bench.load("reference")["programs"], BYTES_PER_RUN
    else:
        folder = Folder(result_folder(options.result))
        keys = folder.saved()
        table = folder.merged(keys, "programs")
        if table is None:
            raise InputError(f"{folder.path} holds no programs: run the study first.")
        table = table.to_pandas()
        size = sum((folder.programs / f"{key}.zip").stat().st_size for key in keys) / table["lanes"].sum()
    columns = {name: table[name].to_numpy() for name in table}
    return costs_of(columns, options.bytes_per_run or size)


def _show(found: "list[Forecast]") -> None:
    from rich.console import Console
    from rich.table import Table

    grid = Table()
    for name in ("runs", "devices", "programs", "time", "training", "limited by"):
        grid.add_column(name, justify="left" if name == "limited by" else "right")
    for one in found:
        grid.add_row(
            f"{one.runs:,}",
            f"{one.devices:,}",
            f"{one.programs:,}",
            duration(one.seconds),
            f"{100 * one.efficiency:.0f} %",
            one.limit,
            end_section=one.devices == max(other.devices for other in found),
        )
    Console().print(grid)
    print("training: the part of the devices' time that is not waiting or compiling. Nothing was run.")


def duration(seconds: float) -> str:
    """Seconds in the unit in which they are easiest to read."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
