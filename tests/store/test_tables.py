"""Tables: their columns and types are a promise (golden files), and their numbers are those of the outcome."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bench.evidence import frame
from bench.spec import Finding, Ledger
from bench.store import TABLES, Folder, findings_table, program_tables

GOLDEN = Path(__file__).parent / "golden"
LEDGER = Ledger(0.1, 0.1, 0.1, 0.2, 0.2, 0.0, 0.01, 1, 2, False, False, 10.0, 10.0, 10.0)


@pytest.fixture(scope="module")
def trained(train):
    return train(
        {
            "data": "iris",
            "split": "100/50",
            "model": "mlp",
            "depth": 1,
            "width": 3,
            "batch_size": 40,
            "steps": 4,
            "checkpoints": 2,
            "stop": "target_loss",
            "stop.threshold": 1e-3,
            "optimizer": "momentum",
            "optimizer.momentum": 0.5,
            "probes": [("full", "sharpness", "parameters")],
            "learning_rate": [0.1, 1e30],
            "seed": [0, 1],
        }
    )


@pytest.fixture(scope="module")
def tables(trained):
    return program_tables(trained.program, trained.outcome, LEDGER, trained.tables[0].rows)


def _findings():
    return findings_table("A02", "x", [Finding("q", 1.0, 1.0, "EXACT", "PASS", claim="c", verdict="SUPPORTED")], {})


@pytest.mark.parametrize("name", [*TABLES, "findings"])
def test_columns_and_types_are_those_of_the_golden_file(tables, name):
    """A change of columns is a change of the public schema: rewrite with GOLDEN_UPDATE=1 and say so in the README."""
    table = _findings() if name == "findings" else tables[name]
    found = {field.name: str(field.type) for field in table.schema}
    path = GOLDEN / f"{name}.json"
    if os.environ.get("GOLDEN_UPDATE"):
        path.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(path.read_text())


def test_every_table_has_one_row_per_thing(tables, trained):
    lanes, checkpoints, layers = 4, 3, 2
    parameters = 4 * 3 + 3 + 3 * 3 + 3
    sizes = {name: len(table) for name, table in tables.items()}
    assert sizes == {
        "runs": lanes,
        "curves": lanes * checkpoints,
        "layers": lanes * checkpoints * layers,
        "values": lanes * checkpoints * parameters,
        "programs": 1,
    }


def test_rows_hold_the_numbers_of_the_outcome(tables, trained):
    curves, layers, values = (frame(tables[name]) for name in ("curves", "layers", "values"))
    np.testing.assert_array_equal(curves["train_loss"], trained.curve("train_loss").ravel())
    np.testing.assert_array_equal(layers["delta_norm"], trained.outcome.layers["delta_norm"].ravel())
    np.testing.assert_array_equal(values["value"], trained.value("parameter").astype(float).ravel())
    assert curves["step"].tolist() == [0, 2, 4] * 4
    assert layers["layer"].tolist() == [1, 2] * 12
    np.testing.assert_allclose(curves["epoch"], curves["step"] * 40 / 100)
    np.testing.assert_array_equal(curves["samples"], curves["step"] * 40)


def test_runs_carry_their_axes_and_their_status(tables, trained):
    runs = frame(tables["runs"])
    assert runs["run"].is_unique
    np.testing.assert_array_equal(runs["learning_rate"], trained.program.lanes["learning_rate"])
    np.testing.assert_array_equal(runs["optimizer.momentum"], 0.5)
    assert (runs["regime"] == "minibatch").all()
    assert (runs["batch_size"] == 40).all()
    diverged = runs["learning_rate"] == 1e30
    assert (runs["status"][diverged] == "diverged").all()
    assert not (runs["status"][~diverged] == "diverged").any()
    assert runs["first_bad_step"].isna().tolist() == (~diverged).tolist()


def test_full_batches_are_a_null_batch_size_under_their_regime(train):
    full = train({"data": "neuron", "scaling": "raw", "constant_columns": "keep", "steps": 1, "probes": "off"})
    runs = frame(program_tables(full.program, full.outcome, LEDGER, 1)["runs"])
    assert runs["batch_size"].isna().all()
    assert (runs["regime"] == "batch").all()


@pytest.mark.slow
def test_a_text_that_a_run_does_not_have_is_a_null_of_a_text_column(train_all, tmp_path):
    grids = {"linear": {"model": "linear"}, "mlp": {"model": "mlp", "depth": 1, "width": 2, "activation": "relu"}}
    look = {"data": "iris", "steps": 1, "probes": "off"}
    own = {}
    for name, axes in grids.items():
        (trained,) = train_all(look | axes | {"loss": "half_squared_error", "data.target": "number"})
        own[name] = program_tables(trained.program, trained.outcome, LEDGER, trained.tables[0].rows)
        assert str(own[name]["runs"].schema.field("activation").type).startswith("dictionary<values=string")
    for keys in (["linear"], ["linear", "mlp"], ["mlp", "linear"]):
        folder = Folder(tmp_path / "-".join(keys) / "quick")
        folder.open({"programs": keys})
        for key in keys:
            folder.commit(key, own[key])
        runs = folder.merged(keys, "runs")
        assert pa.types.is_dictionary(runs.schema.field("activation").type)
        assert runs["activation"].to_pylist() == [{"linear": None, "mlp": "relu"}[key] for key in keys]
        assert pd.read_parquet(folder.path / "runs.parquet")["activation"].dtype == "category"
        assert runs["depth"].type == pa.int64()


def test_a_crashed_program_says_why_and_has_no_numbers(trained):
    tables = program_tables(trained.program, None, None, 100, "XlaRuntimeError: out of memory")
    assert set(tables) == {"runs", "programs"}
    assert set(tables["runs"]["status"].to_pylist()) == {"crashed"}
    assert tables["programs"]["error"].to_pylist() == ["XlaRuntimeError: out of memory"]


def test_tables_survive_the_disk_unchanged(tables, tmp_path):
    folder = Folder(tmp_path / "x" / "quick")
    folder.open({"programs": ["k"]})
    folder.commit("k", tables)
    for name in TABLES:
        back = frame(folder.merged(["k"], name))
        pd.testing.assert_frame_equal(back, frame(tables[name]), check_dtype=False, check_categorical=False)
