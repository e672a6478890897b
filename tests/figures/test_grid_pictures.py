"""Pictures of any grid, of one that was trained and of what has not been recorded."""

import json

import pytest

from bench.api import Result
from bench.figures import heat, layer_strip, loss_curves, sensitivity, trajectory
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tables(parts, devices, trial, tmp_path_factory):
    """Networks of two depths and four learning rates, the last of which diverges; paths on a bowl."""
    net = {"data": "iris", "model": "mlp", "width": 4, "activation": ["tanh", "relu"], "depth": [1, 2], "steps": 12}
    net |= {"checkpoints": 3, "probes": "norms", "learning_rate": [0.01, 0.1, 1.0, 1e30], "seed": [0, 1]}
    bowl = {"model": "quadratic", "surface.yy": 10.0, "steps": 20, "checkpoints": 1, "probes": "parameters"}
    grids = {"net": net, "bowl": bowl | {"learning_rate": [0.05, 0.18, 0.25]}}
    found = {}
    for name, axes in grids.items():
        settings = Settings("quick", tmp_path_factory.mktemp(name), devices)
        found[name] = Result(run_study(trial(Grid(axes)), parts, settings).folder)
    return found


@pytest.mark.parametrize("make", [loss_curves, sensitivity, heat, layer_strip])
def test_pictures_of_networks(make, tables, sound):
    drawn = make(tables["net"])
    sound(drawn)
    assert len(drawn.data)


def test_a_menu_switches_what_curves_are_drawn_over(tables):
    drawn = loss_curves(tables["net"])
    (menu,) = [one for one in drawn.chart.to_dict()["params"] if "bind" in one]
    assert menu["bind"]["options"] == ["step", "epoch", "samples", "gradient_evaluations", "flops", "seconds"]
    rows = next(iter(drawn.chart.to_dict()["datasets"].values()))
    assert all(row["epoch"] is not None for row in rows if row["kind"] == "measured")


def test_only_the_best_configurations_are_drawn(tables):
    drawn = loss_curves(tables["net"])
    assert drawn.title == "Training loss of 8 best of 16 configurations"
    assert drawn.data["configuration"].nunique() == 8


def test_learning_rates_at_which_runs_diverge_are_marked(tables):
    drawn = sensitivity(tables["net"])
    lost = drawn.data[drawn.data["kind"] == "diverged"]
    assert set(lost["learning_rate"]) == {1e30}
    assert (heat(tables["net"]).data.query("learning_rate == 1e30")["diverged"] == 2).all()


def test_paths_are_drawn_on_their_surface_with_a_slider(tables, sound):
    drawn = trajectory(tables["bowl"])
    sound(drawn)
    assert {tuple(row) for row in drawn.data.loc[drawn.data["step"] == 0, ["x", "y"]].to_numpy()} == {(1.0, 1.0)}
    (slider,) = [one for one in drawn.chart.to_dict()["params"] if "bind" in one]
    assert slider["bind"]["max"] == drawn.data.groupby("configuration")["step"].size().max() - 1
    assert json.dumps(drawn.chart.to_dict()).count('"band"') > 1000


def test_what_was_not_recorded_or_varied_is_not_drawn(tables):
    assert trajectory(tables["net"]) is None
    assert layer_strip(tables["bowl"]) is None
    assert heat(tables["bowl"]) is None
