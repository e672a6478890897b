"""The sentence on gradients says what was measured, and theory agrees where there is one."""

import numpy as np
import pytest

from bench import gradients
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid

pytestmark = pytest.mark.slow

LOOK = {"data": "digits", "steps": 0, "checkpoints": "end", "probe_rows": 64, "width": 128, "normalize_rows": 1.0}


@pytest.fixture(scope="module")
def found(parts, devices, trial, tmp_path_factory):
    study = trial(
        Grid({**LOOK, "model": "mlp", "depth": 6, "activation": ["sigmoid", "relu"], "init": "lecun", "bias": False,
              "seed": list(range(8)), "learning_rate": [0.1, 0.2]}),
        Grid({**LOOK, "model": ["residual", "linear"], "depth": 6}),
    )  # fmt: skip
    judged = run_study(study, parts, Settings("quick", tmp_path_factory.mktemp("results"), devices))
    return {finding.quantity: finding for finding in gradients.findings(judged.evidence)}


def test_measured_factors_are_those_of_mean_field_theory(found):
    plain = [finding for name, finding in found.items() if "model = mlp" in name]
    assert len(plain) == 2
    for finding in plain:
        assert finding.seeds == 8
        assert finding.low < finding.measured < finding.high
        assert finding.measured == pytest.approx(finding.predicted, rel=0.06)


def test_networks_without_a_theory_say_so_and_linear_models_are_left_out(found):
    others = [finding for name, finding in found.items() if "model = mlp" not in name]
    assert [finding.predicted for finding in others] == [None]
    assert "no theory for this network" in others[0].reason


@pytest.mark.parametrize(
    ("factor", "low", "high", "theory", "wanted"),
    [
        (0.236, 0.23, 0.24, 0.2361, "shrink by 0.236 per layer [0.23, 0.24]; theory 0.236; below float32's resolution"
         " after 61 layers"),
        (2.0, np.nan, np.nan, None, "grow by 2.000 per layer; no theory for this network; above float32's range after"
         " 128 layers"),
        (1.01, 0.9, 1.1, 1.0, "stay level, by 1.010 per layer [0.9, 1.1]; theory 1.000"),
    ],
)  # fmt: skip
def test_the_sentence(factor, low, high, theory, wanted):
    said = gradients.sentence(factor, low, high, theory, "float32")
    assert said.startswith(f"gradients {wanted}")
    assert ("after" in said) == (abs(factor - 1) > 0.1)
