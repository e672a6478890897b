"""What happens on a worker: it says what it is made of, and trains one program at a time."""

import contextlib
import dataclasses
import functools
import os
import platform
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bench.cache import compile_cache
from bench.cluster.shared import Shared
from bench.early import memory_limit
from bench.measure import Compiler, execute, heap
from bench.parts import default_parts
from bench.pipeline import versions
from bench.plan import Room
from bench.spec import Ledger, Outcome, Program, Table
from bench.store import Folder, program_tables
from bench.train import configure
from bench.workers.parcel import Parcel, opened

# distributed belongs to the extra `cluster`; who imports this module without it can still read what a worker is.

PAUSE = 1.0
"""Seconds that a refused worker waits before it says so, so that it is not asked again and again."""

_one_at_a_time = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Workplace:
    """How workers set JAX up: the platform, the devices of each, and, on this host, the cores of each."""

    platform: str | None = None
    devices: int | None = None
    cores: tuple[tuple[int, ...], ...] = ()


@dataclasses.dataclass(frozen=True)
class Job:
    """What all programs of one executor share: it goes along with each of them.

    Attributes:
        workplace: how workers set JAX up.
        facts: what a worker must be made of.
        parcel: the registries, of which only what the suite does not have is sent.
        topic: where a worker says that it begins a program.
        shared: where workers save what they train; they send it back where there is none.
        workers: how many there are.
    """

    workplace: Workplace
    facts: Mapping[str, str]
    parcel: Parcel
    topic: str
    shared: Shared | None = None
    workers: int = 1


class Trained(NamedTuple):
    """What came of a program; no outcome, and the error, where it failed.

    Of a program that the worker has saved the outcome is only how its runs ended.
    """

    outcome: Outcome | None
    ledger: Ledger | None
    error: str


class Refused(NamedTuple):
    """A worker that must not train: its address, and how it differs."""

    worker: str
    difference: str


def facts_here() -> dict[str, str]:
    """Versions of what decides the numbers in this process, and of the suite's own sources."""
    own = versions()
    return {**own, "python": ".".join(platform.python_version_tuple()[:2]), "suite": default_parts().hash[:12]}


def facts_of(workplace: Workplace) -> dict[str, str]:
    """The same, on a worker, with the platform and the device that it trains on."""
    device = _devices(workplace)[0]
    return {**facts_here(), "platform": device.platform, "device": device.device_kind}


def room_of(workplace: Workplace) -> Room | None:
    """What a program may take on a worker: the memory of its GPUs, or what Dask lets it have, less what it has taken.

    None where it has no limit. Dask pauses a worker before its limit, and kills it there.
    """
    import psutil  # noqa: PLC0415
    from dask import config  # noqa: PLC0415
    from distributed import get_worker  # noqa: PLC0415

    devices = _devices(workplace)
    if devices[0].platform != "cpu":
        limit = memory_limit(devices)
        return None if limit is None else Room(limit, len(devices))
    limit = get_worker().memory_manager.memory_limit
    if not limit:
        return None
    paused = config.get("distributed.worker.memory.pause") or 1.0
    return Room(max(0.0, paused * limit - psutil.Process().memory_info().rss), len(devices))


def about(workplace: Workplace) -> tuple[dict[str, str], Room | None]:
    """What a worker is made of, and how much memory it has for a program."""
    return facts_of(workplace), room_of(workplace)


def difference(found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """How a worker differs from what is wanted, naming both; nothing if it does not."""
    return ", ".join(
        f"{name} {found[name]} instead of {wanted[name]}" for name in wanted if found[name] != wanted[name]
    )


def train(job: Job, program: Program, tables: Sequence[Table]) -> Trained | Refused:
    """Trains a program on the worker that this runs on.

    Args:
        job: what all programs share.
        program: what to train.
        tables: the table that its seeds share, or one per distinct seed.
    """
    from distributed import get_worker  # noqa: PLC0415

    worker = get_worker()
    found = difference(facts_of(job.workplace), job.facts)
    if job.shared and not job.shared.here():
        found = f"no {job.shared.folder}, or another one, or may not write to it"
    if found:
        time.sleep(PAUSE)
        return Refused(worker.address, found)
    worker.log_event(job.topic, program.key)
    with _one_at_a_time:
        compiler = _compiler(job.workplace, job.parcel)
        (done,) = execute([program], lambda _: tables, compiler)
    if done.outcome is None or done.ledger is None:
        return Trained(None, None, done.error)
    ledger = dataclasses.replace(done.ledger, workers=job.workers)
    if job.shared is None:
        return Trained(done.outcome, ledger, "")
    folder = Folder(job.shared.folder)
    folder.commit(program.key, program_tables(program, done.outcome, ledger, tables[0].rows))
    return Trained(_ends(done.outcome), ledger, "")


def _ends(outcome: Outcome) -> Outcome:
    """How runs ended, of all that is known of them."""
    last = {"train_loss": outcome.curves["train_loss"][:, -1:]}
    return Outcome({"first_bad_step": outcome.runs["first_bad_step"]}, last, {}, {})


@functools.cache
def _devices(workplace: Workplace) -> Sequence[Any]:
    """The devices of this worker, whose cores are its own where the workplace says so."""
    from distributed import get_worker  # noqa: PLC0415

    if workplace.cores:
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                os.sched_setaffinity(int(thread), workplace.cores[int(get_worker().name)])
    heap.keep()
    return configure(workplace.platform, workplace.devices, compile_cache())


@functools.lru_cache(maxsize=2)
def _compiler(workplace: Workplace, parcel: Parcel) -> Compiler:
    return Compiler(opened(parcel), _devices(workplace))
