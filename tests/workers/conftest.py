"""Workers for tests, and an optimizer that does something to the process in which it is compiled."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.spec import Parts
from bench.workers import Work, Workers, packed, shares


@pytest.fixture
def start(devices: list[Any]) -> Iterator[Callable[..., Workers]]:
    """Starts some workers, one device each."""
    started: list[Workers] = []

    def make(parts: Parts, count: int, **more: Any) -> Workers:
        own = shares(count, devices[:count])
        started.append(Workers(parts, Work(packed(parts), "cpu", own[0].devices, None, False), own, **more))
        return started[-1]

    yield make
    for workers in started:
        workers.close()


@pytest.fixture
def acting(parts: Parts, tmp_path: Path) -> Callable[..., Parts]:
    """Parts with a gradient descent named `acting`, which acts as it is compiled in another process.

    It writes the process's number into `tmp_path / "acted"` each time, and acts for the first so many times.
    """
    sgd, here, path = parts.methods["sgd"], os.getpid(), tmp_path / "acted"

    def make(act: Callable[[], None], times: int = 1000) -> Parts:
        def compiled(hyper: Any) -> Any:
            if os.getpid() != here:
                with path.open("a") as file:
                    file.write(f"{os.getpid()}\n")
                if len(path.read_text().split()) <= times:
                    act()
            return sgd.make(hyper)

        return parts.added("methods", "acting", sgd._replace(make=compiled))

    return make
