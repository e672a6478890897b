"""How long a grid takes on many devices: measured costs of programs, dealt to devices as the executors deal them.

The simulation is list scheduling (Graham 1969): programs go out one after the other, the longest first, each to the
device that is free first. A device compiles a kind of program the first time that it meets it. All results pass through
the one process that asked, which needs a time for each program and for each byte. It is deterministic.

What it leaves out: devices that differ or die, several jobs on one device, and the way of the first tables to a worker.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import InputError

MOST_PROGRAMS = 20_000_000
LEAST_SECONDS = 1e-9
MOMENT, ROUNDING = 1e-7, 1e-14
"""Beginnings closer than this part of a program's time, or of the time itself, are at one moment."""
SCALES = 1.1
"""A forecast that takes at most so many times the work of its devices is limited by that work."""


class Costs(NamedTuple):
    """Measured costs of the kinds of program of a grid, each (kinds,).

    Attributes:
        runs: of one program.
        compile_seconds: to trace, lower and compile it on one device.
        run_seconds: to run it once on one device.
        result_bytes: of what it returns.
    """

    runs: NDArray[np.int64]
    compile_seconds: NDArray[np.float64]
    run_seconds: NDArray[np.float64]
    result_bytes: NDArray[np.float64]


class Owner(NamedTuple):
    """The process that asks for programs and commits what comes back.

    Attributes:
        program_seconds: to hand out a program, take its result and commit it.
        bytes_per_second: of results, over the network.
    """

    program_seconds: float
    bytes_per_second: float


class Forecast(NamedTuple):
    """What a grid would take.

    Attributes:
        runs, devices, programs: how much, and on how many.
        seconds: until the last result is committed.
        bounds: what alone would take so many seconds: `work`, evenly spread, `compiling`, likewise, the
            `longest program`, `results`, which cross the network one after the other, and `programs`, which the owner
            hands out and commits one after the other.
    """

    runs: int
    devices: int
    programs: int
    seconds: float
    bounds: Mapping[str, float]

    @property
    def efficiency(self) -> float:
        """Which part of the devices' time is training."""
        return self.bounds["work"] / self.seconds if self.seconds else 1.0

    @property
    def limit(self) -> str:
        """What the time is limited by: `work` where more devices would help in proportion, else the largest other."""
        if self.seconds <= SCALES * self.bounds["work"]:
            return "work"
        return max((name for name in self.bounds if name != "work"), key=lambda name: self.bounds[name])


def simulate(costs: Costs, runs: int, devices: int, owner: Owner) -> Forecast:
    """The time that a grid would take which is made of these kinds of program, as often as it needs.

    Args:
        costs: of the kinds; a grid of more runs has more programs of each kind, in the same proportion.
        runs: of the grid, at least 1.
        devices: alike, each what the costs were measured on.
        owner: what all results pass through.

    Raises:
        InputError: nothing to simulate, or more programs than memory holds.
    """
    if runs < 1 or devices < 1:
        raise InputError(f"{runs} runs on {devices} devices: give at least 1 of each.")
    kinds, counts = _programs(costs, runs)
    free, compiling = np.zeros(devices), 0.0
    ends, sent = [], []
    for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
        compiled, run = float(costs.compile_seconds[kind]), max(float(costs.run_seconds[kind]), LEAST_SECONDS)
        own = _dealt(free, compiled, run, count)
        busy = own > 0
        first = np.repeat((free + compiled)[busy], own[busy])
        ends.append(first + run * _ranks(own[busy]))
        sent.append(np.full(count, costs.result_bytes[kind] / owner.bytes_per_second))
        free = np.where(busy, free + compiled + run * own, free)
        compiling += compiled * int(busy.sum())
    arrivals, bytes_seconds = np.concatenate(ends), np.concatenate(sent)
    order = np.argsort(arrivals, kind="stable")
    bounds = {
        "work": float(costs.run_seconds[kinds] @ counts) / devices,
        "compiling": compiling / devices,
        "longest program": float((costs.run_seconds + costs.compile_seconds)[kinds].max()),
        "results": float(bytes_seconds.sum()),
        "programs": int(counts.sum()) * owner.program_seconds,
    }
    seconds = _served(arrivals[order], (bytes_seconds + owner.program_seconds)[order])
    return Forecast(runs, devices, int(counts.sum()), seconds, bounds)


def _dealt(free: NDArray[np.float64], compiling: float, run: float, count: int) -> NDArray[np.int64]:
    """How many of `count` alike programs each device gets, if each goes to the device that is free first.

    A device begins its first one when it is free, and later ones at regular times, so that these are the `count`
    earliest beginnings of all; the time of the last is found by bisection.
    """

    def begun(until: float) -> NDArray[np.int64]:
        later = np.floor((until - free - compiling) / run)
        return (free <= until) + np.maximum(later, 0).astype(np.int64)

    low, high = float(free.min()) - run, float(free.max()) + compiling + run * -(-count // len(free))
    fewer, own = begun(low), begun(high)
    while high - low > max(MOMENT * run, ROUNDING * high) and own.sum() > count:
        middle = (low + high) / 2
        until = begun(middle)
        low, high, fewer, own = (low, middle, fewer, until) if until.sum() >= count else (middle, high, until, own)
    spare = int(own.sum()) - count
    last = np.flatnonzero(own > fewer)[::-1][:spare]  # beginnings at one moment: the first devices have them
    own[last] -= 1
    return own


def _ranks(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 ... n for each n of the counts, one after the other."""
    return np.arange(1, int(counts.sum()) + 1) - np.repeat(np.cumsum(counts) - counts, counts)


def _programs(costs: Costs, runs: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The kinds of the programs, the longest first, and how often the runs need each."""
    times, rest = divmod(runs, int(costs.runs.sum()))
    reached = np.cumsum(costs.runs)
    counts = times + (reached - costs.runs < rest)
    if counts.sum() > MOST_PROGRAMS:
        raise InputError(
            f"{runs:,} runs make {counts.sum():,} programs of these kinds; at most {MOST_PROGRAMS:,} can be simulated:"
            " give fewer runs, or costs of programs with more lanes."
        )
    longest = np.argsort(-costs.run_seconds, kind="stable")
    longest = longest[counts[longest] > 0]
    return longest, counts[longest]


def _served(arrivals: NDArray[np.float64], services: NDArray[np.float64]) -> float:
    """When a server that takes one after the other is done: max over i of arrival i and all services from i on."""
    return float(np.max(arrivals + np.cumsum(services[::-1])[::-1]))


def costs_of(rows: Mapping[str, Any], bytes_per_run: float) -> Costs:
    """Costs from the table `programs` of a result.

    Args:
        rows: its columns.
        bytes_per_run: of results.

    Raises:
        InputError: no program that was trained.
    """
    run = np.asarray(rows["run_seconds"], np.float64)
    there = np.isfinite(run)
    if not there.any():
        raise InputError("no program of this result was trained: there are no costs to simulate with.")
    compiling = sum(
        np.nan_to_num(np.asarray(rows[f"{step}_seconds"], np.float64)) for step in ("trace", "lower", "compile")
    )
    lanes = np.asarray(rows["lanes"], np.int64)[there]
    return Costs(lanes, np.asarray(compiling)[there], run[there], np.asarray(bytes_per_run * lanes, np.float64))
