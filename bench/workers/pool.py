"""An executor of several worker processes: every program is trained once, whatever becomes of a worker.

Each worker has a thread here that sends it one program at a time, so that it is known which program a worker was lost
with. A lost worker is replaced and its program tried again; the others go on.
"""

import contextlib
import dataclasses
import queue
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.errors import named
from bench.measure import Executed, Tables
from bench.spec import Parts, Program
from bench.workers.child import Answer, Work
from bench.workers.process import LostError, Process
from bench.workers.shares import Share

RETRIES = 2
RENEWED = 200
"""Programs after which a worker is replaced, so that what its libraries keep is returned."""

STARVED = ("MemoryError", "JaxRuntimeError: RESOURCE_EXHAUSTED")
"""Errors after which a worker is replaced, so that what it holds is not missing to the next program."""

LEAST_SECONDS, SLOWER = 600.0, 30.0
"""A worker counts as stalled after the first of these, or so many times the planner's estimate."""


class Workers:
    """Trains in worker processes, which start with the first program and end with `close`."""

    def __init__(
        self, parts: Parts, work: Work, shares: Sequence[Share], least: float = LEAST_SECONDS, renewed: int = RENEWED
    ) -> None:
        self.parts, self._work, self._shares = parts, work, shares
        self._least, self._renewed = least, renewed
        self._processes: list[Process | None] = [None] * len(shares)
        self._lock = threading.Lock()  # of the processes: none is started once all are to end
        self._ending = False

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all workers."""
        with self._lock:
            self._ending = True
            for process in filter(None, self._processes):
                process.kill()
            for process in filter(None, self._processes):
                process.close()

    def __call__(self, programs: Sequence[Program], tables: Tables) -> Iterator[Executed]:
        """Trains programs, the longest first; those that are executed several times alone, as their seconds matter.

        Args:
            programs: what to train.
            tables: the table that the seeds of a program share, or one per distinct seed.

        Yields:
            One result per program. A program that fails, or whose worker was lost thrice, yields its error.

        Raises:
            InputError: what the parts need is not there in a worker.
        """
        ordered = sorted(programs, key=lambda program: -program.seconds)
        alone = [program for program in ordered if program.static["repeats"] > 1]
        yield from self._train([p for p in ordered if p.static["repeats"] == 1], tables, len(self._shares))
        yield from self._train(alone, tables, 1)

    def _train(self, programs: Sequence[Program], tables: Tables, workers: int) -> Iterator[Executed]:
        todo: queue.SimpleQueue[Program] = queue.SimpleQueue()
        for program in programs:
            todo.put(program)
        results: queue.Queue[Any] = queue.Queue(2 * workers)
        arguments = [(place, todo, tables, results) for place in range(min(workers, len(programs)))]
        threads = [threading.Thread(target=self._serve, args=own, daemon=True) for own in arguments]
        for thread in threads:
            thread.start()
        finished = 0
        try:
            while finished < len(programs):
                result = results.get()
                if isinstance(result, str):
                    warnings.warn(result, stacklevel=2)
                elif isinstance(result, BaseException):
                    raise result
                else:
                    finished += 1
                    yield result
        finally:
            if finished < len(programs):  # nobody wants the others any more
                self._abandon(threads, results)

    def _abandon(self, threads: Sequence[threading.Thread], results: "queue.Queue[Any]") -> None:
        self.close()
        while any(thread.is_alive() for thread in threads):
            with contextlib.suppress(queue.Empty):
                results.get(timeout=0.05)
        self._ending = False

    def _serve(
        self, place: int, todo: "queue.SimpleQueue[Program]", tables: Tables, results: "queue.Queue[Any]"
    ) -> None:
        """Has one worker train what is there to do, until nothing is left."""
        try:
            while not self._ending:
                results.put(self._trained(place, todo.get_nowait(), tables, results.put))
        except queue.Empty:
            pass
        except BaseException as error:  # the main thread raises it
            results.put(error)

    def _trained(self, place: int, program: Program, tables: Tables, say: Callable[[str], None]) -> Executed:
        try:
            task = (program, tables(program))
        except Exception as error:  # as where it is trained in this process
            return Executed(program, None, None, named(error))
        for attempt in range(RETRIES + 1):
            try:
                answer = self._process(place).ask(task, max(self._least, SLOWER * program.seconds))
            except LostError as lost:
                reason = f"its worker process was lost: {lost}"
                if attempt < RETRIES and not self._ending:
                    say(f"program {program.key[:12]} is tried again: {reason}")
                self._retire(place)
            else:
                if answer.executed and answer.executed.error.startswith(STARVED):
                    self._retire(place)
                return self._answered(program, answer, say)
        return Executed(program, None, None, f"{reason} ({RETRIES + 1} times in a row)")

    def _answered(self, program: Program, answer: Answer, say: Callable[[str], None]) -> Executed:
        for text in answer.said:
            say(text)
        assert answer.executed
        ledger = answer.executed.ledger
        if ledger:
            ledger = dataclasses.replace(ledger, workers=len(self._shares))
        return answer.executed._replace(program=program, ledger=ledger)

    def _process(self, place: int) -> Process:
        """The worker of a place, a new one where there is none or the old one has trained enough."""
        process = self._processes[place]
        if process and process.answers >= self._renewed:
            self._retire(place)
        with self._lock:
            if self._ending:
                raise LostError("all workers end")
            found = self._processes[place]
            if not found:
                found = self._processes[place] = Process(self._shares[place], self._work)
            return found

    def _retire(self, place: int) -> None:
        with self._lock:
            process, self._processes[place] = self._processes[place], None
        if process:
            process.close()
