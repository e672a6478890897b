"""How to run, and what a study trains: its grids, with the seeds and the memory of this run, as programs."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import ahead
from bench.calibration import constants
from bench.early import share
from bench.parts import Catalogue
from bench.plan import TYPICAL, Room, Shard, part_of, plan
from bench.spec import Grid, Plan, Study, Table
from bench.spec.study import Profile
from bench.store import Folder, study_folder

if TYPE_CHECKING:  # its workers know this module
    from bench.cluster import Cluster


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to run: everything that is not the question itself."""

    profile: Profile = "quick"
    out: Path = Path("results")
    devices: Sequence[Any] = ()
    lanes: int | None = None
    seed: int = 0
    timed: bool = False
    fail_fast: bool = False
    parameters: bool = False
    most_seconds: float = float("inf")
    shard: Shard | None = None
    workers: int = 0  # processes that train; this one where there are none
    cluster: "Cluster | None" = None  # whose workers train instead
    commit: str = "owner"  # who saves: this process, or the `worker` of the cluster that trained


def planned(study: Study, catalogue: Catalogue, settings: Settings) -> Plan:
    """The plan of a study's first round, or this shard's part of it."""
    folder = Folder(study_folder(settings.out, study.name, settings.profile))
    whole = plan_of(grids_of(study, catalogue, settings), catalogue, settings, folder)
    answerable(study, whole, catalogue)
    return part(whole, settings)


def answerable(study: Study, whole: Plan, catalogue: Catalogue) -> None:
    """Refuses a first round that could not answer what is asked of it."""
    if study.question:
        ahead.check(study.question, whole.programs, lambda p: catalogue.tables(p.static, p.lanes["seed"][:1])[0])


def part(whole: Plan, settings: Settings) -> Plan:
    """This shard's part of a plan; all of it where there are no shards."""
    return part_of(whole, settings.shard) if settings.shard else whole


def grids_of(study: Study, catalogue: Catalogue, settings: Settings) -> Sequence[Grid]:
    """The grids of a study's first round; the data that they look up are those of the runs, with their seeds."""

    def lookup(data: str, seed: int = 0, **axes: Any) -> Table:
        return catalogue.lookup(data, seed + settings.seed, **axes)

    return study.grids(settings.profile, lookup)


def plan_of(
    grids: Sequence[Grid], catalogue: Catalogue, settings: Settings, folder: Folder, completed: int = 0
) -> Plan:
    """The plan of the grids of one round.

    Args:
        grids: of the round.
        catalogue: of the parts that they name.
        settings: how to run.
        folder: of the study, which keeps what earlier rounds were split for.
        completed: rounds before it.
    """
    shifted = [_shifted(grid, settings.seed) for grid in grids]
    if settings.parameters:
        shifted = [dataclasses.replace(grid, axes={**grid.axes, "final_parameters": True}) for grid in shifted]
    backend = settings.devices[0].platform if settings.devices else "cpu"
    identity = f"{catalogue.parts.hash}|{backend}"
    # Shards must be dealt the same on every machine, and a cluster's devices are not those of this one.
    own = TYPICAL if settings.shard or settings.cluster else constants(settings.devices)
    return plan(shifted, catalogue.describe, identity, settings.lanes, _room(folder, settings, completed), own)


def _room(folder: Folder, settings: Settings, completed: int) -> Room | None:
    """The memory that programs are split to fit into: what a round was planned with, or that of whoever will train."""
    known = folder.manifests()[completed:][:1]
    if known:
        return Room(*known[0]["room"]) if "room" in known[0] else None
    return settings.cluster.room if settings.cluster else share(settings.devices, settings.workers)


def _shifted(grid: Grid, seed: int) -> Grid:
    if not seed:
        return grid
    given = grid.axes.get("seed", 0)
    seeds = [int(s) + seed for s in given] if isinstance(given, (list, range, np.ndarray)) else int(given) + seed
    return dataclasses.replace(grid, axes={**grid.axes, "seed": seeds})
