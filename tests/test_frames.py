"""The questions that results answer: tables of means, curves of some runs, and the way to a target."""

import duckdb
import numpy as np
import pandas as pd
import polars
import pytest

import bench
from bench.errors import InputError
from bench.frames import pivot, rows_of, to_target

pytestmark = pytest.mark.slow

AXES = {"data": "iris", "model": "mlp", "split": "100/50", "steps": 20, "checkpoints": 5, "probes": "off", "width": 4}


@pytest.fixture(scope="module")
def result(tmp_path_factory, devices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESCENTBENCH_CACHE", "off")
        grid = {
            **AXES,
            "activation": ["tanh", "relu"],
            "batch_size": [100, 10],
            "learning_rate": [0.5, 0.1],
            "seed": [0, 1],
        }
        return bench.run_grid(grid, out=tmp_path_factory.mktemp("results"))


def test_categories_are_in_the_order_of_the_grid(result):
    assert result["runs"]["activation"].cat.categories.tolist() == ["tanh", "relu"]
    assert result["curves"]["run"].cat.categories.tolist() == result["runs"]["run"].astype(str).tolist()


def test_a_pivot_has_the_mean_over_all_other_axes_in_the_order_of_the_grid(result):
    found = result.pivot("activation", "learning_rate")
    runs = result["runs"]
    assert found.index.tolist() == ["tanh", "relu"]
    assert found.columns.tolist() == [0.5, 0.1]
    own = runs[(runs["activation"] == "relu") & (runs["learning_rate"] == 0.1)]
    assert found.loc["relu", 0.1] == pytest.approx(own["final_test_accuracy"].mean())
    assert len(own) == 4


def test_a_pivot_of_one_side_and_of_another_value(result):
    found = result.pivot(["activation", "learning_rate"], value="final_train_loss", how="count")
    assert found.shape == (4, 1)
    assert (found["final_train_loss"] == 4).all()


def test_null_is_a_value_of_an_axis(result):
    runs = pd.DataFrame({"batch_size": [None, None, 8.0], "depth": [1, 2, 1], "final_train_loss": [1.0, 2.0, 3.0]})
    found = pivot(runs, "batch_size", "depth", None, "mean")
    assert found.to_numpy().tolist()[0] == [1, 2]
    assert result["runs"]["batch_size"].isna().any()  # the full batch
    assert result.pivot("batch_size", "depth", how="count").sum().sum() == 16


def test_the_best_configurations_come_first(result):
    found = result.best(3)
    assert {"activation", "batch_size", "learning_rate", "mean", "low", "high", "seeds"} <= {*found}
    assert len(found) == 3
    assert found["mean"].is_monotonic_decreasing


def test_curves_of_some_runs_carry_the_axes_that_vary_among_them(result):
    found = result.curves_of({"activation": "relu", "batch_size": 10, "learning_rate": [0.1]})
    assert list(found)[-1:] == ["seed"]
    assert not {"activation", "learning_rate"} & {*found}
    assert len(found) == 2 * 5
    assert len(result.curves_of({"batch_size": None})) == 8 * 5
    assert len(result.curves_of()) == len(result["curves"])
    with pytest.raises(InputError, match=r"unknown column 'activatio'\. Did you mean 'activation'"):
        result.curves_of({"activatio": "relu"})
    with pytest.raises(InputError, match="no run has activation = 'gelu'; there are tanh, relu"):
        result.curves_of({"activation": "gelu"})


@pytest.mark.parametrize(("measure", "target"), [("train_loss", 0.9), ("test_accuracy", 0.6), ("train_loss", 0.0)])
def test_the_way_to_a_target_is_to_the_first_checkpoint_that_is_there(measure, target, result):
    found = result.to_target(target, measure)
    assert len(found) == 16
    for row in found.to_dict("records"):
        own = result["curves"][result["curves"]["run"] == row["run"]]
        there = own[own[measure] >= target] if measure.endswith("accuracy") else own[own[measure] <= target]
        assert row["reached"] == (len(there) > 0)
        if row["reached"]:
            assert (row["step"], row["epoch"]) == tuple(there.iloc[0][["step", "epoch"]])
        else:
            assert pd.isna(row["step"])
            assert np.isnan(row["seconds"])


def test_columns_that_are_not_there_are_refused_with_those_that_are(result):
    with pytest.raises(InputError, match=r"unknown column 'train_los'\. Did you mean 'train_loss'"):
        to_target(result["curves"], result["runs"], 1.0, "train_los")
    with pytest.raises(InputError, match="unknown column 'final'"):
        result.pivot("depth", value="final")
    with pytest.raises(InputError, match="unknown column 'dept'"):
        rows_of(result["curves"], result["runs"], {"dept": 1})


@pytest.mark.parametrize("name", ["runs", "curves", "programs"])
def test_other_tools_read_the_same_tables(name, result):
    own, path = result[name], str(result.path / f"{name}.parquet")
    for other in (duckdb.read_parquet(path).df(), polars.read_parquet(path).to_pandas()):
        assert list(other) == list(own)
        for column in own:
            np.testing.assert_array_equal(
                other[column].astype(object).where(other[column].notna(), None).to_numpy(),
                own[column].astype(object).where(own[column].notna(), None).to_numpy(),
            )
