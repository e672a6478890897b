"""Hands programs to the workers of a cluster, the longest first, and yields what comes back.

A bounded number of programs is under way, so that the memory of this process does not grow with the grid. A program
whose worker dies is tried again, as often as `bench.cluster.patience` says; then it counts as crashed.
"""

import contextlib
import dataclasses
import itertools
import queue
import uuid
import warnings
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.cluster.connect import Cluster
from bench.cluster.patience import Patience
from bench.cluster.shared import Shared
from bench.cluster.worker import Job, Refused, Trained, train
from bench.errors import InputError, named
from bench.measure import Executed, Tables
from bench.plan import Room, memory_of
from bench.spec import Parts, Program, Table
from bench.store import marked
from bench.workers import packed

AHEAD = 2  # programs under way per thread of a worker: one runs, and the next is there when it ends
LEAST = 16  # programs under way where there are few workers, so that a cluster that adapts sees that there is work
KEPT = 8  # tables of different data kept on the cluster
CENSUS = 32  # programs after which the workers are counted again, which may have become more
LOOK = 2.0  # seconds without news after which the cluster is looked at


@dataclasses.dataclass(frozen=True)
class OnDask:
    """Trains on the workers of a cluster, see `bench.measure.Executor`.

    Attributes:
        cluster: whose workers.
        parts: the registries that programs name.
        work: what a worker does with a program; another one measures the way there and back alone.
        folder: on a disk that all share, where workers save what they train; its outcomes then say how runs ended and
            no more. Unless given everything comes back, and nothing needs to be on a shared disk.
    """

    cluster: Cluster
    parts: Parts
    work: Callable[[Job, Program, Sequence[Table]], Trained | Refused] = train
    folder: Path | None = None

    def saving_to(self, folder: Path) -> "OnDask":
        """The same, with workers that save what they train themselves."""
        return dataclasses.replace(self, folder=folder.resolve())

    def __call__(self, programs: Sequence[Program], tables: Tables) -> Iterator[Executed]:
        """Trains programs, see `bench.measure.Executor`.

        Raises:
            InputError: a run is larger than the memory of the workers, they do not share the folder that they are to
                save to, or the scheduler is gone.
        """
        _fits(programs, self.cluster.room)
        job = Job(
            self.cluster.workplace,
            dict(self.cluster.facts),
            packed(self.parts),
            f"descentbench-{uuid.uuid4().hex}",
        )
        return self._trained(job, programs, tables)

    def _trained(
        self, job: Job, programs: Sequence[Program], tables: Callable[[Program], Sequence[Table]]
    ) -> Iterator[Executed]:
        """All programs; those that are executed several times alone, as their seconds matter."""
        with contextlib.ExitStack() as stack:
            if self.folder and programs:
                shared = Shared(self.folder, stack.enter_context(marked(self.folder)))
                shared.check(self.cluster.client)
                job = dataclasses.replace(job, shared=shared)
            flight = _Flight(self.cluster.client, job, tables, self.work)
            yield from flight.all([program for program in programs if program.static["repeats"] == 1])
            yield from flight.all([program for program in programs if program.static["repeats"] > 1], alone=True)


def _fits(programs: Sequence[Program], room: Room | None) -> None:
    """Refuses what the planner could not split until it fits."""
    if not programs or room is None:
        return
    largest = max(programs, key=lambda program: memory_of(program, room.devices))
    needed = memory_of(largest, room.devices)
    if needed > room.bytes:
        raise InputError(
            f"program {largest.key[:12]} ({largest.width:,} runs, {largest.chunk} computed together) needs about"
            f" {needed / 1e9:.1f} GB, and the smallest worker has {room.bytes / 1e9:.1f} GB free: start workers with"
            " more memory, or give fewer steps or checkpoints."
        )


class _Flight:
    """The programs that are under way, by the name that Dask knows them by."""

    def __init__(self, client: Any, job: Job, tables: Tables, work: Any = train) -> None:
        self.client, self.job, self.tables, self.work = client, job, tables, work
        self.flying: dict[str, tuple[Any, Program]] = {}
        self.patience = Patience()
        self.killed: Counter[str] = Counter()  # key of a program -> how often the scheduler gave it up
        self.doubted: deque[Program] = deque()  # their workers died: to be judged when it is known how often others do
        self.news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.held: OrderedDict[Any, Any] = OrderedDict()
        self.refused: set[str] = set()
        self.numbers = itertools.count()

    def all(self, programs: Sequence[Program], alone: bool = False) -> Iterator[Executed]:
        """Trains them all; those under way are dropped if the caller stops early."""
        waiting = deque(sorted(programs, key=lambda program: -program.seconds))
        self.client.subscribe_topic(self.job.topic, self._began)
        try:
            limit, landed = 1 if alone else self._limit(), 0
            while waiting or self.flying or self.doubted:
                while self.doubted and (self.patience.sure or not (waiting or self.flying)):
                    program = self.doubted.popleft()
                    if self._hopeless(program):
                        yield _crashed(program, self.patience.tries)
                    else:
                        waiting.appendleft(program)
                if not (waiting or self.flying):
                    break
                while waiting and len(self.flying) < limit:
                    self._send(waiting.popleft())
                arrived = self._arrived()
                for name in arrived:
                    done = self._landed(name)
                    if done:
                        yield done
                landed += len(arrived)
                if not alone and (not arrived or landed % CENSUS == 0):
                    limit = self._limit()
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                self.client.cancel([future for future, _ in self.flying.values()], force=True)
                self.client.unsubscribe_topic(self.job.topic)
            self.held.clear()

    def _began(self, event: tuple[float, str]) -> None:
        """Is told, in a thread of the client, that a worker begins a program."""
        begun = self.patience.begun
        begun[event[1]] += 1
        if begun[event[1]] > self.patience.tries:
            for name, (_, program) in list(self.flying.items()):
                if program.key == event[1]:
                    self.news.put(name)

    def _limit(self) -> int:
        try:
            threads = self.client.nthreads()
        except (OSError, TimeoutError):
            return 0  # nothing is sent until it is back
        self.job = dataclasses.replace(self.job, workers=len(threads))
        return max(LEAST, AHEAD * sum(threads.values()))

    def _send(self, program: Program) -> None:
        self._connected()
        good = [worker for worker in self.client.nthreads() if worker not in self.refused] if self.refused else None
        if self.refused and not good:
            raise InputError("every worker of the cluster differs from this process; see the warnings.")
        name = f"train-{program.key[:12]}-{self.job.topic[-8:]}-{next(self.numbers)}"
        future = self.client.submit(
            self.work,
            self.job,
            program,
            self._on_cluster(self.tables(program)),
            key=name,
            workers=good,
            allow_other_workers=bool(good),
        )
        self.flying[name] = (future, program)
        future.add_done_callback(lambda done: self.news.put(done.key))

    def _on_cluster(self, tables: Sequence[Table]) -> Any:
        """The tables as a result on the cluster: sent once, and made anew by the scheduler if their worker dies."""
        what = tuple((table.hash, table.x.shape) for table in tables)
        if what not in self.held or self.held[what].status not in ("pending", "finished"):
            name = f"tables-{self.job.topic[-8:]}-{next(self.numbers)}"
            with _any_size():
                self.held[what] = self.client.submit(list, list(tables), key=name)
        self.held.move_to_end(what)
        while len(self.held) > KEPT:
            self.held.popitem(last=False)
        return self.held[what]

    def _arrived(self) -> list[str]:
        """Names of which there is news; after a while without any, those that a broken connection has lost."""
        with contextlib.suppress(queue.Empty):
            return [self.news.get(timeout=LOOK)]
        self._connected()
        return [name for name, (future, _) in self.flying.items() if future.status in ("lost", "cancelled")]

    def _connected(self) -> None:
        if self.client.status not in ("running", "connecting"):
            raise InputError("the scheduler is gone; what was saved is kept: start it and give the same command again.")

    def _landed(self, name: str) -> Executed | None:
        """What came of a program; None if it is sent again, or was dealt with before."""
        if name not in self.flying:
            return None
        future, program = self.flying.pop(name)
        if future.status == "pending":  # it was begun once more, after many deaths
            if self.patience.begun[program.key] > self.patience.tries:
                self.client.cancel([future], force=True)
                self.doubted.append(program)
            else:  # others are known to have had as many meanwhile
                self.flying[name] = future, program
            return None
        found = self._result(future)
        if isinstance(found, Trained):
            self.patience.returned(program.key)
            return self._trained(program, found)
        if isinstance(found, Refused):
            if found.worker not in self.refused:
                warnings.warn(f"worker {found.worker} is left out: it has {found.difference}", stacklevel=2)
            self.refused.add(found.worker)
        elif found == "killed":
            self.killed[program.key] += 1
            if self._hopeless(program):
                self.doubted.append(program)
                return None
        elif found:
            return Executed(program, None, None, found)
        self._send(program)
        return None

    def _hopeless(self, program: Program) -> bool:
        """Whether enough workers died under a program."""
        return max(self.patience.begun[program.key], self.killed[program.key]) >= self.patience.tries

    def _trained(self, program: Program, found: Trained) -> Executed:
        """What a worker says, if what it has saved is there."""
        shared = self.job.shared
        if shared and not found.error and not shared.has(program.key):
            return Executed(program, None, None, "a worker has saved it, and its file is not there, or damaged")
        return Executed(program, found.outcome, found.ledger, found.error)

    def _result(self, future: Any) -> Any:
        """A result, `killed` where workers died, the text of an error, or nothing where it was lost on the way."""
        from distributed import KilledWorker  # noqa: PLC0415
        from distributed.client import FutureCancelledError  # noqa: PLC0415
        from distributed.comm.core import CommClosedError  # noqa: PLC0415

        if future.status in ("lost", "cancelled"):
            return None
        try:
            return future.result()
        except (FutureCancelledError, CommClosedError):  # the scheduler or a worker was cut off
            return None
        except KilledWorker:
            return "killed"
        except Exception as error:  # of the worker's, such as a part that it cannot import
            return named(error)


def _crashed(program: Program, deaths: int) -> Executed:
    return Executed(program, None, None, f"{deaths} workers died while they trained it")


@contextlib.contextmanager
def _any_size() -> Iterator[None]:
    """Without the advice against large arguments: tables are sent once."""
    from dask import config  # noqa: PLC0415

    with config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
        yield
