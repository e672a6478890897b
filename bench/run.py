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

import contextlib
import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from bench.errors import InputError, named
from bench.options import Options, check, settings_of
from bench.stopping import stoppable

# numpy, jax and pandas take seconds to import: they are imported by the functions that need them, after the arguments
# have been read, so that --help and a mistyped option answer at once.

if TYPE_CHECKING:
    from bench.cluster import Cluster
    from bench.measure import Executor
    from bench.pipeline import Judged
    from bench.planning import Settings
    from bench.progress import Progress
    from bench.spec import Study


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
    try:
        return stoppable(lambda: _run(options), f"stopped: what was saved is kept. To go on: {_again(arguments)}")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever reads us, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        if options.verbose:
            raise
        print(f"internal error: {named(error)} (-v shows the traceback)", file=sys.stderr)
        return 1


def _again(arguments: "list[str] | None") -> str:
    """The command as it was given."""
    script = Path(sys.argv[0]).name == "descentbench"
    words = ["descentbench", "run"] if script else ["python", "-m", "bench.run"]
    return shlex.join([*words, *(sys.argv[1:] if arguments is None else arguments)])


def _run(options: Options) -> int:
    from bench import after, gridfile, show, studies
    from bench.events import warnings_told
    from bench.progress import Progress

    check(options)
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
    with Progress(options.json, options.verbose) as progress, warnings_told(progress), _cluster(options) as cluster:
        settings = settings_of(options, cluster)
        if options.dry_run:
            return _dry_run(chosen, settings, options)
        judged, facts = _train(chosen, settings, options, progress)
    if not options.json:
        (show.shards if options.shard else show.verdicts)(judged, facts)
    if options.verdict and not options.json:
        show.gradients(judged)
    if options.track:
        after.track(judged, options)
    if not options.json and not options.no_report and not options.shard:
        after.page(judged, options)
    return facts["exit"]


def _cluster(options: Options) -> "contextlib.AbstractContextManager[Cluster | None]":
    if not options.dask or options.dry_run:
        return contextlib.nullcontext()
    from bench.cluster import connected

    return connected(options.dask, options.platform, options.devices)


def _chosen(options: Options) -> "list[Study]":
    """Studies of the catalogue and grids of files, in the order in which they were asked for."""
    from bench import gridfile, studies

    found: dict[str, Study] = {}
    for name in options.studies:
        own = [gridfile.read(Path(name))] if name.endswith(".toml") else studies.select([name])
        found |= {study.name: study for study in own}
    return [*found.values()] or studies.select([])


def _dry_run(chosen: "list[Study]", settings: "Settings", options: Options) -> int:
    from bench import show
    from bench.events import Event, as_json
    from bench.own import parts_of
    from bench.parts import Catalogue, default_parts
    from bench.planning import planned

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
    from bench.early import folders
    from bench.events import Event
    from bench.executors import Upcoming, executor_of
    from bench.parts import default_parts

    folders(settings.out, [study.name for study in chosen], settings.profile)
    shared, judged, start = default_parts(), [], time.perf_counter()
    upcoming = Upcoming(chosen, shared, settings)
    with executor_of(shared, settings, iter(upcoming)) as executor:
        for study in chosen:
            upcoming.reached(study)
            judged.append(_study(study, executor, settings, options, progress))
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


def _study(
    study: "Study", shared: "Executor", settings: "Settings", options: Options, progress: "Progress"
) -> "Judged":
    from bench import gradients
    from bench.audit import audit
    from bench.executors import executor_of
    from bench.own import parts_of
    from bench.pipeline import finding_event, run_study

    parts = parts_of(study, shared.parts)
    own = contextlib.nullcontext(shared) if parts is shared.parts else executor_of(parts, settings)
    with own as executor:
        judged = run_study(study, parts, settings, progress, executor)
    progress.judged(judged)
    if options.verdict and options.json:  # the terminal shows them after the verdicts
        for finding in gradients.findings(judged.evidence):
            progress(finding_event(study, finding))
    if options.json and study.question:
        from bench.ranking.answer import tell

        tell(judged, progress)
    if options.audit and not judged.failed:
        progress(audit(judged, parts, settings, options.audit))
    return judged


def _status(judged: "list[Judged]") -> int:
    if any(one.failed for one in judged):
        return 3
    return 0 if all(one.as_expected for one in judged) else 4


if __name__ == "__main__":
    sys.exit(main())
