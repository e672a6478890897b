"""Evidence: what a study sees of its runs, and in which shapes."""

import numpy as np
import pytest

from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evidence(parts, devices, trial, tmp_path_factory):
    look = {"steps": 2, "checkpoints": 1, "data": "iris"}
    grids = (
        Grid({**look, "model": "softmax", "probes": [("unit_spread", "layer_gradients")], "learning_rate": [0.1, 0.2]}),
        Grid({**look, "model": "mlp", "depth": 1, "width": 2, "probes": [("unit_spread", "norms")]}),
    )
    settings = Settings("quick", tmp_path_factory.mktemp("results"), devices)
    return run_study(trial(*grids), parts, settings).evidence


def test_one_entry_per_checkpoint_is_still_a_matrix(evidence):
    shapes = [values.shape for _, _, values in evidence.vector("unit_spread")]
    assert shapes == [(3, 1)] * 3


def test_one_layer_is_still_a_matrix(evidence):
    shapes = [values.shape for _, _, values in evidence.layer("delta_norm")]
    assert sorted(shapes) == [(3, 1), (3, 1), (3, 2)]


def test_a_curve_is_a_vector(evidence):
    for _, steps, values in evidence.curve("train_loss"):
        assert steps.tolist() == [0, 1, 2]
        assert values.shape == (3,)


def test_a_run_that_does_not_record_a_curve_yields_nan(evidence):
    known = {run.model: np.isfinite(values) for run, _, values in evidence.curve("gradient_norm")}
    assert not known["softmax"].any()
    assert known["mlp"].all()


def test_a_text_that_does_not_apply_is_none(evidence):
    activations = [run.activation for run, _, _ in evidence.curve("train_loss")]
    assert activations == [None, None, "tanh"]


def test_rows_per_run_carry_the_axes_that_vary(evidence):
    assert {"activation", "depth", "learning_rate"} <= set(evidence.curves.columns)
    assert "data" not in evidence.curves
    softmax = evidence.curves[evidence.curves["model"] == "softmax"]
    np.testing.assert_array_equal(softmax["learning_rate"], [0.1] * 3 + [0.2] * 3)
    assert softmax["activation"].isna().all()
