"""The command that writes a figure of a study."""

import json
import re

import pandas as pd
import pytest

from bench import figure, run

NAME = "chi1_per_layer_ratio"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    assert run.main([NAME, "--profile", "quick", "--out", str(folder)]) == 0
    return str(folder)


@pytest.mark.slow
def test_every_format_is_written(results, tmp_path, capsys):
    heads = {"pdf": b"%PDF", "svg": b"<svg", "png": b"\x89PNG", "csv": b"activation,", "json": b"{"}
    for suffix, head in heads.items():
        path = tmp_path / f"ratio.{suffix}"
        assert figure.main([NAME, "--results", results, "--out", str(path)]) == 0
        assert path.read_bytes().startswith(head)
        assert capsys.readouterr().out == f"wrote {path}\n"
    assert sorted(path.suffix[1:] for path in tmp_path.iterdir()) == sorted(heads)
    assert json.loads((tmp_path / "ratio.json").read_text())["$schema"].startswith("https://vega.github.io/")


@pytest.mark.slow
@pytest.mark.parametrize(("option", "points"), [("single", 238.1), ("double", 493.2)])
def test_a_pdf_is_as_wide_as_one_or_two_columns(option, points, results, tmp_path):
    path = tmp_path / "ratio.pdf"
    assert figure.main(["E03", "--results", results, "--width", option, "--out", str(path)]) == 0
    width = re.search(rb"MediaBox \[0 0 ([\d.]+)", path.read_bytes())
    assert float(width[1]) == pytest.approx(points, abs=3)


@pytest.mark.slow
def test_the_numbers_behind_it_are_written_beside_it(results, tmp_path):
    assert figure.main([NAME, "--results", results, "--out", str(tmp_path / "a.svg"), "--data"]) == 0
    rows = pd.read_csv(tmp_path / "a.csv")
    assert {"layer", "delta_norm", "init.gain", "activation", "low", "high", "kind"} <= set(rows)
    assert {"measured", "theory"} == set(rows["kind"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody", "--out", "a.pdf"], "unknown study 'nobody'"),
        ([NAME, "--out", "a.gif"], "--out a.gif: give a name that ends in .pdf, .svg, .png, .csv, .json."),
        ([NAME, "--out", "nowhere/a.pdf"], "there is no folder nowhere."),
        ([NAME, "--out", "a.pdf", "--figure", "2"], f"--figure 2: {NAME} has 1 figure."),
        ([NAME, "--out", "a.pdf", "--figure", "0"], "--figure 0: "),
        ([NAME, "--out", "a.pdf", "--width", "5"], "--width 5: give single or double."),
        ([NAME, "--out", "a.pdf", "--profile", "cell"], "--profile cell: give quick or full."),
        ([NAME, "--out", "a.pdf"], f"run `python -m bench.run {NAME}"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert figure.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert said in error
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named_with_what_brings_it(monkeypatch, capsys):
    monkeypatch.setattr(figure.importlib.util, "find_spec", lambda name: None)
    assert figure.main([NAME, "--out", "a.pdf"]) == 2
    assert "altair is not installed; `pip install -c constraints.txt -e '.[report]'`" in capsys.readouterr().err
