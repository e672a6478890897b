"""Lines of theory: they lie on what was measured, as far as theory goes."""

import numpy as np
import pytest

from bench import studies
from bench.api import Result
from bench.figures import charts
from bench.figures.points import points

EXACT = {"quadratic_modes": 1e-6, "contour_trajectory": 1e-6, "gd_1d_closed_form": 1e-6, "sigma_prime_factor": 1e-6}
EXACT |= {"batch_identities": 1e-6, "ewma": 1e-6, "adaptive_lr_sparse": 1e-6, "adam_facts": 1e-6}
STATISTICAL = {"chi1_per_layer_ratio": 0.1, "relu_vanish_explode": 0.1, "critical_batch": 0.1, "decaying_lr": 0.1}
LIMITING = {"saddle_escape": 0.1, "separable_log_growth": 0.1}
COMPUTED = {"one_vs_rest": 1e-3, "softmax_nll": 1e-5, "linreg_as_classifier": 0.01, "ce_vs_mse_training": 0.02}
COMPUTED |= {"gradient_noise": 0.1, "uphill_probability": 0.05, "gradient_evaluation_cost": 0.25}
COMPUTED |= {"batch_size_trade_off": 0.1, "parallelism_depth": 0.1}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tolerance"), (EXACT | STATISTICAL | LIMITING).items())
def test_theory_lies_on_what_is_measured(name, tolerance, smallest):
    study, evidence = studies.get(name), smallest(name).evidence
    figure = study.figures[0]
    found = points(figure, vars(evidence), figure.theory(evidence))
    keys = ["facet", "colour", "x"]
    kinds = [found.loc[found["kind"] == kind, [*keys, "y"]] for kind in ("theory", "measured")]
    both = kinds[0].merge(kinds[1], on=keys)
    both = both[both["y_y"] > 1e-8]  # below, rounding shows
    assert len(both) > 5
    np.testing.assert_allclose(both["y_x"], both["y_y"], rtol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tolerance"), COMPUTED.items())
def test_theory_goes_through_what_figures_compute(name, tolerance, smallest, catalogue):
    """Also where theory is drawn at other places than those that were measured."""
    study = studies.get(name)
    drawn = charts(study, Result(smallest(name).folder), data=catalogue.lookup)[0].data
    figure = study.figures[0]
    keys = [column for column in (figure.colour, figure.facet) if column]
    compared = 0
    for _, one in drawn.groupby(keys, observed=True) if keys else [((), drawn)]:
        theory, measured = (one[one["kind"] == kind].sort_values(figure.x) for kind in ("theory", "measured"))
        inside = measured[measured[figure.x].between(theory[figure.x].min(), theory[figure.x].max())]
        logs = [np.log if axis in figure.log else np.asarray for axis in "xy"]
        x, y = logs[0](theory[figure.x]), logs[1](theory[figure.y])
        want = np.interp(logs[0](inside[figure.x]), x, y) if len(theory) else []
        np.testing.assert_allclose(logs[1](inside[figure.y]), want, rtol=tolerance, atol=tolerance)
        compared += len(inside)
    assert compared > 1
