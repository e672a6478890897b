"""Trains a grid on the workers of a local cluster, and kills one of them, chosen at random, every few seconds.

$ python tests/faults/cluster_kills.py depth_activation_lr --workers 2 --seconds 10

What is killed comes back and its program is tried again: nothing may be lost, nothing may be there twice, and with
`--against` every number must be that of results nobody disturbed. Exit status: 0 all of that holds, 1 it does not.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from whole import numbers

from bench.store import Folder

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Runs the command and returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grid", help="a study, or a TOML file")
    parser.add_argument("--workers", type=int, default=2, help="of the cluster (2)")
    parser.add_argument("--seconds", type=float, default=10.0, help="from kill to kill (10)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice (0)")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="such as results/my_grid/full")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        kills, status, seconds = _disturbed(asked, Path(out))
        (manifest,) = Path(out).glob("*/*/manifest-0.json")
        folder = Folder(manifest.parent)
        found = numbers(folder)  # every run is there, once
        crashed = sum("crashed" in folder.tables(key)["programs"]["status"].to_pylist() for key in folder.saved())
        programs = len(folder.manifest()["programs"])
        different = asked.against is not None and found != numbers(Folder(asked.against))
    numbers_are = "" if asked.against is None else f", numbers {'differ' if different else 'are the same'}"
    print(f"{kills} kills in {seconds:.0f} s, exit status {status}")
    print(f"{programs} programs are there once, {crashed} crashed{numbers_are}")
    return int(status not in (0, 4) or crashed > 0 or different)


def _disturbed(asked: argparse.Namespace, out: Path) -> tuple[int, int, float]:
    """Gives the command, kills workers until it ends; returns the kills, its exit status, and its seconds."""
    chance, kills, start = random.Random(asked.seed), 0, time.perf_counter()
    cluster = ["--dask", f"local:{asked.workers}", "--devices", "1"]
    command = [sys.executable, "-m", "bench.run", asked.grid, *cluster, "--out", out, "--yes", "--no-report"]
    with subprocess.Popen(command) as owner:
        while True:
            try:
                return kills, owner.wait(asked.seconds), time.perf_counter() - start
            except subprocess.TimeoutExpired:
                workers = _workers(owner.pid)
                if workers and any(out.glob("*/*/programs/*.zip")):  # not while the cluster starts
                    chance.choice(workers).kill()
                    kills += 1
                    print(f"killed one of {len(workers)} workers after {time.perf_counter() - start:.0f} s", flush=True)


def _workers(owner: int) -> list[psutil.Process]:
    """The processes that train for the one that asked, which has other children, too."""
    return [child for child in psutil.Process(owner).children() if "spawn_main" in " ".join(child.cmdline())]


if __name__ == "__main__":
    sys.exit(main())
