"""The Python interface: a grid trained by a call, and tables read back, by it or by plain pandas."""

import json

import numpy as np
import pandas as pd
import pytest

import bench
from bench.errors import InputError
from bench.store import TABLES

AXES = {"data": "iris", "model": "softmax", "steps": 3, "learning_rate": [0.1, 0.2], "scaling": ["raw", "standard"]}


@pytest.fixture(autouse=True)
def _environment(monkeypatch, devices):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")


@pytest.fixture(scope="module")
def result(tmp_path_factory, devices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESCENTBENCH_CACHE", "off")
        return bench.run_grid(AXES, out=tmp_path_factory.mktemp("results"))


@pytest.mark.slow
def test_a_grid_is_trained_by_one_call(result):
    runs = result["runs"]
    assert len(runs) == 4
    assert set(zip(runs["learning_rate"], runs["scaling"], strict=True)) == {
        (rate, scaling) for rate in (0.1, 0.2) for scaling in ("raw", "standard")
    }
    assert (runs["status"] != "crashed").all()


@pytest.mark.slow
def test_the_result_is_a_mapping_of_every_table(result):
    assert list(result) == [*TABLES, "parameters", "findings"]
    assert len(result) == len(list(result))
    for name in ("runs", "curves", "layers", "programs"):
        assert len(result[name]) > 0
    with pytest.raises(KeyError, match="no table 'curve'; there are runs, curves"):
        result["curve"]


def test_tables_are_plain_parquet(result):
    for name in ("runs", "curves", "layers", "programs"):
        plain = pd.read_parquet(result.path / f"{name}.parquet")
        pd.testing.assert_frame_equal(plain, result[name])


def test_axes_are_joined_on_request(result):
    joined = result.joined("curves", "learning_rate", "scaling")
    assert len(joined) == len(result["curves"])
    want = result["curves"].merge(result["runs"][["run", "learning_rate", "scaling"]], on="run")
    pd.testing.assert_frame_equal(
        joined.astype({"run": str, "scaling": str}), want.astype({"run": str, "scaling": str}), check_like=True
    )


def test_the_same_grid_again_is_read_not_trained(result, monkeypatch):
    monkeypatch.setattr(
        "bench.measure.executor.execute", lambda missing, *_: [pytest.fail("trained")] if missing else []
    )
    again = bench.run_grid(bench.Grid(AXES), out=result.path.parents[1])
    assert again.path == result.path
    pd.testing.assert_frame_equal(again["runs"], result["runs"])


def test_a_grid_may_have_a_name_and_is_loaded_by_it(tmp_path):
    made = bench.run_grid({**AXES, "scaling": "raw"}, name="mine", out=tmp_path)
    assert made.path == tmp_path / "mine" / "full"
    loaded = bench.load("mine", out=tmp_path)
    pd.testing.assert_frame_equal(loaded["curves"], made["curves"])


def test_tables_are_attributes_too(result):
    for name in ("runs", "curves", "layers", "programs", "findings"):
        pd.testing.assert_frame_equal(getattr(result, name), result[name])


def test_runs_and_programs_share_the_beginning_of_their_names(result):
    runs, programs = result.runs, result.programs
    joined = runs.assign(program=runs["run"].str[:12]).merge(programs, on="program", suffixes=("", "_of_program"))
    assert len(joined) == len(runs)
    assert joined.groupby("program").size().to_dict() == programs.set_index("program")["lanes"].to_dict()


@pytest.mark.slow
def test_final_parameters_are_those_of_the_last_checkpoint(tmp_path):
    axes = {"data": "iris", "model": "mlp", "depth": 1, "width": 3, "steps": 4, "learning_rate": [0.1, 0.2]}
    saved = bench.run_grid({**axes, "probes": "parameters", "final_parameters": True}, out=tmp_path)
    parameters, values = saved["parameters"], saved["values"]
    assert list(parameters) == ["run", "index", "value"]
    assert len(parameters) == 2 * (4 * 3 + 3 + 3 * 3 + 3)
    last = values[(values["quantity"] == "parameter") & (values["step"] == 4)]
    assert parameters["run"].tolist() == last["run"].tolist()
    assert parameters["index"].tolist() == last["index"].tolist()
    assert parameters["value"].tolist() == last["value"].tolist()
    pd.testing.assert_frame_equal(pd.read_parquet(saved.path / "parameters.parquet"), parameters)
    plain = bench.run_grid({**axes, "probes": "parameters"}, out=tmp_path)
    assert plain["parameters"].empty
    assert not (plain.path / "parameters.parquet").exists()


@pytest.mark.slow
def test_a_part_of_ones_own(tmp_path, parts):
    slow = parts.methods["sgd"]
    mine = parts.added(
        "methods", "slow", slow._replace(make=lambda h: slow.make({**h, "learning_rate": 0 * h["learning_rate"]}))
    )
    runs = bench.run_grid({**AXES, "optimizer": ["sgd", "slow"]}, parts=mine, out=tmp_path)["runs"]
    still = runs["final_train_loss"] == runs["initial_train_loss"]
    assert (still == (runs["optimizer"] == "slow")).all()


@pytest.mark.slow
def test_arrays_of_ones_own(tmp_path):
    x = np.random.default_rng(0).standard_normal((40, 3))
    axes = {"data": "mine", "steps": 2, "constant_columns": "keep"}
    made = bench.run_grid({**axes, "learning_rate": [0.1, 0.2]}, data={"mine": (x, x[:, 0])}, out=tmp_path)
    assert made["runs"]["data"].tolist() == ["mine", "mine"]
    assert made["runs"]["loss"].unique().tolist() == ["half_squared_error"]
    again = bench.run_grid({**axes, "learning_rate": [0.1, 0.2]}, data={"mine": (x, x[:, 0])}, out=tmp_path)
    assert again.path == made.path
    other = bench.run_grid({**axes, "learning_rate": [0.1, 0.2]}, data={"mine": (x, x[:, 1])}, out=tmp_path)
    assert other.path != made.path  # other rows are another grid, whatever they are called
    labels = np.where(x[:, 0] > 0, "up", "down")
    classes = bench.run_grid({**axes, "model": "softmax"}, data={"mine": (x, labels)}, out=tmp_path)
    assert json.loads((classes.path / "manifest-0.json").read_text())["data"][0]["labels"] == ["down", "up"]


X = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (X, "data 'mine' is a ndarray; give a pair of arrays"),
        ((X[0], X[0]), r"X is float64 of shape \(2,\); give numbers of shape \(rows, features\)"),
        ((X[:0], X[:0, 0]), r"X is float64 of shape \(0, 2\)"),
        ((X.astype(str), X[:, 0]), "X is <U32 of shape"),
        ((X * 1j, X[:, 0]), "X is complex128"),
        ((X, X[:3, 0]), r"y has shape \(3,\), X has 4 rows; give y of shape \(4,\)"),
        ((X, X), r"y has shape \(4, 2\)"),
        ((np.where(X == 3, np.nan, X), X[:, 0]), r"X\[1, 1\] is nan; give finite numbers"),
        ((X, np.array([1, 2, np.inf, 3])), "row 2, column 'y' is inf; give a finite number"),
        ((X, np.array([1, "a", None, []], object)), "y holds object; give numbers or labels of one type"),
        ((X, X[:, 0] * 0), "has one class only, 0"),
        ((X, X[:, 0] * 0 + 0.5), "is 0.5 in every row"),
    ],
)
def test_arrays_that_cannot_be_trained_on_are_refused(given, said, tmp_path):
    with pytest.raises(InputError, match=said):
        bench.run_grid({"data": "mine"}, data={"mine": given}, out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_grid_that_cannot_be_right_is_refused(tmp_path):
    with pytest.raises(InputError, match="Did you mean 'learning_rate'"):
        bench.run_grid({"learning_rat": 0.1}, out=tmp_path)
    with pytest.raises(InputError, match="use 1 to 64 small letters"):
        bench.run_grid(AXES, name="../up", out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_failed_program_is_an_error_that_says_what_to_do(tmp_path, parts):
    def make(hyper):
        raise NotImplementedError("no such hardware")

    broken = parts.added("methods", "sgd", parts.methods["sgd"]._replace(make=make))
    with (
        pytest.warns(UserWarning, match="NotImplementedError: no such hardware"),
        pytest.raises(RuntimeError, match="2 of 2 programs failed; call again"),
    ):
        bench.run_grid(AXES, parts=broken, out=tmp_path)


def test_results_that_are_not_there_are_refused_with_the_command_that_makes_them(tmp_path):
    with pytest.raises(InputError, match=r"no results of 'quadratic_modes' in .*; run `python -m bench.run quadratic"):
        bench.load("A02", out=tmp_path)
    with pytest.raises(InputError, match="unknown study 'quadratic_mode'"):
        bench.load("quadratic_mode", out=tmp_path)


@pytest.mark.parametrize("folder", ["results", "quadratic_modes/full", "results/"])
def test_a_folder_in_place_of_a_name_is_told_where_it_belongs(tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(InputError, match=r"is a folder, not a name: .* as `out`, such as bench\.load\("):
        bench.load(f"{tmp_path}/{folder}")


def test_the_fuller_profile_is_loaded_unless_one_is_named(tmp_path):
    for profile in ("quick", "full"):
        (tmp_path / "quadratic_modes" / profile).mkdir(parents=True)
        (tmp_path / "quadratic_modes" / profile / "manifest-0.json").write_text('{"programs": []}')
    assert bench.load("A02", out=tmp_path).path.name == "full"
    assert bench.load("A02", "quick", out=tmp_path).path.name == "quick"
    with pytest.raises(InputError, match="no results"):
        bench.load("A02", "cell", out=tmp_path)


def test_a_damaged_folder_is_named(tmp_path):
    made = bench.run_grid({**AXES, "scaling": "raw"}, name="mine", out=tmp_path)
    (made.path / "manifest-0.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest-0\.json is damaged"):
        made["runs"]


def test_the_package_has_no_other_names():
    with pytest.raises(AttributeError, match="no attribute 'runs'"):
        bench.runs  # noqa: B018


@pytest.mark.parametrize(("commit", "said"), [("worker", "give its `client`, too"), ("nobody", "Valid: owner, worker")])
def test_a_wrong_way_to_save_is_refused(commit, said, tmp_path):
    with pytest.raises(InputError, match=said):
        bench.run_grid({"data": "iris", "model": "softmax", "steps": 2}, out=tmp_path, commit=commit)
    assert not list(tmp_path.iterdir())
