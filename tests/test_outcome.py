"""The best configurations are those with the best mean, and none that diverged."""

import numpy as np
import pandas as pd
import pytest

from bench.outcome import best, varied


def _runs(**columns):
    return pd.DataFrame({"run": [f"r{i}" for i in range(6)], "status": ["done"] * 6, "seed": [0, 1] * 3, **columns})


def test_configurations_are_ranked_by_their_mean_over_seeds():
    runs = _runs(learning_rate=[1.0, 1, 2, 2, 3, 3], depth=[2] * 6, final_test_accuracy=[0.1, 0.3, 0.9, 0.7, 0.5, 0.5])
    assert varied(runs) == ["learning_rate"]
    found = best(runs, 2)
    assert (found.measure, found.configurations, found.never) == ("final_test_accuracy", 3, 0)
    assert found.table["learning_rate"].tolist() == [2, 3]
    assert found.table["mean"].tolist() == pytest.approx([0.8, 0.5])
    assert found.table["high"].tolist()[1] == pytest.approx(0.5)


def test_a_loss_is_better_when_it_is_small_and_what_diverged_comes_last():
    runs = _runs(activation=["a", "a", "b", "b", "c", "c"], final_train_loss=[1.0, 2, 0.1, np.nan, 5, 6])
    runs.loc[3, "status"] = "diverged"
    found = best(runs)
    assert found.table["activation"].tolist() == ["a", "c", "b"]
    assert found.never == 1


def test_a_single_seed_has_no_interval_and_an_infinite_loss_is_lost():
    runs = _runs(learning_rate=[1.0, 2, 3, 4, 5, 5], final_train_loss=[0.3, np.inf, 0.1, 0.2, 0.5, 0.7])
    found = best(runs, 9)
    assert found.table["learning_rate"].tolist() == [3, 4, 1, 5, 2]
    assert found.never == 1
    assert found.table["low"].isna().tolist() == [True, True, True, False, True]
    half = found.table["high"].iloc[3] - found.table["mean"].iloc[3]
    assert half == pytest.approx(12.7062 * 0.1, rel=1e-5)  # Student's t of one degree, and the standard error


def test_a_single_configuration_has_one_row():
    found = best(_runs(final_test_loss=[1.0] * 6))
    assert len(found.table) == 1
    assert found.table["seeds"].tolist() == [6]


def test_null_is_a_value_of_an_axis_and_not_of_an_option():
    runs = _runs(**{"batch_size": [None, None, 1, 1, 1, 1], "optimizer.momentum": [None, None, 0.9, 0.9, 0.9, 0.9]})
    assert varied(runs) == ["batch_size"]
