"""Starts both sides as processes and asks them in turn."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import InputError

WORKER = Path(__file__).with_name("worker.py")
HERE = Path(__file__).parents[2]


class Side(NamedTuple):
    """What is timed: a checkout, and what its configuration changes.

    Attributes:
        label: as it was named on the command line.
        folder: the checkout.
        changes: axes of the cell's grid, and `devices`.
        environment: variables such as XLA_FLAGS.
    """

    label: str
    folder: Path = HERE
    changes: Mapping[str, Any] = {}
    environment: Mapping[str, str] = {}


def parse(text: str) -> Side:
    """A side from the command line: the folder of a checkout, or `AXIS=VALUE,...`, or `VARIABLE=VALUE`.

    Raises:
        InputError: it is neither.
    """
    if Path(text).is_dir():
        folder = Path(text).resolve()
        if not (folder / "bench" / "peers" / "work.py").is_file():
            raise InputError(f"{text}: not a checkout of this project; it has no bench/peers/work.py.")
        return Side(text, folder)
    if "=" not in text:
        raise InputError(f"{text!r} is neither a folder nor a configuration such as lanes=16 or devices=1,width=64.")
    changes: dict[str, Any] = {}
    environment: dict[str, str] = {}
    # A variable's value may hold commas and equals signs: it is a side of its own.
    for part in [text] if text.partition("=")[0].isupper() else text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise InputError(f"{text!r}: {part!r} is not of the form AXIS=VALUE.")
        if name.isupper():
            environment[name] = value
        else:
            changes[name] = _value(value)
    return Side(text, HERE, changes, environment)


def _value(text: str) -> Any:
    """A number or true or false as such, everything else as a word."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class Process:
    """A side at work."""

    def __init__(self, side: Side, cell: str) -> None:
        self.side = side
        paths = [str(side.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(  # noqa: S603 - our own worker
            [sys.executable, str(WORKER), json.dumps({"cell": cell, "changes": dict(side.changes)})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **side.environment, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def end(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.communicate()

    def wait(self) -> None:
        """Until it has compiled and run once."""
        self._line()

    def ask(self, what: str) -> float:
        """Seconds of one more `run` or `compile`."""
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        found = self.process.stdout.readline()
        if not found:
            said = self.process.communicate()[1].strip().splitlines()
            reason = said[-1].removeprefix("bench.errors.InputError: ") if said else "ended without a word"
            raise InputError(f"{self.side.label}: {reason}")
        return found


def in_turn(sides: Sequence[Side], cell: str, what: str, repeats: int) -> Iterator[tuple[float, ...]]:
    """Times all sides once per repeat, in an order drawn anew each time.

    Args:
        sides: what is compared.
        cell: name of a cell of `python -m bench.peers --list`.
        what: `run` or `compile`.
        repeats: how often.

    Yields:
        Seconds of each side, in the order of `sides`.

    Raises:
        InputError: a side cannot train the cell.
    """
    processes: list[Process] = []
    try:
        for side in sides:  # one after the other: compiling side by side would slow both
            processes.append(Process(side, cell))
            processes[-1].wait()
        order, shuffle = list(range(len(sides))), random.Random(0)  # noqa: S311 - an order, not a secret
        for _ in range(repeats):
            shuffle.shuffle(order)
            found = {place: processes[place].ask(what) for place in order}
            yield tuple(found[place] for place in range(len(sides)))
    finally:
        for process in processes:
            process.end()
