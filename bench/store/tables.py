"""From outcomes to tidy tables: one row per run, checkpoint, layer, value, program or finding.

Column types, units and null rules are in `results/README.md`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.spec import Finding, Ledger, Outcome, Program

TABLES = ("runs", "curves", "layers", "values", "programs")
"""What every study is judged by; `parameters` comes beside them where final parameters are saved."""

TEXT = pa.dictionary(pa.int32(), pa.string())
_NULLS = {"normalize_rows": pa.float64(), "bias": pa.bool_()} | dict.fromkeys(
    ("depth", "width", "pretraining_steps", "batch_size", "epochs", "steps", "lanes"), pa.int64()
)
"""Types of the axes that may be null and are no text."""

_FIRST_CURVES = ("train_loss", "test_loss", "ewma_loss", "train_accuracy", "test_accuracy", "gradient_norm")


def program_tables(
    program: Program, outcome: Outcome | None, ledger: Ledger | None, rows: int, error: str = ""
) -> dict[str, pa.Table]:
    """The tables of one program.

    Args:
        program: what was trained.
        outcome: what it returned; None if it crashed.
        ledger: what it cost; None if it crashed.
        rows: train rows of its data, for epochs and samples.
        error: why it crashed.

    Returns:
        Table name -> table; a crashed program has `runs` and `programs` only.
    """
    keys = pa.DictionaryArray.from_arrays(
        pa.array(np.arange(program.width, dtype=np.int32)),
        pa.array([f"{program.key[:12]}-{lane:05d}" for lane in range(program.width)]),
    )
    tables = {"programs": _programs(program, ledger, error)}
    if outcome is None or ledger is None:
        tables["runs"] = pa.table({"run": keys, **_axes(program), "status": _same("crashed", program.width)})
        return tables
    steps = np.asarray(program.checkpoints, np.int64)
    batch = rows if program.static["batch_size"] == "full" else program.static["batch_size"]
    tables["runs"] = pa.table({"run": keys, **_axes(program), **_summary(program, outcome, ledger, rows, batch)})
    progress = {
        "step": steps,
        "epoch": steps * batch / rows,
        "samples": steps * batch,
        "gradient_evaluations": steps * batch,
        "flops": steps * program.step_flops,
        "seconds": steps * (ledger.run_seconds / program.width / max(program.steps, 1)),
    }
    tables["curves"] = _long(keys, progress, outcome.curves, _FIRST_CURVES)
    if outcome.layers:
        tables["layers"] = _long(keys, {"step": steps}, outcome.layers, (), index="layer")
    if outcome.values:
        tables["values"] = pa.concat_tables(
            [_values(keys, steps, quantity, array) for quantity, array in outcome.values.items()]
        )
    if "final_parameters" in outcome.runs:
        tables["parameters"] = _parameters(keys, outcome.runs["final_parameters"])
    return tables


def _parameters(keys: pa.DictionaryArray, final: NDArray[Any]) -> pa.Table:
    """Final parameters (lanes, parameters) as rows: per layer the biases, then the weights, row by row."""
    table = _long(keys, {}, {"value": final[:, None, :]}, (), index="index")
    return table.set_column(2, "value", _column(final))


def _same(value: Any, count: int, null: pa.DataType = TEXT) -> pa.Array:
    """A column of one repeated value, stored once; numbers stay numbers, and None is a null of the type `null`."""
    if value is None:
        return pa.nulls(count, null)
    if isinstance(value, tuple):
        value = " ".join(map(str, value))
    if isinstance(value, str):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([value]))
    return pa.array(np.full(count, value))


def _axes(program: Program) -> dict[str, pa.Array]:
    """Every axis as its own column, under the name that a grid gives it."""
    static = dict(program.static)
    count, widths = program.width, static["width"]
    regime = "batch" if static["batch_size"] == "full" else "stochastic" if static["batch_size"] == 1 else "minibatch"
    static |= {
        "batch_size": None if static["batch_size"] == "full" else static["batch_size"],
        "width": widths if isinstance(widths, int) else None,
        "checkpoints": str(static["checkpoints"]),
        "probe_rows": str(static["probe_rows"]),
    }
    del static["final_parameters"]  # the table `parameters` says it
    columns = {axis: _same(value, count, _NULLS.get(axis, TEXT)) for axis, value in static.items()}
    columns["regime"] = _same(regime, count)
    columns["widths"] = _same(None if widths is None else str(widths), count)
    return columns | {axis: pa.array(values) for axis, values in program.lanes.items()}


def _summary(program: Program, outcome: Outcome, ledger: Ledger, rows: int, batch: int) -> dict[str, pa.Array]:
    loss = outcome.curves["train_loss"].astype(np.float64)
    bad, stop = outcome.runs["first_bad_step"], outcome.runs["stop_step"]
    best = np.min(np.where(np.isfinite(loss), loss, np.inf), axis=1)
    moved = best < 0.99 * loss[:, 0]
    status = np.full(program.width, "done", object)
    status[~moved & (program.steps > 0) & (stop < 0)] = "stalled"
    status[bad >= 0] = "diverged"
    taken = np.where(stop >= 0, stop, np.where(bad >= 0, bad, program.steps)).astype(np.int64)
    columns: dict[str, Any] = {
        "status": pa.array(status).dictionary_encode(),
        "first_bad_step": pa.array(bad.astype(np.int64), mask=bad < 0),
        "first_bad_layer": _first_bad_layer(outcome),
        "stop_step": pa.array(stop.astype(np.int64), mask=stop < 0),
        "steps_taken": taken,
        "epochs_taken": taken * batch / rows,
        "gradient_evaluations": taken * batch,
        "seconds": np.full(program.width, ledger.run_seconds / program.width),
        "initial_train_loss": loss[:, 0],
        "final_train_loss": loss[:, -1],
        "best_train_loss": best,
    }
    for name in ("test_loss", "train_accuracy", "test_accuracy"):
        if name in outcome.curves:
            series = outcome.curves[name].astype(np.float64)
            columns[f"final_{name}"] = series[:, -1]
            columns[f"best_{name}"] = (
                np.nanmin(np.where(np.isnan(series), np.inf, series), axis=1)
                if name.endswith("loss")
                else np.max(np.where(np.isnan(series), 0, series), axis=1)
            )
    return {name: column if isinstance(column, pa.Array) else pa.array(column) for name, column in columns.items()}


def _first_bad_layer(outcome: Outcome) -> pa.Array:
    """The layer at which numbers stop being finite, at the first checkpoint at which some are not.

    Forward that is the first layer whose signals are not finite, backward the last one whose delta is not. Null where
    it cannot be told: parameters that are NaN already make everything NaN, and so does the delta of the output without
    the signals.
    """
    bad = outcome.runs["first_bad_step"] >= 0
    signals, deltas = (outcome.layers.get(name) for name in ("activation_mean_square", "delta_norm"))
    known = [own for own in (signals, deltas) if own is not None]
    if not known:
        return pa.nulls(len(bad), pa.int64())
    broken = [~np.isfinite(own.astype(np.float64)) for own in known]
    anywhere = np.logical_or.reduce([own.any(axis=2) for own in broken])
    place = (np.arange(len(bad)), anywhere.argmax(axis=1))
    none = np.zeros_like(broken[0][place])
    forward = broken[0][place] if signals is not None else none
    backward = broken[-1][place] if deltas is not None else none
    ahead = forward.any(axis=1)
    layer = np.where(ahead, forward.argmax(axis=1) + 1, backward.shape[1] - backward[:, ::-1].argmax(axis=1))
    told = ahead | (backward.any(axis=1) & ((signals is not None) | ~backward[:, -1]))
    if "weight_norm" in outcome.layers:
        told &= ~np.isnan(outcome.layers["weight_norm"].astype(np.float64)[place]).any(axis=1)
    return pa.array(layer.astype(np.int64), mask=~(told & bad & anywhere.any(axis=1)))


def _column(array: NDArray[Any]) -> pa.Array:
    flat = np.ascontiguousarray(array).reshape(-1)
    return pa.array(flat if flat.dtype in (np.float32, np.float64) else flat.astype(np.float32))


def _long(
    keys: pa.DictionaryArray,
    per_checkpoint: Mapping[str, NDArray[Any]],
    quantities: Mapping[str, NDArray[Any]],
    first: Sequence[str],
    index: str = "",
) -> pa.Table:
    """Quantities (lanes, checkpoints[, entries]) as rows; `index` names the entry, counted from 1."""
    shape = next(iter(quantities.values())).shape
    lanes, checkpoints, entries = (*shape, 1)[:3]
    lane = np.repeat(np.arange(lanes, dtype=np.int32), checkpoints * entries)
    columns: dict[str, Any] = {"run": pa.DictionaryArray.from_arrays(pa.array(lane), keys.dictionary)}
    for name, values in per_checkpoint.items():
        columns[name] = pa.array(np.tile(np.repeat(values, entries), lanes))
    if index:
        columns[index] = pa.array(np.tile(np.arange(1, entries + 1, dtype=np.int32), lanes * checkpoints))
    ordered = [*(name for name in first if name in quantities), *sorted(set(quantities) - set(first))]
    return pa.table(columns | {name: _column(quantities[name]) for name in ordered})


def _values(keys: pa.DictionaryArray, steps: NDArray[Any], quantity: str, array: NDArray[Any]) -> pa.Table:
    table = _long(keys, {"step": steps}, {"value": array.astype(np.float64)}, (), index="index")
    return table.add_column(2, "quantity", _same(quantity, len(table)))


def _programs(program: Program, ledger: Ledger | None, error: str) -> pa.Table:
    row: dict[str, Any] = {
        "program": program.key[:12],
        "status": "crashed" if ledger is None else "done",
        "lanes": program.width,
        "chunk": program.chunk,
        "steps": program.steps,
        "estimated_seconds": program.seconds,
        "estimated_flops": program.flops,
        "error": error or None,
    }
    if ledger is not None:
        row |= dataclasses.asdict(ledger)
        row["seconds_per_run"] = ledger.run_seconds / program.width
    schema = {"error": pa.string()}
    return pa.table({name: pa.array([value], schema.get(name)) for name, value in row.items()})


def findings_table(study: str, name: str, findings: Sequence[Finding], expected: Mapping[str, str]) -> pa.Table:
    """Findings as rows; `expected` maps a claim's id to its expected verdict."""
    strings = {"impl", "claim", "verdict", "region", "reason", "source", "rule", "quantity"}
    columns: dict[str, Any] = {
        "study": pa.array([study] * len(findings), pa.string()),
        "name": pa.array([name] * len(findings), pa.string()),
    }
    for field in dataclasses.fields(Finding):
        kind = pa.string() if field.name in strings else pa.int64() if field.name == "seeds" else pa.float64()
        columns[field.name] = pa.array([_plain(getattr(f, field.name)) for f in findings], kind)
    columns["expected"] = pa.array([expected.get(f.claim or "") or None for f in findings], pa.string())
    return pa.table(columns)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
