"""`python -m bench.optimizers`: which optimizer is best on a panel of workloads, and by how much.

$ python -m bench.optimizers                          the eight usual ones on all workloads
$ python -m bench.optimizers adam lion --quick        two, on half of the workloads, at fewer learning rates
$ python -m bench.optimizers adam --workloads deep    one workload
$ python -m bench.optimizers --list                   what there is

Each optimizer gets the same number of learning rates on each workload. Half of the seeds choose the rate, the other
half judge it, by the steps until the loss is at the workload's target; docs/protocol.md says how. The folder
`optimizers` of the results gets ranking.csv, pairs.csv, targets.csv, profile.csv, and best/*.toml, each of which
`python -m bench.run FILE.toml` trains again.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from bench.command import command

# numpy, jax and pandas take seconds to import: they are imported by the functions that need them.


@dataclasses.dataclass(frozen=True)
class Options:
    """Ranks optimizers."""

    optimizers: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[OPTIMIZER ...]")] = ()
    """Names of optimizers, those of installed packages among them; the eight usual ones unless given."""
    workloads: tuple[str, ...] = ()
    """Workloads by name; all unless given, or half of them where it is to be quick."""
    seeds: int = 32
    """How many; half of them choose the learning rates, the others judge."""
    quick: bool = False
    """Half of the workloads, and no second look between the best learning rate and its neighbours."""
    out: Path = Path("results")
    """Folder of the results."""
    json: bool = False
    """Print events, one JSON object per line: plan, program, rank, pair, target, warning, error, done."""
    list: bool = False
    """List the workloads and the usual optimizers, and stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _interruptible, arguments, "optimizers", __doc__)


def _interruptible(options: Options) -> int:
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("stopped: what was saved is kept; the same command goes on from there.", file=sys.stderr)
        return 130


def _run(options: Options) -> int:
    from bench.optimizers import workloads

    if options.list:
        print("workloads (* also in the quick panel):")
        for name, one in workloads.WORKLOADS.items():
            print(f"  {name + '*' * one.quick:17} {one.about}; target {one.target:g} in {one.axes['steps']} steps")
        print("optimizers unless named:", *workloads.STANDARD)
        return 0
    from bench.events import Event, warnings_told
    from bench.optimizers import report
    from bench.optimizers.api import rank_optimizers
    from bench.optimizers.panel import Failed
    from bench.progress import Progress

    names, folder = options.optimizers or workloads.STANDARD, options.out / "optimizers"
    with Progress(options.json, verbose=False) as progress, warnings_told(progress):
        try:
            verdict, panel = rank_optimizers(
                names, None, options.workloads, options.quick, options.seeds, out=options.out, tell=progress
            )
        except Failed as error:
            print(f"error: {error}", file=sys.stderr)
            return 3
        report.save(verdict, panel, folder)
        if options.json:
            for event in report.events(verdict):
                progress(event)
            progress(Event("done", {"runs": panel.runs, "trained": panel.trained, "exit": 0}))
    if not options.json:
        report.show(verdict, panel)
        print(f"{panel.runs:,} runs, {panel.trained:,} programs trained now. Tables, and best/*.toml: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
