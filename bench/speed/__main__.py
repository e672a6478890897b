"""`python -m bench.speed`: two checkouts or two configurations train the same cell, timed in turn.

$ python -m bench.speed ../before .            two checkouts
$ python -m bench.speed . lanes=8              a configuration against the usual one
$ python -m bench.speed devices=1 devices=2 --cell mlp-d4-w32-b1
$ python -m bench.speed . XLA_FLAGS=--xla_cpu_enable_fast_math=true

Exit status: 0 the second is no slower, 2 bad input, 4 it is.
"""

import dataclasses
import sys
from typing import Annotated, Literal

import tyro

from bench.command import command
from bench.errors import InputError

SURE = 0.01  # p below which two sides differ


@dataclasses.dataclass(frozen=True)
class Options:
    """Compares the speed of two sides."""

    first: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="A")]
    """Folder of a checkout, or AXIS=VALUE,... of a configuration."""
    second: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="B")]
    """The same; reported is its time over that of A."""
    cell: str = "mlp-d4-w32-b32"
    """What is trained; `python -m bench.peers --list` shows the cells."""
    what: Literal["run", "compile"] = "run"
    """Time the training, compiled before, or the compilation."""
    repeats: int = 15
    """Timings of each side, in turn."""
    slower: float = 1.05
    """A ratio whose interval lies above this is a regression."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _run, arguments, "speed", __doc__)


def _run(options: Options) -> int:
    from bench.peers import work
    from bench.speed import sides
    from bench.stats import pairs

    if options.repeats < 2:
        raise InputError(f"--repeats {options.repeats}: give a number of at least 2.")
    work.cell(options.cell)
    both = (sides.parse(options.first), sides.parse(options.second))
    first, second = [], []
    for one, other in sides.in_turn(both, options.cell, options.what, options.repeats):
        first.append(one)
        second.append(other)
        if sys.stderr.isatty():
            print(f"\r{len(first)} of {options.repeats}: {one:.4g} s, {other:.4g} s", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    found = pairs.ratio(first, second)
    for side, seconds in zip(both, (first, second), strict=True):
        middle, low, high = pairs.median_interval(seconds)
        print(f"{side.label:30} {middle:.4g} s [{low:.4g}, {high:.4g}]")
    print(
        f"{options.cell}, {options.what}: {options.second} takes {found.median:.3f} "
        f"[{found.low:.3f}, {found.high:.3f}] times as long as {options.first} (95 % interval of the median of "
        f"{options.repeats} pairs; Mann-Whitney p = {found.p:.2g})"
    )
    if found.low > options.slower and found.p < SURE:
        print(f"slower: the interval lies above {options.slower:g}")
        return 4
    print("faster" if found.high < 1 and found.p < SURE else "no slower than allowed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
