"""Points of pictures: averaged with intervals, diverged runs marked, thinned; nothing is dropped in silence."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.figures.points import MOST_PLACES, MOST_ROWS, labels, points
from bench.spec import Figure

LOSS = Figure("loss", "runs", "learning_rate", "final_train_loss", "optimizer", log="xy")
CURVE = Figure("curve", "curves", "step", "train_loss", "optimizer", log="y")


def runs(**columns):
    frame = pd.DataFrame(columns)
    names = [f"r{i}" for i in range(len(frame))]
    return frame.assign(run=pd.Categorical(names, names), status=columns.get("status", "done"))


def curves(values, status="done", steps=None):
    """One curve per row of values; `steps` are 0, 1, 2, ... unless given."""
    values = np.asarray(values, float)
    names = [f"r{i}" for i in range(len(values))]
    steps = np.arange(values.shape[1]) if steps is None else np.asarray(steps)
    frame = pd.DataFrame({"step": np.tile(steps, len(values)), "train_loss": values.ravel()})
    frame["run"] = pd.Categorical(np.repeat(names, values.shape[1]), names)
    return {"runs": runs(optimizer=["sgd"] * len(values), status=status), "curves": frame}


def test_runs_that_share_a_point_become_their_mean_with_a_95_percent_t_interval():
    losses = [1.0, 2.0, 4.0]
    figure = Figure("loss", "runs", "learning_rate", "final_train_loss", "optimizer")
    found = points(figure, {"runs": runs(learning_rate=0.1, final_train_loss=losses, optimizer="sgd")})
    low, high = stats.t.interval(0.95, 2, np.mean(losses), stats.sem(losses))
    assert found[["y", "low", "high", "runs"]].to_numpy().tolist() == [pytest.approx([np.mean(losses), low, high, 3])]


def test_an_interval_on_a_logarithmic_axis_stays_above_zero():
    tables = {"runs": runs(learning_rate=0.1, final_train_loss=[0.5, 1.0, 0.6], optimizer="sgd")}
    found = points(LOSS, tables)
    assert (found["low"] > 0).all()
    assert found["y"].iloc[0] / found["low"].iloc[0] == pytest.approx(found["high"].iloc[0] / found["y"].iloc[0])


def test_an_interval_of_many_powers_of_ten_is_left_out():
    found = points(LOSS, {"runs": runs(learning_rate=0.1, final_train_loss=[1e-6, 1.0], optimizer="sgd")})
    assert found["low"].isna().all()


def test_a_single_run_has_no_interval():
    found = points(LOSS, {"runs": runs(learning_rate=[0.1, 0.2], final_train_loss=[1.0, 2.0], optimizer="sgd")})
    assert found["low"].isna().all()


def test_runs_that_diverged_are_marked_at_the_edge_and_not_averaged():
    tables = {
        "runs": runs(
            learning_rate=[0.1, 0.1, 1.0],
            final_train_loss=[2.0, np.inf, np.nan],
            optimizer="sgd",
            status=["done", "diverged", "diverged"],
        )
    }
    found = points(LOSS, tables)
    measured, lost = found[found["kind"] == "measured"], found[found["kind"] == "diverged"]
    assert measured["y"].tolist() == [2.0]
    assert lost[["x", "y", "lost", "runs"]].to_numpy().tolist() == [[0.1, 20.0, 1, 2], [1.0, 20.0, 1, 1]]


def test_a_curve_is_marked_once_where_its_first_run_leaves_the_picture():
    tables = curves([[1, 0.5, 0.2, 0.1], [1, 50, 1e5, np.inf]], ["done", "diverged"])
    found = points(CURVE, tables)
    assert found.loc[found["kind"] == "diverged", ["x", "lost", "runs"]].to_numpy().tolist() == [[1, 1, 2]]
    assert found.loc[found["kind"] == "measured", "y"].max() <= 10


def test_a_picture_of_diverged_runs_alone_still_has_their_start():
    found = points(CURVE, curves([[1, 5, np.inf], [2, 1e9, np.nan]], "diverged"))
    assert {"measured", "diverged"} <= set(found["kind"])
    assert np.isfinite(found["y"]).all()


@pytest.mark.parametrize("bad", [0.0, -3.0])
def test_what_is_not_positive_lies_at_the_lower_edge_of_a_logarithmic_axis(bad):
    found = points(CURVE, curves([[1, 0.1, bad]]))
    assert found.loc[found["kind"] == "zero", ["x", "y"]].to_numpy().tolist() == [[2, pytest.approx(0.1 / 3)]]
    assert (found["y"] > 0).all()


def test_step_0_has_no_place_on_a_logarithmic_axis():
    found = points(Figure("curve", "curves", "step", "train_loss", log="xy"), curves([[4, 2, 1]]))
    assert found["x"].tolist() == [1, 2]


@pytest.mark.parametrize("log", ["", "x"])
def test_long_curves_are_thinned_and_keep_their_ends(log):
    figure = Figure("curve", "curves", "step", "train_loss", "optimizer", log=log)
    found = points(figure, curves(np.ones((3, 5000)), steps=np.arange(1, 5001)))
    assert len(found) <= MOST_PLACES
    assert (found["x"].min(), found["x"].max()) == (1, 5000)


def test_many_series_stay_below_the_limit():
    many = 600
    names = [f"{i}" for i in range(many)]
    frame = pd.DataFrame({"step": np.tile(np.arange(50), many), "train_loss": 1.0})
    frame["run"] = pd.Categorical(np.repeat([f"r{i}" for i in range(many)], 50))
    found = points(CURVE, {"runs": runs(optimizer=names), "curves": frame})
    assert len(found) <= MOST_ROWS


def test_the_last_checkpoint_counts_where_time_is_on_no_axis():
    figure = Figure("end", "curves", "optimizer", "train_loss")
    assert points(figure, curves([[3, 2, 1]]))["y"].tolist() == [1]


def test_rows_are_selected_by_axes_of_their_runs():
    figure = Figure("curve", "curves", "step", "train_loss", where={"learning_rate": [0.2]})
    tables = curves([[1, 2], [3, 4]])
    tables["runs"]["learning_rate"] = [0.1, 0.2]
    assert points(figure, tables)["y"].tolist() == [3, 4]


def test_theory_is_drawn_in_its_panels_and_not_far_below_what_was_measured():
    tables = curves([[1, 0.1, 0.01]])
    predicted = tables["curves"].assign(train_loss=[1, 0.1, 1e-30])
    found = points(CURVE, tables, predicted)
    assert found.loc[found["kind"] == "theory", "y"].tolist() == [1, 0.1]


def test_labels_are_ordered_by_size_or_by_appearance_and_null_has_a_name():
    assert list(labels(pd.Series([10.0, 2.0, np.nan]), "batch_size").cat.categories) == ["2", "10", "full"]
    assert list(labels(pd.Series(["iris", None]), "data").cat.categories) == ["iris", "test surface"]
    assert list(labels(pd.Series(["tanh", "relu", None])).cat.categories) == ["tanh", "relu", "none"]


def test_values_that_are_all_null_are_no_points():
    assert points(LOSS, {"runs": runs(learning_rate=0.1, final_train_loss=[np.nan], optimizer="sgd")}).empty


def test_no_rows_are_no_points():
    empty = {"runs": runs(learning_rate=0.1, final_train_loss=[1.0], optimizer="sgd"), "curves": pd.DataFrame()}
    assert points(CURVE, empty).empty
