"""Results and a page of a small run, once per session: two studies, and a grid whose data set has a hostile name."""

import shutil
from pathlib import Path

import pytest

from bench import studies
from bench.data import DATA
from bench.pipeline import run_study
from bench.planning import Settings
from bench.report.files import write
from bench.spec import Grid, Study

HOSTILE = "</script><script>window.PWNED=1</script><img src=x onerror='window.PWNED=2'>{{ 7 * 7 }}\u2028"
GRID = {"model": "softmax", "data": [HOSTILE, "classes"], "data.rows": 24, "data.features": 3, "scaling": "raw"}
GRID |= {"steps": 6, "learning_rate": [0.1, 1.0, 1e30], "l2": [0.0, 0.1], "seed": [0, 1], "probes": "off"}


@pytest.fixture(scope="session")
def hostile() -> str:
    """The name of a data set that tries to get out of the page."""
    return HOSTILE


@pytest.fixture(scope="session")
def results(tmp_path_factory, devices, parts) -> Path:
    """A folder with results."""
    out = tmp_path_factory.mktemp("report") / "results"
    own = Study("", "own-grid", "", (), "", lambda *_: (Grid(GRID),), lambda _: (), (), ())
    for study, profile in ((studies.get("A06"), "quick"), (studies.get("B08"), "quick"), (own, "full")):
        known = parts.added("data", HOSTILE, DATA["classes"]) if study is own else parts
        assert not run_study(study, known, Settings(profile, out, tuple(devices)), lambda event: None).failed
    return out


@pytest.fixture
def copied(results, tmp_path) -> Path:
    """The same results, to be changed."""
    return Path(shutil.copytree(results, tmp_path / "results"))


@pytest.fixture(scope="session")
def page(results) -> Path:
    """The page about them, beside measured ratios."""
    (results / "peers").mkdir()
    head = "cell,peer,ratio_median,ratio_low,ratio_high,compile_included,extrapolated,ours_seconds,peer_seconds"
    (results / "peers" / "ratios.csv").write_text(f"{head}\nheadline,pytorch,7.5,7.1,8.2,True,True,100,750\n")
    return write(results)
