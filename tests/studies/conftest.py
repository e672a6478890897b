"""What the tests of studies share: the smallest grid of a study is trained once for all tests of that study."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from bench import studies
from bench.measure import compiler
from bench.pipeline import Judged, run_study
from bench.planning import Settings
from bench.spec import Parts


@pytest.fixture(autouse=True)
def _compiled_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs as short as these take longer to be optimised than that saves when they run."""
    monkeypatch.setattr(compiler, "PLAIN", compiler.RAW)


@pytest.fixture(scope="session")
def smallest(parts: Parts, devices: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Judged]:
    """Trains the smallest grid of a study; only the last one is kept."""

    @functools.lru_cache(maxsize=1)
    def trained(name: str) -> Judged:
        return run_study(studies.get(name), parts, Settings("cell", tmp_path_factory.mktemp(name), devices))

    return trained


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that train the smallest grid of one study follow one another, each lot where its first one was."""
    wanted = [place for place, item in enumerate(items) if "smallest" in getattr(item, "fixturenames", ())]
    names: dict[int, str] = {place: items[place].callspec.params["name"] for place in wanted}  # type: ignore[attr-defined]
    first = {name: place for place, name in reversed(names.items())}
    ordered = sorted(wanted, key=lambda place: first[names[place]])
    for place, item in zip(wanted, [items[place] for place in ordered], strict=True):
        items[place] = item
