"""Removing results: those named, both profiles, and nothing else."""

import pytest

from bench import clean


@pytest.fixture
def out(tmp_path):
    for name in (
        "quadratic_modes/quick",
        "quadratic_modes/full",
        "feature_scaling/full",
        "logistic_gd/quick",
        "mine/full",
    ):
        folder = tmp_path / name
        (folder / "programs").mkdir(parents=True)
        (folder / "manifest-0.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("keep")
    return tmp_path


def left(out):
    return sorted(str(path.parent.relative_to(out)) for path in out.glob("*/*/manifest-0.json"))


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (["quadratic_modes"], ["feature_scaling/full", "logistic_gd/quick", "mine/full"]),
        (["A02"], ["feature_scaling/full", "logistic_gd/quick", "mine/full"]),
        (["convex"], ["logistic_gd/quick", "mine/full"]),
        (["A06", "C01"], ["mine/full", "quadratic_modes/full", "quadratic_modes/quick"]),
        (["all"], ["mine/full"]),
        (["mine"], ["feature_scaling/full", "logistic_gd/quick", "quadratic_modes/full", "quadratic_modes/quick"]),
    ],
)
def test_what_is_named_goes_and_the_rest_stays(asked, kept, out, capsys):
    assert clean.main([*asked, "--out", str(out)]) == 0
    assert left(out) == kept
    assert (out / "notes.txt").read_text() == "keep"
    assert capsys.readouterr().out.count("removed ") == 5 - len(kept)


def test_nothing_there_is_said(out, capsys):
    assert clean.main(["H01", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"nothing to remove in {out}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quadratic_mods"], "error: unknown study 'quadratic_mods'. Did you mean 'quadratic_modes'?"),
        ([".."], "error: unknown study '..'."),
        ([], "error: name the studies whose results should go, or `all`."),
    ],
)
def test_bad_input_removes_nothing(arguments, message, out, capsys):
    before = left(out)
    assert clean.main([*arguments, "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith(message)
    assert left(out) == before


def test_a_linked_folder_is_not_followed(out, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").write_text("")
    (out / "gradient_check").symlink_to(elsewhere)
    assert clean.main(["gradient_check", "--out", str(out)]) == 2
    assert "symbolic link" in capsys.readouterr().err
    assert (elsewhere / "precious").exists()
