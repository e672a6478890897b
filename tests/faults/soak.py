"""Trains random small grids, killing the command every few seconds, and compares with the same without kills.

$ python tests/faults/soak.py --programs 2000

Nothing may be lost, nothing may be there twice, every number must be that of the undisturbed command, and the memory of
the undisturbed command, one process for all grids, must level off. Exit status: 0 all of that holds, 1 it does not.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from forge import Forge
from whole import numbers

from bench.store import Folder

GROWTH = 1.15
"""Of the median memory from the third to the last quarter of the time."""


def main() -> int:
    """Runs the command and returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=200, help="how many to train at least (200)")
    parser.add_argument("--seconds", type=float, default=3.0, help="mean time to a kill (3)")
    parser.add_argument("--seed", type=int, default=0, help="of the grids and the kills (0)")
    asked = parser.parse_args()
    chance = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as name, Forge(Path(name) / "cache") as forge:
        return _soak(forge, Path(name), asked.programs, asked.seconds, chance)


def _soak(forge: Forge, place: Path, wanted: int, seconds: float, chance: np.random.Generator) -> int:
    grids: list[Path] = []
    programs = kills = 0
    start = time.perf_counter()
    while programs < wanted:
        grids.append(_grid(place / f"grid-{len(grids)}.toml", chance))
        kills += _disturbed(forge, grids[-1], place / "disturbed", seconds, chance)
        programs += len(_folder(place / "disturbed", grids[-1]).manifest()["programs"])
        print(
            f"{programs} programs of {len(grids)} grids, {kills} kills, {time.perf_counter() - start:.0f} s", flush=True
        )
    memory = _undisturbed(forge, grids, place / "undisturbed")
    different = [
        grid.stem
        for grid in grids
        if numbers(_folder(place / "disturbed", grid)) != numbers(_folder(place / "undisturbed", grid))
    ]
    quarters = [statistics.median(part) / 1e6 for part in np.array_split(memory, 4)]
    print(f"{programs} programs, {kills} kills: {len(different)} grids differ {different}")
    print(f"resident memory by quarters of the time: {', '.join(f'{size:.0f}' for size in quarters)} MB")
    return int(bool(different) or quarters[3] > GROWTH * quarters[2])


def _grid(path: Path, chance: np.random.Generator) -> Path:
    """A file with a grid of 4 to 12 programs."""

    def some(names: Sequence[object], count: int) -> str:
        chosen = sorted(chance.choice(len(names), count, replace=False))
        return "[" + ", ".join(json.dumps(names[index]) for index in chosen) + "]"

    path.write_text(
        f"""[grid]
data = {some(["iris", "wine"], 1)}
model = "mlp"
depth = {some([1, 2, 3], 2)}
width = {some([3, 4, 6, 8, 12], int(chance.integers(1, 3)))}
activation = {some(["tanh", "relu", "sigmoid", "elu"], int(chance.integers(2, 4)))}
optimizer = {some(["sgd", "adam", "momentum"], 1)}
batch_size = {some([8, 16, 32, "full"], 1)}
learning_rate = {{ logspace = [0.001, {chance.uniform(0.1, 30):.4f}, {chance.integers(2, 6)}] }}
seed = {{ range = [0, {chance.integers(1, 4)}] }}
epochs = {chance.integers(5, 60)}
"""
    )
    return path


def _disturbed(forge: Forge, grid: Path, out: Path, seconds: float, chance: np.random.Generator) -> int:
    """Gives the command again and again, and kills it, until it ends by itself; returns the kills."""
    kills = 0
    while True:
        child = forge.start(_command([grid], out), grid.with_suffix(".said"))
        timer = threading.Timer(0.3 + chance.exponential(seconds), os.kill, (child, signal.SIGKILL))
        timer.start()
        status, said = forge.wait(child, timer.cancel)
        if status == 0:
            return kills
        assert status == -signal.SIGKILL, said
        kills += 1


def _undisturbed(forge: Forge, grids: Sequence[Path], out: Path) -> list[int]:
    """Trains all grids in one process; returns its resident bytes, twice a second."""
    child = forge.start(_command(grids, out), out.with_suffix(".said"))
    memory, over = [], threading.Event()

    def look() -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not over.wait(0.5):
            memory.append(page * int(Path(f"/proc/{child}/statm").read_text().split()[1]))

    watch = threading.Thread(target=look)
    watch.start()
    status, said = forge.wait(child, lambda: (over.set(), watch.join()))
    assert status == 0, said
    return memory


def _command(grids: Sequence[Path], out: Path) -> list[object]:
    return [*grids, "--out", out, "--devices", "1", "--no-report", "--yes"]


def _folder(out: Path, grid: Path) -> Folder:
    return Folder(out / grid.stem / "full")


if __name__ == "__main__":
    sys.exit(main())
