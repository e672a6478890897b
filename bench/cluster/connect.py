"""From `local:N`, an address or a scheduler's file to a Dask client whose workers are fit to train."""

import contextlib
import dataclasses
import ipaddress
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.cluster.worker import Workplace, about, difference, facts_here
from bench.errors import InputError
from bench.plan import Room
from bench.train import configure
from bench.workers.shares import core_groups

# distributed, of the extra `cluster`, takes a second to import and is imported by the functions that need it.

REMEDY = "pip install -c constraints.txt -e '.[cluster]'"
LOCAL: dict[str, Any] = {
    "threads_per_worker": 1,
    "processes": True,
    "host": "127.0.0.1",
    "dashboard_address": "127.0.0.1:0",  # where it answers questions about its health; any free port
    "scheduler_kwargs": {"dashboard": False},
    "silence_logs": 50,
}
"""A cluster of this host; its workers come back when they die."""
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "500ms",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "2s",
}
"""How often its processes look at themselves: Dask's 2 to 100 times a second take a twentieth of the cores."""
PATIENCE = 30.0
"""Seconds without a worker after which it is said that one is waited for."""


class Device(NamedTuple):
    """The device that every worker trains on, as far as a plan must know it."""

    platform: str
    device_kind: str


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A client, how its workers are set up, what all of them are made of, and the memory of the smallest of them."""

    client: Any
    workplace: Workplace
    facts: Mapping[str, str]
    room: Room | None = None

    @property
    def device(self) -> Device:
        """What the workers train on."""
        return Device(self.facts["platform"], self.facts["device"])


def check_address(text: str) -> str:
    """The address that is meant; nothing that is not encrypted leaves this host.

    Args:
        text: `tls://host:port`, `tcp://127.0.0.1:port`, or the path of a scheduler's file.

    Returns:
        The address.

    Raises:
        InputError: no address, or one that would send programs and results over a network in the clear.
    """
    address = _of_file(Path(text)) if text.endswith(".json") else text
    found = urlsplit(address)
    try:
        whole = found.scheme == "inproc" or (found.hostname and found.port)
    except ValueError:  # a port that is no number
        whole = False
    if found.scheme not in ("tls", "tcp", "inproc") or not whole:
        raise InputError(
            f"--dask {text}: give local:N, tls://host:port, tcp://127.0.0.1:port, or the path of a scheduler.json."
        )
    if found.scheme == "tcp" and not _loopback(found.hostname or ""):
        raise InputError(
            f"the scheduler at {address} is not on this host, and tcp:// is not encrypted: whoever can reach it can run"
            " code; start it with certificates and give its tls:// address (docs/cluster.md says how)."
        )
    return address


def _of_file(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["address"]
    except FileNotFoundError:
        raise InputError(f"--dask {path}: no such file; `dask scheduler --scheduler-file {path}` writes it.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"--dask {path}: this is not a file of a Dask scheduler, which has an `address`.") from None
    if not isinstance(found, str):
        raise InputError(f"--dask {path}: its `address` is not a text.")
    return found


def _loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def workers_of(text: str) -> int | None:
    """N of `local:N`; None if it is an address.

    Raises:
        InputError: not a number of workers.
    """
    if not text.startswith("local"):
        return None
    found = re.fullmatch(r"local:([1-9][0-9]{0,3})", text)
    if not found:
        raise InputError(f"--dask {text}: give local:N with N workers, such as local:2.")
    return int(found[1])


@contextlib.contextmanager
def connected(text: str, platform: str | None = None, devices: int | None = None) -> Iterator[Cluster]:
    """A cluster whose workers have been checked; one that was started here is stopped at the end.

    Args:
        text: `local:N`, an address, or a scheduler's file.
        platform: that workers must have.
        devices: of each worker; all that it has unless given. With `local:N` on CPUs a worker has as many cores, and
            its share of them unless given.

    Raises:
        InputError: no such scheduler, one that must not be used, or workers that must not train.
    """
    count = workers_of(text)
    address = None if count else check_address(text)
    try:
        from dask import config  # noqa: PLC0415
        from distributed import Client, LocalCluster, Security  # noqa: PLC0415
    except ImportError:
        raise InputError(f"--dask needs the extra `cluster`: {REMEDY}.") from None
    if address and address.startswith("tls") and not Security().get_connection_args("client").get("ssl_context"):
        raise InputError(
            f"--dask {text}: no certificates: name them by DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..CLIENT__CERT and"
            " ..CLIENT__KEY, or in Dask's configuration (docs/cluster.md says how)."
        )
    with contextlib.ExitStack() as stack:
        workplace = Workplace(platform, devices)
        if count:
            most = devices if platform == "cpu" else None  # whose devices are cores
            workplace = dataclasses.replace(workplace, cores=tuple(filter(None, core_groups(count, most))))
            with config.set(QUIET):
                address = stack.enter_context(LocalCluster(n_workers=count, **LOCAL))
        try:
            client = stack.enter_context(Client(address, set_as_default=False))
        except (OSError, TimeoutError, TypeError, ValueError) as error:
            raise InputError(f"--dask {text}: no scheduler answers: {' '.join(str(error).split())}.") from None
        yield checked(client, workplace)


def of_client(client: Any, platform: str | None = None, devices: int | None = None) -> Cluster:
    """The cluster behind a client of Dask, from wherever, once its workers have been checked.

    Args:
        client: of Dask.
        platform: that workers must have.
        devices: of each worker; all that it has unless given.

    Raises:
        InputError: its scheduler must not be used, or workers must not train.
    """
    configure("cpu", 1)  # nothing is trained here
    return checked(client, Workplace(platform, devices))


def checked(client: Any, workplace: Workplace) -> Cluster:
    """A client with what its workers are made of; waits for the first one where there is none yet.

    Args:
        client: of Dask, from wherever.
        workplace: how workers are set up.

    Raises:
        InputError: its scheduler must not be used, or a worker differs from this process or from the others.
    """
    check_address(client.scheduler.address)
    present = list(client.nthreads()) or [None]
    asked = [
        client.submit(about, workplace, workers=worker and [worker], pure=False, key=f"facts-{os.urandom(8).hex()}")
        for worker in present
    ]
    with client.as_current():
        _wait(asked)
    found = [_answer(future, worker) for future, worker in zip(asked, present, strict=True)]
    wanted = {**found[0][0], **facts_here()}
    for worker, (own, _) in zip(present, found, strict=True):
        wrong = difference(own, wanted)
        if wrong:
            raise InputError(f"worker {worker} has {wrong}: all must have the same; update it, or start without it.")
    rooms = [room for _, room in found if room]
    smallest = Room(min(room.bytes for room in rooms), max(room.devices for room in rooms)) if rooms else None
    return Cluster(client, workplace, wanted, smallest)


def _wait(asked: list[Any]) -> None:
    """Until all have answered, however long the queue of a batch system is."""
    from distributed import wait  # noqa: PLC0415

    said = False
    while True:
        with contextlib.suppress(TimeoutError):
            wait(asked, timeout=PATIENCE)
            return
        if not said:
            warnings.warn("no worker of the cluster has answered yet; waiting for one", stacklevel=2)
            said = True


def _answer(future: Any, worker: str | None) -> tuple[dict[str, str], Room | None]:
    if future.status == "finished":
        return future.result()
    error = future.exception()
    if isinstance(error, InputError):
        raise InputError(f"worker {worker}: {error}")
    reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    raise InputError(
        f"worker {worker} cannot import the suite ({reason}); install descentbench there, the same version."
    )
