"""How long the usual things take: `make speed` times them, the other tests run them once to see that they work."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.measure import Compiler, execute
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid

ROOT = Path(__file__).parents[2]

SEEDS, RATES = [0, 1, 2, 3], [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
GRIDS = {
    "linear": {"data": "diabetes", "model": "linear", "batch_size": 1, "epochs": 5},
    "logistic": {"data": "breast_cancer", "model": "logistic", "batch_size": 1, "epochs": 5},
    "mlp": {
        "data": "digits",
        "split": "1437/360",
        "model": "mlp",
        "depth": 4,
        "width": 32,
        "activation": "tanh",
        "batch_size": 32,
        "epochs": 2,
    },
}


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.benchmark(group="training")
def test_training_a_warm_grid(name, benchmark, catalogue, parts, devices):
    """32 runs, compiled before the clock starts; the time includes making the inputs and reading the outcome."""
    axes = {**GRIDS[name], "learning_rate": RATES, "seed": SEEDS, "probes": "off", "checkpoints": "end"}
    programs = plan([Grid(axes)], catalogue.describe, "speed").programs
    tables = {p.key: catalogue.tables(p.static, p.lanes["seed"]) for p in programs}
    compiler = Compiler(parts, devices)

    def train():
        return list(execute(programs, lambda p: tables[p.key], compiler))

    train()
    done = benchmark(train)
    assert sum(len(one.outcome.runs["first_bad_step"]) for one in done) == len(RATES) * len(SEEDS)


@pytest.mark.parametrize("name", ["linear", "mlp"])
@pytest.mark.benchmark(group="compiling", min_rounds=3)
def test_compiling_a_program(name, benchmark, catalogue, parts, devices):
    (program,) = plan([Grid({**GRIDS[name], "learning_rate": RATES})], catalogue.describe, "speed").programs
    tables = catalogue.tables(program.static, program.lanes["seed"])
    compiled = benchmark(lambda: Compiler(parts, devices)(program, tables, fresh=True))
    assert compiled.executables


@pytest.mark.benchmark(group="planning", min_rounds=3)
def test_planning_a_hundred_thousand_runs(benchmark, parts):
    grid = Grid(
        {
            "data": "digits",
            "model": "mlp",
            "depth": [1, 2, 4, 8, 16],
            "activation": ["sigmoid", "tanh", "relu", "gelu"],
            "batch_size": ["full", 1, 32, 128],
            "optimizer.momentum": [0.0, 0.5, 0.9, 0.99, 0.999],
            "optimizer": "momentum",
            "learning_rate": [10 ** (k / 4) for k in range(-16, 9)],
            "seed": list(range(10)),
        }
    )
    found = benchmark(lambda: plan([grid], Catalogue(parts).describe, "speed"))
    assert found.runs == 5 * 4 * 4 * 5 * 25 * 10
    assert len(found.programs) == 5 * 4 * 4


@pytest.mark.benchmark(group="command line")
def test_help(benchmark):
    """`--help`, from the start of the interpreter."""
    benchmark(subprocess.run, [sys.executable, "-m", "bench.run", "--help"], cwd=ROOT, capture_output=True, check=True)
