"""The headline grid as a whole: ours from the command line, cold and with all probes, the peers' from a sample.

A peer only trains: it neither evaluates nor probes. Of each of the programs it takes a few runs and steps, and what
all runs and steps would take is summed up.
"""

import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from bench.errors import InputError
from bench.parts import Catalogue, default_parts
from bench.peers.compare import PEERS, Ratio, Timed, one_thread
from bench.peers.work import Layers, Work, layer_sizes, plain
from bench.plan import plan
from bench.stats import pairs
from bench.studies import get
from bench.train import prepare

STUDY = "depth_activation_lr"
NAME = "headline"
SECONDS = 0.3  # aim for one sample


def works(devices: Sequence[Any], profile: Any = "full") -> Iterator[Work]:
    """What each program of the grid trains; the starts are Glorot's, whatever the program's own are."""
    parts = default_parts()
    catalogue = Catalogue(parts)
    for program in plan(get(STUDY).grids(profile, catalogue.lookup), catalogue.describe, parts.hash).programs:
        tables = catalogue.tables(program.static, program.lanes["seed"])
        prepared = prepare(program, parts, tables, devices)
        sizes = layer_sizes(program.static, tables[0])
        starts = [_start(np.random.default_rng(seed), sizes) for seed in np.unique(program.lanes["seed"])]
        label = f"{NAME} {program.static['activation']}-{program.static['depth']}-{program.static['batch_size']}"
        yield plain(label, program, prepared, tables[0], starts)


def _start(random: np.random.Generator, sizes: Sequence[int]) -> Layers:
    found = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        weight = random.standard_normal((fan_in, fan_out)) * (2 / (fan_in + fan_out)) ** 0.5
        found.append((weight.astype(np.float32), np.zeros(fan_out, np.float32)))
    return found


def ours(profile: str = "full") -> float:
    """Seconds of the command that trains and judges the grid, from nothing: no results, no compilation cache."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "bench.run", STUDY, "--profile", profile, "--out", out, "--yes"]
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own command
            command, env={**os.environ, "DESCENTBENCH_CACHE": "off"}, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        raise InputError(f"`{' '.join(command[1:])}` ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return seconds


def compare(
    peers: Sequence[str], devices: Sequence[Any], repeats: int = 3, profile: str = "full", tell: Callable = print
) -> Iterator[Ratio]:
    """Times the grid by the suite once, and by peers from samples.

    Args:
        peers: names in `PEERS`; those that compile the whole length of a run are left out, as a sample would take as
            long as the grid.
        devices: of the suite; there are as many worker processes.
        repeats: samples of each program.
        profile: of the study.
        tell: hears what has been done.

    Yields:
        One ratio per peer, marked as extrapolated, ours with compilation.
    """
    mine = ours(profile)
    tell(f"{NAME}: ours took {mine:.1f} s; now the peers' samples")
    chosen = [name for name in peers if not PEERS[name].whole]
    totals = {name: np.zeros(repeats) for name in chosen}
    with ProcessPoolExecutor(len(devices), multiprocessing.get_context("spawn"), one_thread) as pool:
        for count, work in enumerate(works(devices, profile), 1):
            for name in chosen:
                one = Timed(name, work, pool, len(devices), SECONDS)
                one.settle()
                totals[name] += [one.seconds() for _ in range(repeats)]
            if count % 10 == 0:
                tell(f"{NAME}: {count} programs sampled")
    for name in chosen:
        middle, low, high = pairs.median_interval((totals[name] / mine).tolist())
        yield Ratio(NAME, name, middle, low, high, True, True, mine, float(np.median(totals[name])))
