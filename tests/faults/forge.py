"""Forks processes of the command `python -m bench.run`, which thereby have imported everything when they begin.

As a script it reads requests, one JSON object per line, and answers each with a line: `start` with the id of a process,
`await_` when it has ended, `wait` with its exit status, negative for a signal. `Forge` is the other end.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Forge:
    """Starts commands and waits for them; a context.

    Attributes:
        environment: of the commands.
    """

    def __init__(self, cache: Path) -> None:
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "DESCENTBENCH_CACHE": str(cache), "NO_COLOR": "1"}
        command = [sys.executable, "-W", "ignore", str(Path(__file__))]
        self.process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.outputs: dict[int, Path] = {}

    def __enter__(self) -> "Forge":
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:  # closes its pipes, which ends it
            pass

    def start(
        self, arguments: Sequence[Any], output: Path, environment: Mapping[str, str] | None = None, user: int = 0
    ) -> int:
        """Starts a command, whose words go to a file, as some user, and returns the id of its process."""
        asked = {"output": str(output), "environment": dict(environment or {}), "user": user}
        child = int(self._ask(start=[str(one) for one in arguments], **asked))
        self.outputs[child] = output
        return child

    def wait(self, child: int, over: Callable[[], object] = lambda: None) -> tuple[int, str]:
        """The exit status of a command and what it said; `over` is called before its id can be another process's."""
        self._ask(await_=child)
        over()
        status = int(self._ask(wait=child))
        return status, self.outputs.pop(child).read_text()

    def __call__(self, arguments: Sequence[Any], output: Path) -> tuple[int, str]:
        """Starts a command and waits for it."""
        return self.wait(self.start(arguments, output))

    def _ask(self, **request: Any) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the forge is gone"
        return answer


def _become(request: Mapping[str, Any]) -> int:
    """What a forked process does."""
    from bench import run  # noqa: PLC0415 - the other end needs none of it

    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(request["environment"])
    warnings.simplefilter("default", UserWarning)  # of forking in the parent there is no more to be said
    if request["user"]:
        os.setgroups([])
        os.setgid(request["user"])
        os.setuid(request["user"])
    status = 1
    with contextlib.suppress(SystemExit):
        status = run.main(request["start"])
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _import_all(scratch: Path) -> None:
    """Imports whatever a small study imports, found out by a process that runs it."""
    reader, writer = os.pipe()
    if not os.fork():
        words = {"output": os.devnull, "environment": {}, "user": 0}
        _become({**words, "start": ["quadratic_modes", "--profile", "quick", "--out", str(scratch), "--no-report"]})
        os.write(writer, json.dumps([*sys.modules]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as names:
        for name in json.load(names):
            with contextlib.suppress(Exception):  # modules of another system, and of what is not installed
                importlib.import_module(name)
    os.wait()


def _serve() -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        _import_all(Path(scratch))
    for line in sys.stdin:
        request = json.loads(line)
        if "await_" in request:
            os.waitid(os.P_PID, request["await_"], os.WEXITED | os.WNOWAIT)
            print(flush=True)
            continue
        if "wait" in request:
            print(os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1]), flush=True)
            continue
        child = os.fork()
        if not child:
            os._exit(_become(request))
        print(child, flush=True)


if __name__ == "__main__":
    _serve()
