"""Two results of one grid: the same, different beyond what is promised, or not comparable."""

import shutil

import pytest

import bench
from bench import compare

AXES = {
    "data": "iris",
    "model": "softmax",
    "steps": 4,
    "probes": "off",
    "learning_rate": [0.1, 0.2],
    "scaling": ["raw", "standard"],
}


@pytest.fixture(scope="module")
def make(tmp_path_factory, devices, parts):
    """Trains a grid: `make(change of the optimizer, **axes) -> folder`, each once."""
    known = {}

    def made(factor=1.0, **axes):
        key = (factor, str(axes))
        if key not in known:
            sgd = parts.methods["sgd"]
            own = parts.added(
                "methods",
                "sgd",
                sgd._replace(make=lambda h: sgd.make({**h, "learning_rate": factor * h["learning_rate"]})),
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DESCENTBENCH_CACHE", "off")
                known[key] = bench.run_grid({**AXES, **axes}, own, "mine", tmp_path_factory.mktemp("results")).path
        return known[key]

    return made


def test_a_result_and_its_copy_are_the_same(make, tmp_path, capsys):
    shutil.copytree(make().parent, tmp_path / "mine")
    assert compare.main([str(make()), str(tmp_path / "mine")]) == 0
    said = capsys.readouterr().out
    assert "one plan, one code" in said
    assert "Numbers must be identical" in said
    assert "runs: 4 compared, 0 differ" in said


@pytest.mark.slow
def test_other_code_may_differ_within_a_tolerance_and_no_more(make, capsys):
    near, far = make(1 + 1e-6), make(2.0)
    assert compare.main([str(make()), str(near)]) == 0
    assert "different code, programs" in capsys.readouterr().out
    assert compare.main([str(make()), str(near), "--tolerance", "0"]) == 4
    assert compare.main([str(make()), str(far)]) == 4
    said = capsys.readouterr().out
    assert "runs: 4 compared, 4 differ" in said
    assert "final_train_loss" in said
    assert compare.main([str(make()), str(far), "--tolerance", "10"]) in (0, 4)


def test_runs_that_one_side_lacks_are_named(make, capsys):
    assert compare.main([str(make()), str(make(learning_rate=[0.1]))]) == 4
    said = capsys.readouterr().out
    assert "runs: 2 compared, 2 differ" in said
    assert "missing" in said


def test_verdicts_are_compared(make, tmp_path, capsys):
    from bench.spec import Finding  # noqa: PLC0415
    from bench.store import Folder, findings_table  # noqa: PLC0415

    for name, verdict in (("a", "PASS"), ("b", "FAIL")):
        shutil.copytree(make(), tmp_path / name)
        findings = [Finding("rate of decay", 1.0, 1.0, "EXACT(0)", verdict)]
        Folder(tmp_path / name).derive("findings", findings_table("T01", "mine", findings, {}))
    assert compare.main([str(tmp_path / "a"), str(tmp_path / "b")]) == 4
    said = capsys.readouterr().out
    assert "verdicts: 1 compared, 1 differ" in said
    assert "rate of decay" in said


def test_other_grids_are_not_comparable(make, tmp_path, capsys):
    assert compare.main([str(make()), str(make(data="wine"))]) == 2
    assert "have no configuration in common" in capsys.readouterr().err
    assert compare.main([str(make()), str(tmp_path)]) == 2
    assert "holds no result; give a folder" in capsys.readouterr().err
    assert compare.main([str(make()), str(make()), "--tolerance", "-1"]) == 2
