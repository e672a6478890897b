"""The results that come with the suite are of the whole catalogue, as expected, and what docs/studies.md shows."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bench
from bench import catalogue, reference, run, studies
from bench.published import PUBLISHED

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def kept():
    return bench.load("reference")


@pytest.mark.slow
def test_every_claim_of_every_study_was_judged_as_expected(kept):
    findings = kept["findings"]
    for study in map(studies.get, studies.names()):
        own = findings[findings["name"] == study.name]
        verdicts = own[own["claim"].notna()].set_index("claim")["verdict"].to_dict()
        assert verdicts == {claim.id: claim.expected for claim in study.claims}, study.id
        assert set(own["impl"].dropna()) <= {"PASS", "NOT RUN"}, study.id
        assert (own["impl"] == "PASS").any(), study.id
    assert set(kept["programs"]["name"]) == set(studies.names())
    assert kept.provenance["versions"]["jax"]


def test_every_published_figure_was_measured_in_its_study(kept):
    findings = kept["findings"]
    for one in PUBLISHED:
        own = findings[(findings["study"] == one.study) & (findings["impl"] == "PASS")]
        missing = [start for start in one.quantities if not own["quantity"].str.startswith(start).any()]
        assert not missing, one.source


@pytest.mark.slow
def test_the_page_of_studies_shows_them(kept):
    page = catalogue.page(kept["findings"], kept["programs"], kept.provenance)
    assert (ROOT / "docs" / "studies.md").read_text() == page, "write it with `python -m bench.catalogue`"


def test_they_are_small_and_have_no_other_tables(kept):
    assert sum(path.stat().st_size for path in kept.path.iterdir()) < 2e6
    assert list(kept) == ["findings", "programs"]
    with pytest.raises(KeyError, match="findings, programs"):
        kept["runs"]


@pytest.mark.slow
def test_an_installed_wheel_has_them_too(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", tmp_path, ROOT]
    subprocess.run(build, check=True, cwd=tmp_path)
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    ask = "import bench; print(len(bench.load('reference')['findings']), bench.__file__)"
    said = subprocess.run(
        [sys.executable, "-c", ask], check=True, cwd=tmp_path / "site", capture_output=True, text=True
    ).stdout.split()
    assert int(said[0]) == len(bench.load("reference")["findings"])
    assert said[1].startswith(str(tmp_path))


@pytest.mark.slow
def test_gathering_needs_every_study_from_one_run(tmp_path, monkeypatch, capsys):
    out, to = tmp_path / "out", tmp_path / "to"
    monkeypatch.setattr(studies, "names", lambda: [studies.get("A01").name, studies.get("A11").name])
    assert run.main(["A01", "--profile", "quick", "--out", str(out)]) == 0
    asked = ["--out", str(out), "--profile", "quick", "--to", str(to)]
    assert reference.main(asked) == 2
    assert "no results of" in capsys.readouterr().err
    assert not to.exists()
    assert run.main(["A11", "--profile", "quick", "--out", str(out)]) == 0
    assert reference.main(asked) == 0
    tables = reference.gather(out, "quick")[0]
    assert set(tables["programs"]["name"]) == set(studies.names())
    manifest = next(out.glob(f"{studies.get('A11').name}/*/manifest-0.json"))
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"device": "another"}))
    assert reference.main(asked) == 2
    assert "another device" in capsys.readouterr().err
    assert reference.main(["--profile", "cell"]) == 2
