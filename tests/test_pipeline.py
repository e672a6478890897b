"""One study from its grids to its findings: resuming, rounds, failures, seeds, and what a kill leaves behind."""

import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from bench.measure import Compiler, InProcess
from bench.parts import Catalogue
from bench.pipeline import MOST_ROUNDS, run_study
from bench.planning import Settings, planned
from bench.spec import Claim, Finding, Grid
from bench.store import Folder

ROOT = Path(__file__).parents[1]
LOOK = {"data": "iris", "model": "softmax", "steps": 3, "probes": "off"}


def grid(**axes):
    return Grid({**LOOK, **axes})


@pytest.fixture
def settings(tmp_path, devices):
    return Settings("quick", tmp_path, devices)


@pytest.fixture
def broken(parts):
    """Parts with an optimizer that cannot be compiled."""

    def make(hyper):
        raise NotImplementedError("no such hardware")

    return parts.added("methods", "broken", parts.methods["sgd"]._replace(make=make))


def told(events, kind):
    return [event.facts for event in events if event.kind == kind]


def test_the_same_study_again_trains_nothing_and_says_so(parts, settings, trial):
    study, events = trial(grid(learning_rate=[0.1, 0.2]), grid(steps=4)), []
    first = run_study(study, parts, settings)
    again = run_study(study, parts, settings, events.append)
    assert (first.trained, first.programs, first.runs) == (2, 2, 3)
    assert (again.trained, again.programs, again.runs) == (0, 2, 3)
    assert told(events, "plan")[0]["missing"] == 0
    assert not told(events, "program")
    pd.testing.assert_frame_equal(first.evidence.curves, again.evidence.curves)


def test_grids_look_up_the_data_that_their_runs_see(parts, settings, trial):
    seen = []

    def grids(profile, data):
        seen.append(data("gaussian", rows=20).hash)
        return [Grid({"data": "gaussian", "data.rows": 20, "steps": 0})]

    catalogue = Catalogue(parts)
    planned(trial(grids=grids), catalogue, settings)
    planned(trial(grids=grids), catalogue, dataclasses.replace(settings, seed=3))
    assert seen == [catalogue.lookup("gaussian", seed=seed, rows=20).hash for seed in (0, 3)]
    assert seen[0] != seen[1]


@pytest.mark.slow
def test_only_what_is_missing_is_trained_and_comes_out_the_same(parts, settings, trial):
    study = trial(grid(), grid(steps=4), grid(steps=5))
    first = run_study(study, parts, settings)
    folder = Folder(first.folder)
    (folder.programs / f"{first.plan[1].key}.zip").unlink()
    again = run_study(study, parts, settings)
    assert again.trained == 1
    timed = ["seconds"]
    pd.testing.assert_frame_equal(first.evidence.curves.drop(columns=timed), again.evidence.curves.drop(columns=timed))


def test_a_larger_grid_asks_for_the_same_programs_and_more(parts, settings, trial):
    small, large = trial(grid()), trial(grid(), grid(steps=4))
    keys = [{program.key for program in planned(s, Catalogue(parts), settings).programs} for s in (small, large)]
    assert keys[0] < keys[1]


@pytest.mark.slow
def test_seeds_shift(parts, settings, trial, tmp_path, devices):
    study = trial(grid(seed=[0, 1], init="normal"))
    plain = run_study(study, parts, settings)
    shifted = run_study(study, parts, Settings("quick", tmp_path / "shifted", devices, seed=1))
    losses = [one.evidence.runs.set_index("seed")["initial_train_loss"] for one in (plain, shifted)]
    assert [sorted(loss.index) for loss in losses] == [[0, 1], [1, 2]]
    assert losses[0][1] == losses[1][1]
    assert losses[0][0] != losses[1][2]


@pytest.mark.parametrize("axes", [{}, {"seed": 3}, {"seed": range(2)}, {"seed": np.array([0, 1])}])
def test_seeds_of_every_form_shift(axes, parts, trial, devices, tmp_path):
    def seeds(shift):
        settings = Settings("quick", tmp_path, devices, seed=shift)
        return planned(trial(grid(**axes)), Catalogue(parts), settings).programs[0].lanes["seed"]

    np.testing.assert_array_equal(seeds(5), seeds(0) + 5)


def test_a_program_that_fails_is_recorded_and_the_others_are_kept(broken, settings, trial):
    study, events = trial(grid(optimizer="broken"), grid()), []
    judged = run_study(study, broken, settings, events.append)
    assert (judged.failed, judged.trained) == (1, 2)
    assert told(events, "error")[0]["message"] == "NotImplementedError: no such hardware"
    assert judged.impl == "NOT RUN"
    assert "1 program(s) crashed" in judged.findings[0].reason
    assert judged.evidence.runs["status"].tolist() == ["crashed", "done"]
    again = run_study(study, broken, settings)
    assert (again.failed, again.trained) == (1, 1)


def test_a_failed_program_is_tried_again_and_then_counts(broken, parts, settings, trial):
    """The same key, now without the fault."""
    mended = parts.added("methods", "broken", broken.methods["sgd"])
    mended = type(mended)(**{**vars(mended), "hash": broken.hash})
    study = trial(grid(optimizer="broken"), grid())
    assert run_study(study, broken, settings).failed == 1
    judged = run_study(study, mended, settings)
    assert (judged.failed, judged.trained, judged.impl) == (0, 1, "PASS")
    assert "crashed" not in set(judged.evidence.runs["status"])
    assert set(Folder(judged.folder).merged(Folder(judged.folder).saved(), "programs")["status"].to_pylist()) == {
        "done"
    }


def test_fail_fast_leaves_the_rest(broken, trial, devices, tmp_path):
    study = trial(grid(optimizer="broken"), grid(), grid(steps=4))
    judged = run_study(study, broken, Settings("quick", tmp_path, devices, fail_fast=True))
    assert (judged.failed, judged.trained, judged.programs) == (1, 1, 3)


def test_a_diverged_run_is_a_result(parts, settings, trial):
    events = []
    judged = run_study(
        trial(grid(learning_rate=[0.1, 1e30], loss="softmax_cross_entropy")), parts, settings, events.append
    )
    assert judged.failed == 0
    assert told(events, "program")[0]["diverged"] == (judged.evidence.runs["status"] == "diverged").sum()


def test_rounds_refine_until_nothing_is_asked_for(parts, settings, trial):
    seen = []

    def refine(evidence, completed):
        seen.append((completed, len(evidence.runs)))
        return [grid(learning_rate=[0.3 + completed])] if completed < 2 else []

    judged = run_study(trial(grid(), refine=refine), parts, settings)
    assert seen == [(0, 1), (1, 2), (2, 3)]
    assert judged.evidence.runs["learning_rate"].tolist() == [0.1, 0.3, 1.3]
    assert len(list(judged.folder.glob("manifest-*.json"))) == 3
    seen.clear()
    assert run_study(trial(grid(), refine=refine), parts, settings).trained == 0


def test_a_judge_that_stumbles_fails_its_own_study_and_says_where(parts, settings, trial):
    study = dataclasses.replace(trial(grid()), judge=lambda evidence: evidence.runs["no such column"])
    judged = run_study(study, parts, settings)
    assert judged.impl == "FAIL"
    assert "KeyError" in judged.findings[0].reason
    assert ".py, line " in judged.findings[0].reason


@pytest.mark.slow
def test_endless_refinement_ends(parts, settings, trial):
    rounds = iter(range(100))
    study = trial(grid(), refine=lambda evidence, completed: [grid(learning_rate=[0.3 + next(rounds)])])
    assert run_study(study, parts, settings).programs == MOST_ROUNDS + 1


@pytest.mark.slow
def test_rounds_and_studies_share_what_is_compiled(parts, settings, trial, devices):
    compiler = Compiler(parts, devices)
    refine = lambda evidence, completed: [grid(learning_rate=[0.3, 0.4])] if completed == 0 else []  # noqa: E731
    first = run_study(
        trial(grid(learning_rate=[0.1, 0.2]), refine=refine), parts, settings, executor=InProcess(compiler)
    )
    other = run_study(
        trial(grid(learning_rate=[0.5, 0.6]), name="other"), parts, settings, executor=InProcess(compiler)
    )
    seconds = [*first.evidence.programs["compile_seconds"], *other.evidence.programs["compile_seconds"]]
    assert seconds[0] > 0
    assert seconds[1:] == [0, 0]
    assert len(compiler._kept) == 3  # stages


def test_an_executor_of_other_parts_is_refused(parts, broken, settings, trial, devices):
    with pytest.raises(AssertionError, match="its own parts"):
        run_study(trial(grid()), broken, settings, executor=InProcess(Compiler(parts, devices)))


def test_what_could_not_be_judged_is_no_failure_and_what_was_forgotten_is_one(parts, settings, trial):
    claims = (Claim("c", "a claim", "nobody"), Claim("d", "another", "nobody", "REFUTED"))
    good = Finding("c", None, None, "", claim="c", verdict="SUPPORTED")
    refuted = Finding("d", None, None, "", claim="d", verdict="REFUTED")
    open_ = Finding("d", None, None, "", "NOT RUN", claim="d", reason="no torch")
    for found, expected in (((good, refuted), True), ((good,), False), ((good, open_), True)):
        assert run_study(trial(grid(), found=found, claims=claims), parts, settings).as_expected == expected


SCRIPT = """
import sys
from bench.parts import default_parts
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid, Study
from bench.train import configure
from pathlib import Path

look = {"data": "iris", "model": "mlp", "depth": 1, "batch_size": 8, "epochs": 4, "seed": [0, 1], "split": "120/30",
        "learning_rate": [0.01, 0.1], "probes": [("norms", "parameters")]}
grids = [Grid({**look, "width": width}) for width in (2, 3, 4, 5, 6, 7)]
study = Study("T02", "killed", "?", (), "", lambda profile, data: grids, lambda evidence: (), (), ())
settings = Settings("quick", Path(sys.argv[1]), configure(devices=2))
judged = run_study(study, default_parts(), settings, lambda e: print(e.kind, flush=True))
print("trained", judged.trained, flush=True)
"""


@pytest.mark.slow
def test_killed_half_way_and_run_again_gives_the_same_bits(tmp_path):
    command = [sys.executable, "-c", SCRIPT]
    process = subprocess.Popen([*command, tmp_path / "killed"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += line.strip() == "program"
        if seen == 2:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    saved = len(list((tmp_path / "killed").glob("*/*/programs/*.zip")))
    assert 2 <= saved < 6
    lines = {}
    for name in ("killed", "whole"):
        done = subprocess.run([*command, tmp_path / name], cwd=ROOT, capture_output=True, text=True, check=True)
        lines[name] = done.stdout.split("\n")[-2]
    assert lines == {"killed": f"trained {6 - saved}", "whole": "trained 6"}
    for table in ("runs", "curves", "layers", "values"):
        one, other = (
            pd.read_parquet(tmp_path / name / "killed/quick" / f"{table}.parquet").drop(
                columns="seconds", errors="ignore"
            )
            for name in ("killed", "whole")
        )
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        assert len(one) >= 24


def test_what_a_kill_leaves_in_the_folder_does_not_disturb(parts, settings, trial):
    judged = run_study(trial(grid()), parts, settings)
    (judged.folder / "programs" / ".writing-abc").write_bytes(b"half")
    (judged.folder / ".writing-def").write_bytes(b"half")
    assert run_study(trial(grid()), parts, settings).trained == 0


@pytest.mark.slow
def test_a_model_of_nans_diverges_and_fails_nothing(parts, settings, trial):
    holes = parts.added("activations", "holes", parts.activations["relu"]._replace(apply=lambda z, _: jnp.log(z)))
    axes = {**LOOK, "model": "mlp", "depth": 1, "width": 2, "activation": "holes", "init": "glorot"}
    judged = run_study(trial(Grid(axes)), holes, settings)
    assert judged.evidence.runs["status"].tolist() == ["diverged"]
    assert judged.failed == 0
