"""`python -m bench.figure STUDY --out FILE`: a figure of a study, or grid, for an article, from its saved results.

$ python -m bench.figure quadratic_modes --out modes.pdf                   one column, 84 mm
$ python -m bench.figure G01 --figure 2 --width double --out fades.svg     its second figure, both columns, 174 mm
$ python -m bench.figure E03 --out ratio.png --data                        and ratio.csv, the numbers behind it
$ python -m bench.figure my_grid --figure 2 --out rates.pdf                a grid of one's own, the second on its card
"""

import dataclasses
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    from bench.figures import Drawn, Look

WIDTHS = ("single", "double")


@dataclasses.dataclass(frozen=True)
class Options:
    """Draws a figure of a study for an article, from its saved results."""

    study: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="STUDY|ID|GRID")]
    """Whose figure; it must have been run."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """The file to write: .pdf, .svg, .png, .csv (the numbers behind it) or .json (its Vega-Lite specification)."""
    figure: Annotated[int, tyro.conf.arg(metavar="N", help_behavior_hint="")] = 1
    """Which of its figures, counted from 1 (1)."""
    profile: Annotated[str | None, tyro.conf.arg(metavar="quick|full", help_behavior_hint="")] = None
    """Profile of the results; the fuller one that is there unless given."""
    results: Annotated[Path, tyro.conf.arg(metavar="DIR", help_behavior_hint="")] = Path("results")
    """Folder of the results (results)."""
    width: Annotated[str, tyro.conf.arg(metavar="|".join(WIDTHS), help_behavior_hint="")] = "single"
    """84 mm or 174 mm, one or both columns of an article (single)."""
    data: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Also write the numbers behind it, as CSV beside the figure."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _draw, arguments, "figure", __doc__)


def _draw(options: Options) -> int:
    _check(options)
    from bench import studies
    from bench.figures import PAPER, WIDE

    look = PAPER if options.width == "single" else WIDE
    own = options.study not in studies.names() and (options.results / options.study).is_dir()
    chosen = (_of_grid if own else _of_study)(options, look)
    from bench.figures.export import fitted, save

    drawn = fitted(chosen, look.width)
    paths = [options.out, options.out.with_suffix(".csv")] if options.data else [options.out]
    for path in dict.fromkeys(paths):
        save(drawn, path)
        print(f"wrote {path}")
    return 0


def _of_study(options: Options, look: "Look") -> "Drawn":
    from bench import studies
    from bench.api import load
    from bench.figures import charts

    study = studies.get(options.study)
    _there(options, len(study.figures))
    return charts(study, load(study.name, options.profile, options.results), look)[options.figure - 1]


def _of_grid(options: Options, look: "Look") -> "Drawn":
    from bench.api import load
    from bench.figures import own_charts
    from bench.ranking.rates import saved_rates

    result = load(options.study, options.profile, options.results)
    rates = saved_rates(result.path)
    drawn = own_charts(result, rates if len(rates) else result.best_rates(), look)
    _there(options, len(drawn))
    return drawn[options.figure - 1]


def _there(options: Options, count: int) -> None:
    if not 1 <= options.figure <= count:
        raise InputError(f"--figure {options.figure}: {options.study} has {count} figure{'s'[: count > 1]}.")


def _check(options: Options) -> None:
    """What can be known to be wrong before anything is read."""
    for module in ("altair", "vl_convert"):
        if importlib.util.find_spec(module) is None:
            raise InputError(f"{module} is not installed; `pip install -c constraints.txt -e '.[report]'` brings it.")
    from bench.figures.export import writer

    writer(options.out)
    if not options.out.parent.is_dir():
        raise InputError(f"--out {options.out}: there is no folder {options.out.parent}.")
    if options.width not in WIDTHS:
        raise InputError(f"--width {options.width}: give {' or '.join(WIDTHS)}.")
    if options.profile not in (None, "quick", "full"):
        raise InputError(f"--profile {options.profile}: give quick or full.")


if __name__ == "__main__":
    sys.exit(main())
