"""Gradient descent on a scaled loss, and the probes that show what leaves the range of a format."""

import numpy as np
import pytest

DEEP = {"data": "classes", "data.rows": 24, "data.features": 3, "scaling": "raw", "model": "mlp", "init": "lecun"}
DEEP |= {"depth": 14, "width": 8, "activation": "sigmoid", "probe_rows": 1, "steps": 0, "checkpoints": "end"}


@pytest.mark.slow
def test_in_wide_formats_the_scale_changes_nothing(train):
    axes = {**DEEP, "depth": 2, "steps": 20, "dtype": "float64", "probes": "parameters"}
    plain = train({**axes, "optimizer": "sgd"}).value("parameter")
    scaled = train({**axes, "optimizer": "loss_scaled_sgd", "optimizer.loss_scale": 2.0**12}).value("parameter")
    np.testing.assert_allclose(scaled, plain, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_in_half_precision_it_saves_updates_from_underflow(train):
    scaled = {"optimizer": "loss_scaled_sgd", "optimizer.loss_scale": 2.0**12, "learning_rate": 2.0**12}
    axes = {**DEEP, "dtype": "float16", "probes": "vanished_updates"}
    lost = train({**axes, "optimizer": "sgd", "learning_rate": 1.0}).value("update_zero_fraction")[0, 0]
    kept = train({**axes, **scaled}).value("update_zero_fraction")[0, 0]
    assert lost[0] == 1
    assert lost[-1] < 1
    assert np.sum(kept == 1) <= np.sum(lost == 1) - 3


def test_ranges_are_those_of_signals_and_deltas(train):
    axes = {**DEEP, "depth": 2, "dtype": "float64", "probe_rows": "all", "activation": "relu", "bias": False}
    found = train({**axes, "probes": [("ranges", "units", "outputs", "unit_gradients")]})
    z = found.value("unit_preactivation")[0, 0].reshape(2, 24, 8)
    largest = [*np.abs(z).max(axis=(1, 2)), np.abs(found.value("output")).max()]
    np.testing.assert_allclose(found.value("preactivation_largest")[0, 0], largest, rtol=1e-12)
    assert found.value("delta_zero_fraction")[0, 0, 1] >= np.mean(z[1] <= 0)
    assert found.value("delta_zero_fraction")[0, 0, 2] == 0
