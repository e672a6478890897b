"""`python -m bench.peers`: the suite and its peers train the same, timed in turn in one run.

python -m bench.peers --cell mlp-d4-w32-b32
python -m bench.peers                          every cell; takes an hour
python -m bench.peers --list
"""

import dataclasses
import sys
from pathlib import Path

import tyro

from bench.errors import InputError, unknown


@dataclasses.dataclass(frozen=True)
class Options:
    """Compares the suite with its peers."""

    cell: tuple[str, ...] = ()
    """Cells by name; all unless given."""
    peer: tuple[str, ...] = ()
    """Peers by name; all unless given."""
    repeats: int = 5
    """Timings of each, in turn."""
    out: Path = Path("results")
    """Folder of the results; the ratios go to `peers/ratios.csv` in it."""
    list: bool = False
    """List cells and peers, and stop."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    options = tyro.cli(Options, prog="python -m bench.peers", args=arguments, description=__doc__)
    try:
        return _run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(options: Options) -> int:
    from bench.peers import compare, work

    if options.list:
        print("cells:", *work.CELLS, sep="\n  ")
        print("peers:", *(f"{name}: {peer.title}" for name, peer in compare.PEERS.items()), sep="\n  ")
        return 0
    for name in options.peer:
        if name not in compare.PEERS:
            raise unknown("peer", name, list(compare.PEERS))
    cells = [work.cell(name) for name in options.cell] or list(work.CELLS.values())
    if options.repeats < 1:
        raise InputError(f"--repeats {options.repeats}: give a number of at least 1.")
    from bench import train
    from bench.peers import report

    if any(name.startswith("pytorch") for name in options.peer or compare.PEERS):
        report.require_torch()
    devices = train.configure()
    found = []
    for cell in cells:
        for ratio in compare.compare(cell, options.peer or tuple(compare.PEERS), devices, options.repeats):
            found.append(ratio)
            report.line(ratio)
        report.save(found, options.out / "peers" / "ratios.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
