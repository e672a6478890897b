"""What runs in a worker process: it builds the parts, says that it is ready, and trains what it is sent."""

import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from bench import train
from bench.errors import InputError
from bench.events import Event, warnings_told
from bench.measure import Compiler, Executed, execute
from bench.spec import Parts, Program, Table
from bench.workers.parcel import Parcel, opened


class Work(NamedTuple):
    """What a worker needs to know before the first program; sent once."""

    parcel: Parcel
    platform: str
    devices: int
    cache: str | None
    timed: bool


class Answer(NamedTuple):
    """What became of a program, and what was warned of meanwhile; to `Work`, whether it can be done."""

    executed: Executed | None
    said: tuple[str, ...] = ()
    refused: str = ""


def main(handle: int) -> None:
    """Trains what comes through a pipe until it is closed, which ends the process at once, whatever it does.

    Args:
        handle: file descriptor of its end of the pipe.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; who started us decides
    os.set_inheritable(handle, False)
    connection, tasks = Connection(handle), queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    try:
        trained = _trainer(tasks.get())
    except InputError as error:
        connection.send(Answer(None, refused=str(error)))
        return
    connection.send(Answer(None))
    while True:
        said: list[str] = []

        def tell(event: Event, said: list[str] = said) -> None:
            said.append(event.facts["message"])

        with warnings_told(tell):
            executed = trained(*tasks.get())
        connection.send(Answer(executed, tuple(said)))


def _listen(connection: Connection, tasks: "queue.SimpleQueue[Any]") -> None:
    """Passes on what comes; at the end of the pipe nobody waits for results any more."""
    try:
        while True:
            tasks.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _trainer(work: Work) -> Callable[[Program, Sequence[Table]], Executed]:
    parts: Parts = opened(work.parcel)
    devices = train.configure(work.platform, work.devices, work.cache)
    compiler = Compiler(parts, devices)
    return lambda program, tables: next(execute([program], lambda _: tables, compiler, work.timed))
