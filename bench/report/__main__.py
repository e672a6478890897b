"""`python -m bench.report`: one page that says what happened, or the verdicts as Markdown or CSV.

$ python -m bench.report                              everything in results/, as results/report.html
$ python -m bench.report --study A02 propagation      some studies or families
$ python -m bench.report --format markdown            a table of verdicts, for a README or an issue

The page opens without a network and in any current browser; it can be sent as it is.
"""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from bench.command import command
from bench.errors import unknown
from bench.report.files import save, write

FORMATS = ("html", "markdown", "csv")
PROFILES = ("full", "quick")


@dataclasses.dataclass(frozen=True)
class Options:
    """Writes one page that says what happened."""

    results: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="[DIR]", help_behavior_hint="")] = Path(
        "results"
    )
    """Folder of the results (results)."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """The file to write; report.html in the folder, or for other formats the terminal, unless given."""
    study: Annotated[tuple[str, ...], tyro.conf.arg(metavar="STUDY|ID|FAMILY ...", help_behavior_hint="")] = ()
    """What to show; everything that is there unless given."""
    profile: Annotated[str | None, tyro.conf.arg(metavar="|".join(PROFILES), help_behavior_hint="")] = None
    """Whose results; of each study the fuller ones unless given."""
    format: Annotated[str, tyro.conf.arg(metavar="|".join(FORMATS), help_behavior_hint="")] = "html"
    """html, the page (unless given); markdown, a table of verdicts; csv, a row per finding, safe for spreadsheets."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _report, arguments, "report", (__doc__ or "").replace("\n\n$", "\n$"))


def _report(options: Options) -> int:
    if options.format not in FORMATS:
        raise unknown("format", options.format, FORMATS)
    if options.profile not in (None, *PROFILES):
        raise unknown("profile", options.profile, PROFILES)
    if options.format == "html":
        path = write(options.results, options.study, options.profile, options.out)
        print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
        return 0
    from bench.report import exports
    from bench.report.collect import collect

    report = collect(options.results, options.study, options.profile)
    text = exports.markdown(report) if options.format == "markdown" else exports.csv(report)
    if options.out is None:
        print(text, end="")
    else:
        save(text, options.out)
        print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
