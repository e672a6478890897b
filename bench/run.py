"""`python -m bench.run`: trains studies, writes their tables and prints the verdicts.

$ python -m bench.run                          a tour on real data, in about a minute
$ python -m bench.run depth_activation_lr      one study, by name or id
$ python -m bench.run convex losses            whole families
$ python -m bench.run all                      the whole catalogue
$ python -m bench.run my_grid.toml             a grid of one's own; --new my_grid.toml writes one to begin with
$ python -m bench.run --list                   what there is

What is already saved is not trained again: the same command again goes on where it stopped. Exit status: 0 all as
expected, 1 internal error, 2 bad input, 3 some programs failed, 4 a verdict differs, 130 interrupted, 143 terminated.
"""

import dataclasses
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from bench.errors import InputError, unknown

# numpy, jax and pandas take seconds to import: they are imported by the functions that need them, after the arguments
# have been read, so that --help and a mistyped option answer at once.

if TYPE_CHECKING:
    from bench.pipeline import Judged, Settings
    from bench.progress import Progress
    from bench.spec import Study

MOST_SECONDS = 3600
PROFILES, PLATFORMS = ("quick", "full"), ("cpu", "gpu", "tpu")


def _option(metavar: str | None = None, **more: "list[str]") -> object:
    """An option whose help says its default in words."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="", **more)  # type: ignore[call-overload]


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the command."""

    studies: Annotated[tuple[str, ...], tyro.conf.Positional, _option("[STUDY|ID|FAMILY|all|FILE.toml ...]")] = ()
    """What to run; nothing for the tour."""
    list: Annotated[bool, _option()] = False
    """List the studies, or those named, and stop."""
    show: Annotated[str | None, _option("RUN")] = None
    """Show one run: its configuration, its curve and how to reproduce it."""
    new: Annotated[Path | None, _option("FILE.toml")] = None
    """Write a commented example of a grid of one's own, and stop."""
    print_schema: Annotated[bool, _option()] = False
    """Print the JSON Schema of such files, and stop."""
    verdict: Annotated[str | None, _option("gradients")] = None
    """Say whether gradients vanish or explode, for every network that was trained, beside theory."""
    profile: Annotated[str | None, _option("|".join(PROFILES))] = None
    """quick drops cells of the grids, never seeds or rules. The tour is quick unless told otherwise, the rest full."""
    platform: Annotated[str | None, _option("|".join(PLATFORMS))] = None
    """Insist on a platform; an error if it is absent."""
    devices: Annotated[int | None, _option("N")] = None
    """Devices to spread runs over; all unless given, which on a CPU is one per core."""
    lanes: Annotated[int | None, _option("N")] = None
    """Runs computed together; chosen from the working set unless given."""
    shard: Annotated[str | None, _option("i/n")] = None
    """Train part i of n of each study's first round, such as 1/8 to 8/8 in eight array jobs; nothing is judged."""
    dry_run: Annotated[bool, _option()] = False
    """Say how many runs, programs, seconds and bytes, and stop."""
    yes: Annotated[bool, _option()] = False
    """Go on even if the estimate of a study is above an hour."""
    out: Annotated[Path, _option("DIR")] = Path("results")
    """Folder of the results (results)."""
    seed: Annotated[int, _option("N")] = 0
    """Added to every seed of the grids."""
    json: Annotated[bool, _option()] = False
    """Print events, one JSON object per line: plan, program, finding, audit, warning, error, done."""
    parameters: Annotated[bool, _option()] = False
    """Save the parameters of every run after its last step, in the table `parameters`."""
    audit: Annotated[int, _option("N")] = 0
    """Train N runs of each study again, alone, and report the largest difference."""
    time: Annotated[bool, _option()] = False
    """Measure: programs alone, warm, repeated; no compilation in the background, no cache."""
    no_report: Annotated[bool, _option()] = False
    """Write no page; without this, and without --json, report.html in the folder of the results says what happened."""
    track: Annotated[str | None, _option("tensorboard")] = None
    """Write the curves of every run as event files, too, in the folder of each study."""
    fail_fast: Annotated[bool, _option()] = False
    """Stop at the first program that fails, instead of going on with the others."""
    verbose: Annotated[bool, _option(aliases=["-v"])] = False
    """Every finding, every program, and tracebacks."""


def main(arguments: "list[str] | None" = None) -> int:
    """Runs the command.

    Args:
        arguments: of the command line, those of the process unless given.

    Returns:
        The exit status.
    """
    flags, text = (tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff), (__doc__ or "")
    text = text.replace("\n\n$", "\n$")  # tyro adds an empty line of its own
    try:
        options = tyro.cli(Options, prog="python -m bench.run", args=arguments, description=text, config=flags)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, _Terminated) as stop:
        print("stopped: what was saved is kept; the same command goes on from there.", file=sys.stderr)
        return 130 if isinstance(stop, KeyboardInterrupt) else 143
    except BrokenPipeError:  # whoever reads us, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        if options.verbose:
            raise
        print(f"internal error: {type(error).__name__}: {error} (-v shows the traceback)", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)


class _Terminated(BaseException):
    """SIGTERM, as an exception, so that files are closed and temporary ones removed."""


def _terminate(*_: object) -> None:
    raise _Terminated


def _run(options: Options) -> int:
    from bench import gridfile, show, studies
    from bench.events import warnings_told
    from bench.progress import Progress

    _check(options)
    if options.show:
        show.run(options.show, options.out)
        return 0
    if options.list:
        show.catalogue(studies.select([*options.studies] or ["all"]), studies.TOUR)
        return 0
    if options.new:
        gridfile.write_example(options.new)
        print(f"wrote {options.new}; train it with `python -m bench.run {options.new}`.")
        return 0
    if options.print_schema:
        print(json.dumps(gridfile.schema(), indent=1))
        return 0
    chosen = _chosen(options)
    with Progress(options.json, options.verbose) as progress, warnings_told(progress):
        settings = _settings(options)
        if options.dry_run:
            return _dry_run(chosen, settings, options)
        judged, facts = _train(chosen, settings, options, progress)
    if not options.json:
        (show.shards if options.shard else show.verdicts)(judged, facts)
    if options.verdict and not options.json:
        show.gradients(judged)
    if options.track:
        _track(judged, options)
    if not options.json and not options.no_report and not options.shard:
        _page(judged, options)
    return facts["exit"]


def _track(judged: "list[Judged]", options: Options) -> None:
    from bench.track import TRACKERS

    for one in judged:
        if not one.failed and not one.evidence.curves.empty:
            said = TRACKERS[options.track or ""](one.evidence.runs, one.evidence.curves, one.folder)
            print(said, file=sys.stderr if options.json else sys.stdout)


def _page(judged: "list[Judged]", options: Options) -> None:
    """Writes the page about what was run; never the reason why a run fails."""
    from bench.report.files import REMEDY, missing, write

    if missing():
        print(f"For a page that shows all of this with its figures: {REMEDY}.")
        return
    profile = judged[0].folder.name
    try:
        path = write(options.out, [one.study.name for one in judged], profile, static=False)
    except Exception as error:  # the results are saved, and the verdicts were shown
        if options.verbose:
            raise
        print(f"no report: {type(error).__name__}: {error}", file=sys.stderr)
    else:
        print(f"Report: {path}")


def _chosen(options: Options) -> "list[Study]":
    """Studies of the catalogue and grids of files, in the order in which they were asked for."""
    from bench import gridfile, studies

    found: dict[str, Study] = {}
    for name in options.studies:
        own = [gridfile.read(Path(name))] if name.endswith(".toml") else studies.select([name])
        found |= {study.name: study for study in own}
    return [*found.values()] or studies.select([])


def _check(options: Options) -> None:
    for name, value, valid in (("profile", options.profile, PROFILES), ("platform", options.platform, PLATFORMS)):
        if value is not None and value not in valid:
            raise unknown(name, value, valid)
    for name, value in (("--devices", options.devices), ("--lanes", options.lanes)):
        if value is not None and value < 1:
            raise InputError(f"{name} {value}: give a number of at least 1.")
    if options.verdict not in (None, "gradients"):
        raise unknown("verdict", options.verdict, ["gradients"])
    if options.track:
        from bench import track

        track.check(options.track)
    if options.seed < 0 or options.audit < 0:
        raise InputError("--seed and --audit take 0 or more.")
    if options.shard is not None:
        _check_shard(options)


def _check_shard(options: Options) -> None:
    from bench.plan import shard_of

    shard_of(options.shard or "")
    for name, value in (("--audit", options.audit), ("--verdict", options.verdict), ("--track", options.track)):
        if value:
            raise InputError(f"--shard trains a part and does not look at it; leave out {name} until all are there.")


def _settings(options: Options) -> "Settings":
    from bench import train
    from bench.cache import compile_cache
    from bench.pipeline import Settings
    from bench.plan import shard_of

    devices = train.configure(options.platform, options.devices, None if options.time else compile_cache())
    return Settings(
        profile="full" if (options.profile or (options.studies and "full")) == "full" else "quick",
        out=options.out,
        devices=tuple(devices),
        lanes=options.lanes,
        seed=options.seed,
        timed=options.time,
        fail_fast=options.fail_fast,
        parameters=options.parameters,
        most_seconds=float("inf") if options.yes else MOST_SECONDS,
        shard=shard_of(options.shard) if options.shard else None,
    )


def _dry_run(chosen: "list[Study]", settings: "Settings", options: Options) -> int:
    from bench import show
    from bench.events import Event, as_json
    from bench.own import parts_of
    from bench.parts import Catalogue, default_parts
    from bench.pipeline import planned

    shared, plans = Catalogue(default_parts()), []
    for study in chosen:
        parts = parts_of(study, shared.parts)
        catalogue = shared if parts is shared.parts else Catalogue(parts)
        plans.append((study, planned(study, catalogue, settings)))
    if options.json:
        for study, plan in plans:
            facts = {"runs": plan.runs, "programs": len(plan.programs), "seconds": plan.seconds, "bytes": plan.bytes}
            print(as_json(Event("plan", {"study": study.id, "name": study.name, **facts})), flush=True)
    else:
        show.plans(plans, verbose=options.verbose)
    return 0


def _train(
    chosen: "list[Study]", settings: "Settings", options: Options, progress: "Progress"
) -> "tuple[list[Judged], dict[str, int]]":
    from bench import gradients
    from bench.audit import audit
    from bench.events import Event
    from bench.measure import Compiler, InProcess
    from bench.own import parts_of
    from bench.parts import default_parts
    from bench.pipeline import finding_event, run_study

    shared, judged, start = default_parts(), [], time.perf_counter()
    executor = InProcess(Compiler(shared, settings.devices), settings.timed)
    for study in chosen:
        parts = parts_of(study, shared)
        judged.append(run_study(study, parts, settings, progress, executor if parts is shared else None))
        progress.judged(judged[-1])
        if options.verdict and options.json:  # the terminal shows them after the verdicts
            for finding in gradients.findings(judged[-1].evidence):
                progress(finding_event(study, finding))
        if options.audit and not judged[-1].failed:
            progress(audit(judged[-1], parts, settings, options.audit))
        if options.fail_fast and judged[-1].failed:
            break
    facts = {
        "studies": len(judged),
        "runs": sum(one.runs for one in judged),
        "programs": sum(one.programs for one in judged),
        "trained": sum(one.trained for one in judged),
        "not_run": sum(one.not_run for one in judged),
        "seconds": time.perf_counter() - start,
        "exit": _status(judged),
    }
    progress(Event("done", facts))
    return judged, facts


def _status(judged: "list[Judged]") -> int:
    if any(one.failed for one in judged):
        return 3
    return 0 if all(one.as_expected for one in judged) else 4


if __name__ == "__main__":
    sys.exit(main())
