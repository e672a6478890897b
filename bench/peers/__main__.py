"""`python -m bench.peers`: the suite and its peers train the same, timed in turn in one run.

$ python -m bench.peers --cell mlp-d4-w32-b32   one cell
$ python -m bench.peers                         every cell, the limits, the headline grid and how seconds grow
$ python -m bench.peers --cell headline         the grid as a whole, the peers extrapolated from samples
$ python -m bench.peers --growth                how seconds grow with runs, depth, width and batch size
$ python -m bench.peers --list                  what there is

The results go to the folder `peers` of the results: ratios.csv, limits.csv, growth.csv and their pictures.
"""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.command import command
from bench.errors import InputError, unknown

GROWING = ("pytorch", "jax-scan")  # peers whose growth is shown


@dataclasses.dataclass(frozen=True)
class Options:
    """Compares the suite with its peers."""

    cell: tuple[str, ...] = ()
    """Cells by name; all unless given."""
    peer: tuple[str, ...] = ()
    """Peers by name; all unless given."""
    growth: bool = False
    """Time how seconds grow, and nothing else."""
    repeats: int = 5
    """Timings of each, in turn."""
    out: Path = Path("results")
    """Folder of the results."""
    list: bool = False
    """List cells and peers, and stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _run, arguments, "peers", __doc__)


def _run(options: Options) -> int:
    from bench.peers import compare, headline, work

    if options.list:
        print("cells:", *work.CELLS, headline.NAME, sep="\n  ")
        print("peers:", *(f"{name}: {peer.title}" for name, peer in compare.PEERS.items()), sep="\n  ")
        return 0
    for name in options.peer:
        if name not in compare.PEERS:
            raise unknown("peer", name, compare.PEERS)
    everything = not (options.cell or options.growth)
    names = (*work.CELLS, headline.NAME) if everything else options.cell
    for name in names:
        if name not in work.CELLS and name != headline.NAME:
            raise unknown("cell", name, [*work.CELLS, headline.NAME])
    if options.repeats < 1:
        raise InputError(f"--repeats {options.repeats}: give a number of at least 1.")
    from bench import train
    from bench.peers import growth, report

    peers = options.peer or tuple(compare.PEERS)
    if any(name.startswith("pytorch") for name in peers):
        report.require("torch", "PyTorch")
    report.require("altair", "Altair")
    devices, folder = train.configure(), options.out / "peers"
    for name in names:
        report.save(_said(_ratios(name, peers, devices, options.repeats)), folder / "ratios.csv")
        if name.startswith("mlp") and not options.peer:
            report.save(_said(_limits(name, devices, options.repeats)), folder / "limits.csv")
    if everything or options.growth:
        chosen = options.peer or GROWING
        report.save(_said(growth.grow(chosen, devices, options.repeats)), folder / "growth.csv")
    for path in report.draw(folder):
        print(path)
    return 0


def _ratios(name: str, peers: Sequence[str], devices: Sequence[Any], repeats: int) -> Iterator[Any]:
    from bench.peers import compare, headline, work

    if name == headline.NAME:
        return headline.compare(peers, devices, repeats, tell=lambda text: print(text, file=sys.stderr))
    return compare.compare(work.cell(name), peers, devices, repeats)


def _limits(name: str, devices: Sequence[Any], repeats: int) -> Iterator[Any]:
    from bench.peers import limit, work

    return limit.limits(work.cell(name), devices, repeats)


def _said(found: Iterator[Any]) -> Sequence[Any]:
    """All of them, each printed as it comes."""
    from bench.peers import report

    kept = []
    for one in found:
        report.line(one)
        kept.append(one)
    return kept


if __name__ == "__main__":
    sys.exit(main())
