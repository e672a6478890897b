"""Fixtures that all tests share: JAX configured once, the registered parts, and training through the usual path."""

import functools
import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from refusals import refusal

from bench import after
from bench.errors import InputError
from bench.figures import Drawn
from bench.measure import Compiler, execute
from bench.parts import Catalogue, default_parts
from bench.plan import plan
from bench.spec import Claim, Finding, Grid, Outcome, Parts, Program, Study, Table
from bench.train import configure

TINY: dict[str, Any] = {"data": "classes", "data.rows": 24, "data.features": 3, "scaling": "raw"}
"""A data set of 24 rows, 3 features and 2 classes, for tests in which the data do not matter."""


class Trained(NamedTuple):
    """A program that ran, what it returned, and the rows it saw."""

    program: Program
    outcome: Outcome
    tables: list[Table]

    def curve(self, name: str) -> Any:
        """(lanes, checkpoints)."""
        return self.outcome.curves[name]

    def value(self, name: str) -> Any:
        """(lanes, checkpoints, entries)."""
        return self.outcome.values[name]

    def lane(self, **wanted: float) -> int:
        """The lane with these traced values; `__` stands for the dot of an axis."""
        lanes = self.program.lanes
        hits = [
            lane
            for lane in range(self.program.width)
            if all(lanes[axis.replace("__", ".")][lane] == value for axis, value in wanted.items())
        ]
        assert len(hits) == 1, (wanted, hits)
        return hits[0]


Train = Callable[..., Trained]


@pytest.fixture(scope="session", autouse=True)
def _no_page() -> Iterator[None]:
    """Commands end without writing the page, which takes a second and has tests of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(after, "page", lambda *_: None)
        yield


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a grid's text and returns the sentence with which it was refused."""
    return functools.partial(refusal, tmp_path, capsys)


gc.set_threshold(50_000, 20, 100)  # tests trace all the time, and what that makes is rarely a cycle
DEVICES = configure()
"""JAX is configured here, before a module of tests makes an array, and nowhere else in the tests."""


@pytest.fixture(scope="session")
def devices() -> list[Any]:
    """The devices of this host."""
    return DEVICES


@pytest.fixture(scope="session")
def parts(devices: list[Any]) -> Parts:
    return default_parts()


@pytest.fixture(scope="session")
def catalogue(parts: Parts) -> Catalogue:
    return Catalogue(parts)


@pytest.fixture(scope="session")
def train_all(catalogue: Catalogue, devices: list[Any]) -> Callable[..., list[Trained]]:
    """Trains a grid, given by its axes, as the command line does: plan, compile, run."""

    def run(
        axes: Mapping[str, Any],
        zipped: Sequence[Sequence[str]] = (),
        parts: Parts | None = None,
        on: Sequence[Any] | None = None,
    ) -> list[Trained]:
        own = catalogue if parts is None else Catalogue(parts)
        programs = plan([Grid(axes, zipped)], own.describe, "test").programs
        tables = {p.key: own.tables(p.static, p.lanes["seed"]) for p in programs}
        found = []
        for done in execute(programs, lambda p: tables[p.key], Compiler(own.parts, devices if on is None else on)):
            if done.outcome is None:
                raise AssertionError(done.error)
            found.append(Trained(done.program, done.outcome, tables[done.program.key]))
        return found

    return run


@pytest.fixture(scope="session")
def train(train_all: Callable[..., list[Trained]]) -> Train:
    """Trains a grid that is one program."""

    def run(axes: Mapping[str, Any], **more: Any) -> Trained:
        found = train_all(axes, **more)
        if len(found) != 1:
            raise InputError(f"the grid makes {len(found)} programs, not one.")
        return found[0]

    return run


@pytest.fixture(scope="session")
def sound() -> Callable[[Drawn], None]:
    """Checks a picture: it has words, and its specification is valid, strict JSON, small, and compiles."""
    import vl_convert  # noqa: PLC0415 - few tests draw

    def check(drawn: Drawn) -> None:
        assert drawn.title
        assert drawn.title[:20] in drawn.description
        specification = drawn.chart.to_dict()  # Altair validates it
        text = json.dumps(specification, allow_nan=False)
        assert len(text) < 900_000
        assert sum(len(rows) for rows in specification.get("datasets", {}).values()) <= 4000
        assert len(drawn.data) <= 4000
        assert vl_convert.vegalite_to_vega(text)["marks"]

    return check


PASSED = Finding("a number", 1.0, 1.0, "EXACT(0)", "PASS")
SUPPORTED = Finding("a claim", None, None, "", claim="c", verdict="SUPPORTED")


@pytest.fixture(scope="session")
def trial() -> Callable[..., Study]:
    """Makes a study that trains some grids and finds what it is told to find."""

    def make(*grids: Grid, found: Sequence[Finding] = (PASSED, SUPPORTED), **more: Any) -> Study:
        plain = {
            "id": "T01",
            "name": "trial",
            "title": "Does it run?",
            "claims": (Claim("c", "a claim", "nobody"),),
            "theory": "none",
            "grids": lambda profile, data: grids,
            "judge": lambda evidence: tuple(found),
            "mutants": (),
            "figures": (),
        }
        return Study(**plain | more)

    return make
