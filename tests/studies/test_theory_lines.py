"""Lines of theory: they lie on what was measured, as far as theory goes."""

import numpy as np
import pytest

from bench import studies
from bench.figures.points import points
from bench.pipeline import Settings, run_study

EXACT = {"quadratic_modes": 1e-6, "contour_trajectory": 1e-6, "gd_1d_closed_form": 1e-6, "sigma_prime_factor": 1e-6}
STATISTICAL = {"chi1_per_layer_ratio": 0.1, "relu_vanish_explode": 0.1, "critical_batch": 0.1, "decaying_lr": 0.1}
LIMITING = {"saddle_escape": 0.1, "separable_log_growth": 0.1}


@pytest.mark.parametrize(("name", "tolerance"), (EXACT | STATISTICAL | LIMITING).items())
def test_theory_lies_on_what_is_measured(name, tolerance, parts, devices, tmp_path):
    study = studies.get(name)
    evidence = run_study(study, parts, Settings("cell", tmp_path, devices)).evidence
    figure = study.figures[0]
    found = points(figure, vars(evidence), figure.theory(evidence))
    keys = ["facet", "colour", "x"]
    kinds = [found.loc[found["kind"] == kind, [*keys, "y"]] for kind in ("theory", "measured")]
    both = kinds[0].merge(kinds[1], on=keys)
    both = both[both["y_y"] > 1e-8]  # below, rounding shows
    assert len(both) > 5
    np.testing.assert_allclose(both["y_x"], both["y_y"], rtol=tolerance)
