"""What canonical programs cost, by figures that no clock is needed for: a gate that is the same on every machine.

`GOLDEN_UPDATE=1` writes the figures anew, for the version of JAX that is installed.
"""

import json
import os
from pathlib import Path

import jax
import pytest

from bench.measure import Compiler
from bench.plan import plan
from bench.spec import Grid
from bench.studies import get

PATH = Path(__file__).with_name("footprint.json")
VERSION = ".".join(jax.__version__.split(".")[:2])
STORED = json.loads(PATH.read_text()) if PATH.exists() else {}
ALLOWED = 1.03  # a rise that is let through: compilers differ a little between machines

NET = {"data": "digits", "split": "1437/360", "model": "mlp", "width": 32, "activation": "tanh", "epochs": 2}
PROGRAMS = {
    "linear, B = 1": {"data": "diabetes", "model": "linear", "batch_size": 1, "epochs": 2},
    "logistic, B = 32": {"data": "breast_cancer", "model": "logistic", "batch_size": 32, "epochs": 2},
    "softmax, full batch": {"data": "digits", "model": "softmax", "epochs": 20},
    "network of 4 layers, B = 1": {**NET, "depth": 4, "batch_size": 1},
    "network of 4 layers, B = 32": {**NET, "depth": 4, "batch_size": 32},
    "network of 4 layers, full batch": {**NET, "depth": 4},
    "network of 16 layers, B = 32": {**NET, "depth": 16, "batch_size": 32},
    "network of 4 layers, adam": {**NET, "depth": 4, "batch_size": 32, "optimizer": "adam"},
}


def _figures(axes, catalogue, parts, devices):
    rates = [10 ** (k / 4) for k in range(-12, 4)]
    grid = Grid({**axes, "learning_rate": rates, "seed": [0, 1], "probes": "norms"})
    (program,) = plan([grid], catalogue.describe, "footprint").programs
    compiled = Compiler(parts, devices)(program, catalogue.tables(program.static, program.lanes["seed"]))
    flops, accessed = compiled.cost
    operations = sum(executable.as_text().count(" = ") for executable in compiled.executables)
    return {"flops": flops, "bytes": accessed, "operations": operations, "memory": compiled.peak_bytes}


def _hold(name, found):
    if os.environ.get("GOLDEN_UPDATE"):
        stored = json.loads(PATH.read_text()) if PATH.exists() else {}
        stored.setdefault(VERSION, {})[name] = found
        PATH.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
        return
    if VERSION not in STORED:
        pytest.skip(f"footprint: no figures are stored for jax {VERSION}")
    for figure, value in found.items():
        before = STORED[VERSION][name][figure]
        assert value <= before * ALLOWED, f"{name}: {figure} rose from {before:g} to {value:g}"


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_costs_no_more_than_before(name, catalogue, parts, devices):
    if len(devices) != 2 or devices[0].platform != "cpu":
        pytest.skip("footprint: the figures are those of two CPU devices")
    _hold(name, _figures(PROGRAMS[name], catalogue, parts, devices))


@pytest.mark.parametrize("name", ["depth_activation_lr", "chi1_per_layer_ratio", "gd_1d_closed_form"])
def test_a_study_needs_no_more_programs_than_before(name, catalogue, parts):
    planned = plan(get(name).grids("full", catalogue.lookup), catalogue.describe, parts.hash)
    _hold(f"study {name}", {"programs": len(planned.programs)})
