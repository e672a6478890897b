"""Stopping rules: the step that the engine reports is the one that a loop over single steps finds."""

import numpy as np
import pytest

from bench.train import STOPS

STEPS, RATES = 60, [0.002, 0.006]  # one that converges, one that oscillates across the valley
THRESHOLDS = {
    "target_loss": [0.02, 0.2, 1e-9],
    "gradient_norm": [0.1, 1.0, 1e-9],
    "update_norm": [0.002, 0.02, 1e-9],
    "loss_decrease": [1e-3, 1e-2, 1e-9],
    "patience": [3.0, 7.0, 1000.0],
}


def _series(curve, gradients, rate):
    return {"loss": curve, "gradient_norm": gradients, "update_norm": rate * gradients}


def _brute_force(rule, threshold, series):
    """The first step at which the rule holds, read from its definition; -1 if it never does."""
    loss = series["loss"]
    for t in range(STEPS):
        if rule == "loss_decrease":
            hit = t > 0 and loss[t - 1] - loss[t] < threshold
        elif rule == "patience":
            hit = t - int(np.argmin(loss[: t + 1])) >= threshold  # steps since the best so far
        else:
            hit = series[STOPS[rule].series][t] < threshold
        if hit:
            return t
    return -1


@pytest.fixture(scope="module")
def unstopped(train):
    """Loss and gradient norm at every step."""
    axes = {"model": "rosenbrock", "dtype": "float64", "start.x": 0.5, "start.y": 0.4, "steps": STEPS}
    return train(axes | {"learning_rate": RATES, "checkpoints": 1, "probes": "gradient_norm"})


def test_every_rule_has_thresholds():
    assert set(THRESHOLDS) == set(STOPS) - {"none"}


@pytest.mark.parametrize("rule", THRESHOLDS)
def test_the_stop_step_is_the_first_at_which_the_rule_holds(train, unstopped, rule):
    found = train(
        {
            "model": "rosenbrock",
            "dtype": "float64",
            "start.x": 0.5,
            "start.y": 0.4,
            "steps": STEPS,
            "learning_rate": RATES,
            "checkpoints": [(7, 19, 20, 45)],  # segments of different lengths: rules must remember across them
            "probes": "off",
            "stop": rule,
            "stop.threshold": THRESHOLDS[rule],
        }
    )
    for lane in range(found.program.width):
        rate, threshold = (found.program.lanes[axis][lane] for axis in ("learning_rate", "stop.threshold"))
        plain = unstopped.lane(learning_rate=rate)
        series = _series(unstopped.curve("train_loss")[plain], unstopped.curve("gradient_norm")[plain], rate)
        assert found.outcome.runs["stop_step"][lane] == _brute_force(rule, threshold, series), (rate, threshold)
    assert len(set(found.outcome.runs["stop_step"].tolist())) > 1  # some rule held


def test_a_run_that_has_stopped_is_frozen_from_the_next_checkpoint_on(train):
    found = train(
        {
            "model": "quadratic",
            "dtype": "float64",
            "steps": 40,
            "checkpoints": 10,
            "probes": "parameters",
            "learning_rate": 0.1,
            "stop": "target_loss",
            "stop.threshold": [0.5, 1e-30],
        }
    )
    stopped, running = found.value("parameter")
    np.testing.assert_array_equal(stopped[1:], np.broadcast_to(stopped[1], stopped[1:].shape))
    assert len(np.unique(running[:, 0])) == 5
    np.testing.assert_array_equal(stopped[1], running[1])


@pytest.mark.parametrize("rate", [2.5, 1.9])
def test_what_happens_first_decides_between_stopped_and_diverged(train, rate):
    """A run whose loss explodes after it met its stopping rule within a segment has stopped, and the reverse."""
    found = train(
        {
            "model": "quadratic",
            "dtype": "float64",
            "steps": 30,
            "checkpoints": "end",
            "probes": "off",
            "learning_rate": rate,
            "diverge_above": 100.0,
            "stop": "loss_decrease",
            "stop.threshold": [-1e300, 0.0],
        }
    )
    bad, stop = (found.outcome.runs[name] for name in ("first_bad_step", "stop_step"))
    assert not ((bad >= 0) & (stop >= 0)).any()
    if rate == 2.5:  # the loss rises at step 1 already and passes its limit much later
        assert (bad[1], stop[1]) == (-1, 1)
        assert stop[0] == -1
        assert bad[0] > 1
