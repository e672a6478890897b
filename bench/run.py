"""`python -m bench.run`: trains studies, writes their tables and prints the verdicts.

    python -m bench.run                          a tour on real data, in about a minute
    python -m bench.run depth_activation_lr      one study, by name or id
    python -m bench.run convex losses            whole families
    python -m bench.run all --profile full       the whole catalogue
    python -m bench.run --list                   what there is

What is already saved is not trained again: re-running resumes. Exit status: 0 all as expected, 1 internal error, 2 bad
input, 3 some programs failed, 4 a verdict differs, 130 interrupted, 143 terminated.
"""

import dataclasses
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from bench.errors import InputError

# numpy, jax and pandas take seconds to import: they are imported by the functions that need them, after the arguments
# have been read, so that --help and a mistyped option answer at once.

if TYPE_CHECKING:
    from bench.pipeline import Judged, Settings
    from bench.spec import Study

MOST_SECONDS = 3600


@dataclasses.dataclass(frozen=True)
class Options:
    """Trains whole grids of models and holds every result against theory."""

    studies: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Studies by name, id or family, or `all`; nothing for the tour."""
    list: bool = False
    """List the studies and stop."""
    show: str | None = None
    """Show one run: its configuration, its curve and how to reproduce it."""
    profile: Literal["quick", "full"] | None = None
    """`quick` drops cells of the grids, never seeds or rules. The tour is quick unless told otherwise, the rest full."""
    platform: Literal["cpu", "gpu", "tpu"] | None = None
    """Insist on a platform; an error if it is absent."""
    devices: int | None = None
    """Devices to spread runs over; all, which on a CPU is one per core, unless given."""
    lanes: int | None = None
    """Runs computed together; chosen from the working set unless given."""
    dry_run: bool = False
    """Say how many runs, programs, seconds and bytes, and stop."""
    yes: bool = False
    """Go on even if the estimate is above an hour."""
    out: Path = Path("results")
    """Folder of the results."""
    seed: int = 0
    """Added to every seed of the grids."""
    json: bool = False
    """Print events as lines of JSON: plan, program, finding, warning, error, done."""
    audit: int = 0
    """Rerun this many runs alone and report the largest difference."""
    time: bool = False
    """Measure: programs alone, warm, repeated; no compilation in the background, no cache."""
    fail_fast: bool = False
    """Stop at the first program that fails, instead of going on with the others."""
    verbose: Annotated[bool, tyro.conf.arg(aliases=["-v"])] = False
    """Every finding, every program, and tracebacks."""


def main(arguments: "list[str] | None" = None) -> int:
    """Runs the command.

    Args:
        arguments: of the command line, those of the process unless given.

    Returns:
        The exit status.
    """
    options = tyro.cli(Options, prog="python -m bench.run", args=arguments, description=__doc__)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, _Terminated) as stop:
        print("stopped: what was saved is kept; the same command goes on from there.", file=sys.stderr)
        return 130 if isinstance(stop, KeyboardInterrupt) else 143
    except Exception as error:
        if options.verbose:
            raise
        print(f"internal error: {type(error).__name__}: {error} (-v shows the traceback)", file=sys.stderr)
        return 1


class _Terminated(BaseException):
    """SIGTERM, as an exception, so that files are closed and temporary ones removed."""


def _terminate(*_: object) -> None:
    raise _Terminated


def _run(options: Options) -> int:
    if options.show:
        from bench import show

        show.run(options.show, options.out)
        return 0
    from bench import studies

    if options.list:
        from bench import show

        show.catalogue([studies.get(name) for name in studies.names()])
        return 0
    chosen = studies.select(list(options.studies))
    settings = _settings(options)
    if options.dry_run:
        return _dry_run(chosen, settings, options)
    return _train(chosen, settings, options)


def _settings(options: Options) -> "Settings":
    from bench import train
    from bench.cache import compile_cache
    from bench.pipeline import Settings

    for name, value in (("--devices", options.devices), ("--lanes", options.lanes)):
        if value is not None and value < 1:
            raise InputError(f"{name} {value}: give a number of at least 1.")
    if options.seed < 0 or options.audit < 0:
        raise InputError("--seed and --audit take 0 or more.")
    devices = train.configure(options.platform, options.devices, None if options.time else compile_cache())
    return Settings(
        profile=options.profile or ("full" if options.studies else "quick"),
        out=options.out,
        devices=tuple(devices),
        lanes=options.lanes,
        seed=options.seed,
        timed=options.time,
        fail_fast=options.fail_fast,
        most_seconds=float("inf") if options.yes else MOST_SECONDS,
    )


def _dry_run(chosen: "list[Study]", settings: "Settings", options: Options) -> int:
    from bench import show
    from bench.parts import Catalogue, default_parts
    from bench.pipeline import Event, as_json, planned

    catalogue = Catalogue(default_parts())
    plans = [(study, planned(study, catalogue, settings)) for study in chosen]
    if options.json:
        for study, plan in plans:
            facts = {"runs": plan.runs, "programs": len(plan.programs), "seconds": plan.seconds, "bytes": plan.bytes}
            print(as_json(Event("plan", {"study": study.id, "name": study.name, **facts})))
    else:
        show.plans(plans, verbose=options.verbose)
    return 0


def _train(chosen: "list[Study]", settings: "Settings", options: Options) -> int:
    import time

    from bench import show
    from bench.audit import audit
    from bench.parts import default_parts
    from bench.pipeline import Event, run_study

    parts, judged, start = default_parts(), [], time.perf_counter()
    with show.Progress(options.json, options.verbose) as progress:
        for study in chosen:
            judged.append(run_study(study, parts, settings, progress))
            progress.judged(judged[-1])
            if options.audit:
                progress(audit(judged[-1], parts, settings, options.audit))
        status = _status(judged)
        facts = {
            "studies": len(judged),
            "runs": sum(j.runs for j in judged),
            "programs": sum(j.programs for j in judged),
            "trained": sum(j.trained for j in judged),
            "seconds": time.perf_counter() - start,
            "exit": status,
        }
        progress(Event("done", facts))
    if not options.json:
        show.verdicts(judged, facts)
    return status


def _status(judged: "list[Judged]") -> int:
    if any(j.failed for j in judged):
        return 3
    return 0 if all(j.as_expected for j in judged) else 4


if __name__ == "__main__":
    sys.exit(main())
