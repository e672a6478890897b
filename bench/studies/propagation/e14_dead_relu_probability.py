"""E14: a ReLU unit with bias -c ||w|| is dead on m Gaussian rows with probability Phi(c)^m, and then stays dead.

Theory: z = w^T x - c ||w|| has w^T x / ||w|| ~ N(0, 1), independent over rows; all m are below c with probability
Phi(c)^m. Such a unit has gradient exactly 0 for weights and bias and never moves; a leaky ReLU has a slope everywhere
and no such region. Units of one network with orthonormal weights on Gaussian rows see independent inputs, since the
projections of a Gaussian vector on orthogonal directions are independent: 200 networks of 20 units are 4000 draws.
BIN is for probabilities between .05 and .98; elsewhere a count says nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, claim, exact, worst
from bench.studies import bugs

NEVER = Claim(
    "never", "units whose inputs fall into the hard saturation never update their weights: they die", "S0, S3"
)

UNITS, SEEDS = 20, list(range(200))
ROWS = {"full": [1, 8, 32, 256], "quick": [1, 32], "cell": [32]}
BIASES = [0.0, 1.0, 2.0, 3.0]  # c
STEPS = 1000
TRAINED = list(range(20))  # seeds that go on training
LIMITS = (0.05, 0.98)


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    table = {"data": "gaussian", "data.features": UNITS, "scaling": "raw", "model": "mlp", "depth": 1, "width": UNITS}
    net = {"init": "orthogonal", "init.hidden_bias": [-c for c in BIASES], "probe_rows": "all"}
    look = {"steps": 0, "checkpoints": "end", "probes": "unit_gradients", "seed": SEEDS}
    found = [Grid({**table, **net, **look, "activation": "relu", "data.rows": ROWS[profile]})]
    found.append(Grid({**table, **net, **look, "activation": "leaky_relu", "data.rows": [32], "seed": TRAINED}))
    train = {"steps": STEPS, "learning_rate": 0.1, "probes": [("parameters", "unit_gradients")], "seed": TRAINED}
    if profile != "cell":
        found.append(Grid({**table, **net, **train, "activation": "relu", "data.rows": [32], "checkpoints": "end"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    dead: dict[tuple[str, float, int], list[Any]] = defaultdict(list)
    at_start = {}
    for run, steps, slopes in evidence.vector("unit_delta"):
        if steps[-1] > 0:
            at_start[run.run] = slopes[0] == 0
        else:
            dead[run.activation, -run["init.hidden_bias"], run["data.rows"]].append(slopes[0] == 0)
    chances = {cell: ndtr(cell[1]) ** cell[2] for cell in dead if cell[0] == "relu"}
    counted = {cell: p for cell, p in chances.items() if LIMITS[0] <= p <= LIMITS[1]}
    found = [
        binomial(f"c = {cell[1]:g}, {cell[2]} rows: dead units", int(np.sum(dead[cell])), np.size(dead[cell]), p,
                 cells=len(counted))
        for cell, p in counted.items()
    ]  # fmt: skip
    leaky = np.concatenate([np.ravel(units) for cell, units in dead.items() if cell[0] != "relu"])
    found.append(exact("dead units of a leaky ReLU", float(np.sum(leaky)), 0, 0, seeds=leaky.size))
    moved, units = _moved(evidence, at_start)
    if at_start:
        found.append(exact(f"units dead at the start that {STEPS} steps move", moved, 0, 0, scale=1, seeds=units))
    return [
        *found,
        claim(NEVER, "SUPPORTED" if worst(found) == "PASS" else "REFUTED", rule="dead units, and their end"),
    ]


def _moved(evidence: Evidence, at_start: dict[Any, Any]) -> tuple[int, int]:
    """How many of the units without a gradient at the start have other bits at the end, and how many there were."""
    moved = units = 0
    for run, _, theta in evidence.vector("parameter"):
        first = theta[:, : UNITS * (UNITS + 1)].reshape(len(theta), UNITS + 1, UNITS)  # bias, then weights by input
        other = np.any(first[0] != first[-1], axis=0)
        moved, units = moved + int(np.sum(other & at_start[run.run])), units + int(np.sum(at_start[run.run]))
    return moved, units


def _leaking(activation: Any) -> Any:
    from jax import numpy as jnp  # noqa: PLC0415 - listing the studies must not start JAX

    return activation._replace(apply=lambda z, constants: jnp.where(z > 0, z, z / 1000))


STUDY = Study(
    id="E14",
    name="dead_relu_probability",
    title="How likely is a ReLU unit to be dead, and can it come back?",
    claims=(NEVER,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("a leaky ReLU of slope 1e-3 is labelled ReLU", bugs.replace("activations", "relu", _leaking)),),
    figures=(Figure("dead units", "findings", "quantity", "measured"),),
)
