"""One worker process, reached through a pipe that nobody else holds: what it is asked, it answers or is lost."""

import contextlib
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from bench.errors import InputError
from bench.workers.child import Answer, Work
from bench.workers.shares import Share

START_SECONDS = 300.0
"""Within which a worker has imported JAX and built its parts."""

CODE = (
    "import os, sys; cores = [int(core) for core in sys.argv[2:]]; cores and os.sched_setaffinity(0, cores);"
    " from bench.workers.child import main; main(int(sys.argv[1]))"
)
"""A worker's first line: threads that libraries start as they are imported stay on its cores, too."""


class LostError(Exception):
    """A worker that did not answer: it died, or took too long and was killed; the message says which."""


class Process:
    """A worker process; `answers` counts its programs."""

    def __init__(self, share: Share, work: Work) -> None:
        self.answers, self._stalled = 0, ""
        self._connection, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own worker
                [sys.executable, "-P", "-c", CODE, str(theirs.fileno()), *map(str, share.cores)],
                stdin=subprocess.DEVNULL,
                stdout=2,  # standard output is for events
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **share.environment},
            )
        self._work: Work | None = work

    def ask(self, task: Any, seconds: float) -> Answer:
        """Sends a task and waits for its answer.

        Args:
            task: what `child.main` takes.
            seconds: after which the worker counts as stalled and is killed.

        Raises:
            LostError: there is no answer, and the process is gone.
            InputError: it cannot do such work.
        """
        if self._work:
            work, self._work = self._work, None
            if refused := self._exchange(work, START_SECONDS).refused:
                raise InputError(refused)
        answer = self._exchange(task, seconds)
        self.answers += 1
        return answer

    def _exchange(self, task: Any, seconds: float) -> Answer:
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done, seconds), daemon=True)
        watch.start()
        try:
            self._connection.send(task)  # may wait, too, for a worker that does not read
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise LostError(self._reason()) from error
        finally:
            done.set()

    def _watch(self, done: threading.Event, seconds: float) -> None:
        """Kills the process after so many seconds; none pass while this one is stopped itself, as by Ctrl-Z."""
        for _ in range(math.ceil(seconds)):
            if done.wait(min(1, seconds)):
                return
        self._stalled = f"no answer in {seconds:.0f} s"
        self.kill()

    def _reason(self) -> str:
        """Why it is lost, once it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        code = self._process.returncode
        if self._stalled or code is None:
            return self._stalled or "it closed its pipe"
        if code >= 0:
            return f"it ended with exit status {code}"
        with contextlib.suppress(ValueError):
            name = signal.Signals(-code).name
            return f"killed by {name}" + (", as where memory runs out" if name == "SIGKILL" else "")
        return f"killed by signal {-code}"

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def close(self) -> None:
        """Ends it and waits until it has gone."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # the system itself holds it
            self._process.wait(10)
        self._connection.close()
