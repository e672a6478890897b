"""What `bench.run` does with what was trained: event files, and the page about it."""

import sys
from typing import TYPE_CHECKING

from bench.errors import named
from bench.options import Options

if TYPE_CHECKING:
    from bench.pipeline import Judged


def track(judged: "list[Judged]", options: Options) -> None:
    """Writes the curves of every run as event files."""
    from bench.track import TRACKERS

    for one in judged:
        if not one.failed and not one.evidence.curves.empty:
            said = TRACKERS[options.track or ""](one.evidence.runs, one.evidence.curves, one.folder)
            print(said, file=sys.stderr if options.json else sys.stdout)


def page(judged: "list[Judged]", options: Options) -> None:
    """Writes the page about what was run; never the reason why a run fails."""
    from bench.report.files import REMEDY, missing, write

    if missing():
        print(f"For a page that shows all of this with its figures: {REMEDY}.")
        return
    profile = judged[0].folder.name
    try:
        path = write(options.out, [one.study.name for one in judged], profile)
    except Exception as error:  # the results are saved, and the verdicts were shown
        if options.verbose:
            raise
        print(f"no report: {named(error)}", file=sys.stderr)
    else:
        print(f"Report: {path}")
