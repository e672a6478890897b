"""The fidelity audit: runs trained again alone, against what they were among others."""

import dataclasses

import numpy as np
import pytest

from bench.audit import audit, swaps
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid

pytestmark = pytest.mark.slow

LOOK = {"data": "iris", "model": "mlp", "depth": 1, "width": 4, "steps": 5, "checkpoints": 1, "probes": "off"}


@pytest.fixture(scope="module")
def judged(parts, devices, trial, tmp_path_factory):
    rates = {"learning_rate": [0.01, 0.1, 1.0], "seed": [0, 1]}
    study = trial(*(Grid({**LOOK, **rates, "activation": name}) for name in ("tanh", "relu", "sigmoid")))
    return run_study(study, parts, Settings("quick", tmp_path_factory.mktemp("results"), devices))


@pytest.fixture
def settings(devices, tmp_path):
    return Settings("quick", tmp_path, devices)


def test_runs_alone_are_the_runs_among_others(judged, parts, settings):
    facts = audit(judged, parts, settings, 3).facts
    assert facts["study"] == "T01"
    assert facts["runs"] == 3
    assert 0 <= facts["largest"] < 1e-5
    assert facts["swapped"] == 0
    assert min(facts["solo_seconds"], facts["shared_seconds"]) > 0
    assert facts["text"].startswith("audit: 3 runs of T01 alone: largest relative difference ")


def test_no_more_runs_than_there_are_programs(judged, parts, settings):
    assert audit(judged, parts, settings, 50).facts["runs"] == 3


def test_a_difference_and_a_changed_order_are_found(judged, parts, settings):
    curves = judged.evidence.curves.copy()
    late = curves["step"] >= 2
    others = np.random.default_rng(0).uniform(0.1, 10, late.sum())
    curves.loc[late, "train_loss"] = others.astype(np.float32)
    forged = dataclasses.replace(judged, evidence=dataclasses.replace(judged.evidence, curves=curves))
    facts = audit(forged, parts, settings, 3).facts
    assert facts["largest"] > 0.01
    assert facts["first_parted_step"] == 2
    assert "first parted by more than 1e-6 at step 2" in facts["text"]


@pytest.mark.parametrize(("alone", "swapped"), [([1.0, 2.0, 3.0], 0), ([2.0, 1.0, 3.0], 1), ([3.0, 2.0, 1.0], 3)])
def test_pairs_that_change_their_order_are_counted_once(alone, swapped):
    assert swaps(np.array([1.0, 2.0, 3.0]), np.array(alone)) == swapped
