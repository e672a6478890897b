"""The options of `bench.run`, what is refused among them at once, and the settings that they make."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from bench.errors import InputError, unknown

if TYPE_CHECKING:
    from bench.cluster import Cluster
    from bench.planning import Settings

MOST_SECONDS = 3600
PROFILES, PLATFORMS, COMMITS = ("quick", "full"), ("cpu", "gpu", "tpu"), ("owner", "worker")


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
    workers: Annotated[int | None, _option("N")] = None
    """Train in N processes that share out the devices; one that is lost is replaced, and its program tried again."""
    dask: Annotated[str | None, _option("local:N|ADDRESS|FILE.json")] = None
    """Train on the workers of a Dask cluster: N of this host, or those of the scheduler at tls://host:port."""
    commit: Annotated[str, _option("|".join(COMMITS))] = "owner"
    """Who saves what --dask trains: this process (owner), or each worker itself, on a disk that all of them share."""
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


def check(options: Options) -> None:
    """Refuses what cannot be right whatever the studies.

    Raises:
        InputError: with the option and what would be right.
    """
    for name, value, valid in (
        ("profile", options.profile, PROFILES),
        ("platform", options.platform, PLATFORMS),
        ("commit", options.commit, COMMITS),
    ):
        if value is not None and value not in valid:
            raise unknown(name, value, valid)
    for name, value in (("--devices", options.devices), ("--lanes", options.lanes), ("--workers", options.workers)):
        if value is not None and value < 1:
            raise InputError(f"{name} {value}: give a number of at least 1.")
    if options.time and (options.workers or 1) > 1:
        raise InputError(f"--time measures programs that run alone; leave out --workers {options.workers}.")
    if options.dask is not None:
        _check_dask(options)
    elif options.commit == "worker":
        raise InputError("--commit worker is about the workers of a cluster; leave it out, or name one with --dask.")
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


def _check_dask(options: Options) -> None:
    from bench.cluster.connect import check_address, workers_of

    asked = options.dask or ""
    if not workers_of(asked):
        check_address(asked)
    for name, value in (("--time", options.time), ("--audit", options.audit), ("--workers", options.workers)):
        if value:
            raise InputError(f"--dask trains elsewhere; leave out {name}.")


def settings_of(options: Options, cluster: "Cluster | None" = None) -> "Settings":
    """How to run; configures JAX.

    Args:
        options: of the command.
        cluster: whose workers train.

    Raises:
        InputError: the platform is not there, or has fewer devices.
    """
    from bench import train
    from bench.cache import compile_cache
    from bench.plan import shard_of
    from bench.planning import Settings

    if options.workers or cluster:  # they hold the memory of a GPU, not this process
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if cluster:
        train.configure("cpu", 1)  # nothing is trained here
        devices = [cluster.device]
    else:
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
        workers=options.workers or 0,
        cluster=cluster,
        commit=options.commit,
        shard=shard_of(options.shard) if options.shard else None,
    )
