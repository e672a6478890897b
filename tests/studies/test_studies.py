"""Every study: it is one short file, judges each of its claims, passes as it is and fails under each of its bugs."""

import dataclasses
import re
from pathlib import Path

import pytest

from bench import studies
from bench.api import Result
from bench.figures import charts
from bench.pipeline import run_study
from bench.planning import Settings
from bench.stats import worst

FILES = {path.stem.partition("_")[2]: path for path in Path(studies.__file__).parent.glob("*/[a-z][0-9][0-9]_*.py")}
NAMES = studies.names()
TRAINED = [pytest.param(name, marks=() if name == "quadratic_modes" else pytest.mark.slow) for name in NAMES]


def test_every_study_file_is_found_and_no_two_share_a_name_or_an_id():
    assert sorted(FILES) == sorted(NAMES)
    ids = [studies.get(name).id for name in NAMES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_named_after_the_study_and_short(name):
    study, path = studies.get(name), FILES[name]
    assert path.name == f"{study.id.lower()}_{study.name}.py"
    assert study.family == path.parent.name
    text = path.read_text()
    assert len(text.splitlines()) <= 120
    assert text.startswith(f'"""{study.id}: ')


@pytest.mark.parametrize("name", NAMES)
def test_a_study_imports_no_engine(name):
    allowed = r"bench\.(spec|theory|stats|studies)|numpy|scipy|collections|dataclasses|functools|itertools|math|typing"
    for line in FILES[name].read_text().splitlines():
        if found := re.match(r"(?:from|import) ([\w.]+)", line):
            assert re.match(rf"(?:{allowed})\b", found[1]), line


@pytest.mark.parametrize("name", NAMES)
def test_claims_are_distinct_sourced_and_there_are_bugs_to_catch(name):
    study = studies.get(name)
    assert study.title.endswith("?")
    assert study.theory.strip()
    assert study.claims
    assert study.mutants
    assert study.figures
    assert len({claim.id for claim in study.claims}) == len(study.claims)
    assert all(claim.text and claim.source for claim in study.claims)
    assert len({mutant.what for mutant in study.mutants}) == len(study.mutants)
    assert all(mutant.parts or mutant.evidence for mutant in study.mutants)


def _with_other_seeds(evidence, more):
    """The same runs under seeds that are `more` larger, as `--seed` makes them; no such data for a seed below that."""

    def shifted(frame):
        return frame.assign(seed=frame["seed"] + more) if "seed" in frame else frame

    def lookup(data, seed=0, **axes):
        return evidence.data(data, seed=seed - more if seed >= more else seed + 10 * more, **axes)

    tables = {name: shifted(getattr(evidence, name)) for name in ("runs", "curves", "layers", "values")}
    return dataclasses.replace(evidence, **tables, data=lookup)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_the_smallest_grid_passes_and_every_bug_turns_it_to_fail(
    name, smallest, parts, devices, catalogue, sound, tmp_path
):
    study, clean = studies.get(name), smallest(name)
    assert clean.failed == 0
    assert clean.impl == "PASS", [finding for finding in clean.findings if finding.impl == "FAIL"]
    assert {f.claim for f in clean.findings if f.claim} <= {claim.id for claim in study.claims}
    assert all(f.rule and (f.measured is not None or f.reason) for f in clean.findings if f.impl)
    again = study.judge(_with_other_seeds(clean.evidence, 100))
    assert [(f.impl, f.verdict) for f in again] == [(f.impl, f.verdict) for f in clean.findings]
    drawn = charts(study, Result(clean.folder), data=catalogue.lookup)
    assert len(drawn) == len(study.figures)
    for picture in drawn:
        sound(picture)
    for number, mutant in enumerate(study.mutants):
        impl = "NOT RUN"
        if mutant.parts:
            settings = Settings(profile="cell", out=tmp_path / f"bug{number}", devices=devices)
            judged = run_study(study, mutant.parts(parts), settings)
            evidence, impl = judged.evidence, judged.impl
        else:
            evidence = clean.evidence
        if mutant.evidence:
            impl = worst(study.judge(mutant.evidence(evidence)))
        assert impl == "FAIL", f"not caught: {mutant.what}"


@pytest.mark.parametrize("name", NAMES)
def test_quick_drops_cells_and_never_seeds(name, catalogue):
    """Every seed of the full profile that a quick cell could use is used."""
    study = studies.get(name)
    seeds = {
        profile: {str(grid.axes.get("seed", 0)) for grid in study.grids(profile, catalogue.lookup)}
        for profile in ("full", "quick")
    }
    assert seeds["quick"] <= seeds["full"]
