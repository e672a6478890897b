"""E16: from equal weights hidden units stay equal for ever; convex models do not mind where they start.

Theory: swapping two hidden units does not change the network, so the set of weights with equal units is invariant under
the gradient of every batch, and no batch noise leaves it. From zero weights tanh and ReLU pass no signal and no
gradient: only the output's bias moves, and the loss ends at the entropy of the classes. A disturbance of 1e-6 in the
biases breaks the symmetry and grows. A strictly convex loss has one minimiser, whatever the start.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign, worst
from bench.studies import bugs

CONVEX = Claim("convex", "zeros are a good start for linear and logistic regression", "S0")
SYMMETRIC = Claim("symmetric", "in a network that starts from zeros all hidden units stay identical for ever", "S0")

SEEDS, NET = list(range(8)), {"model": "mlp"}
CONSTANTS, NOISES = [0.0, 0.1], [0.0, 1e-6]  # every weight, and the standard deviation of the biases
BATCHES: dict[str, dict[str, Any]] = {
    "GD": {"split": "256/0", "steps": 500, "learning_rate": 0.5},
    "SGD": {"split": "1400/0", "steps": 3000, "learning_rate": 0.1, "batch_size": 16},
}
CELLS = {
    "full": [(name, batch) for name in ("tanh", "relu", "sigmoid") for batch in BATCHES],
    "quick": [("tanh", "GD"), ("sigmoid", "SGD")],
    "cell": [("tanh", "GD")],
}
EQUAL, BROKEN = 1e-7, 1e-3  # distance between units over weight: none, and what a disturbance of 1e-6 must reach


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "depth": 1, "width": 32, "init": "constant", "dtype": "float64"}
    seeds = SEEDS[:2] if profile == "cell" else SEEDS
    start = {"init.gain": CONSTANTS, "init.bias": NOISES, "seed": seeds}
    look = {"checkpoints": "log", "probes": "unit_spread"}
    found = [Grid({**net, **start, **look, **BATCHES[b], "activation": name}) for name, b in CELLS[profile]]
    table = {"model": "logistic", "data": "classes", "data.separation": 1.0, "scaling": "raw", "l2": 10.0}
    run = {"steps": 1000, "learning_rate": 1.0, "dtype": "float64", "checkpoints": "end", "probes": "parameters"}
    return [*found, Grid({**table, **run, "init": "normal", "init.gain": [0.0, 1.0], "seed": seeds})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    convex, symmetric = list(_convex(evidence)), [*_spread(evidence), *_entropy(evidence)]
    return [
        *(convex + symmetric),
        claim(CONVEX, "SUPPORTED" if worst(convex) == "PASS" else "REFUTED", rule="one minimiser from any start"),
        claim(SYMMETRIC, "SUPPORTED" if worst(symmetric) == "PASS" else "REFUTED", rule=f"unit spread below {EQUAL:g}"),
    ]


def _convex(evidence: Evidence) -> Iterator[Finding]:
    """The distance between the ends of runs from zeros and from random weights."""
    ends: dict[float, list[Any]] = defaultdict(list)
    for run, _, theta in evidence.vector("parameter"):
        ends[run["init.gain"]].append(theta[-1])
    apart = np.linalg.norm(np.subtract(ends[0.0], ends[1.0]), axis=1) / np.linalg.norm(ends[0.0], axis=1)
    yield exact("logistic: end of runs from zeros and from random weights", 1 + apart, 1, 1e-5, seeds=len(apart))


def _spread(evidence: Evidence) -> Iterator[Finding]:
    """Distances between hidden units: none without a disturbance, large with one."""
    size = {run.run: values[:, 0] for run, _, values in evidence.vector("weight_size")}
    equal, broken, zero = (defaultdict(list) for _ in range(3))
    for run, _, values in evidence.vector("unit_spread"):
        relative = values[:, 0] / np.maximum(size[run.run], 1e-300)
        name = f"{run.activation}, {'SGD' if run.steps == BATCHES['SGD']['steps'] else 'GD'}"
        if run["init.bias"] == 0:
            equal[f"{name}, all weights {run['init.gain']:g}"].append(np.max(relative))
            if run["init.gain"] == 0 and run.activation != "sigmoid":
                zero[name].append(np.max(size[run.run]))
        elif run["init.gain"] > 0:
            broken[name].append(relative[-1])
    for name, spreads in equal.items():
        yield bound(f"{name}: largest distance between units", spreads, EQUAL, tight=None, seeds=len(spreads))
    for name, sizes in zero.items():
        yield exact(f"{name}, all weights 0: largest weight ever", sizes, 0, 0, seeds=len(sizes))
    for name, ends in broken.items():
        yield sign(f"{name}: a disturbance of 1e-6 breaks the symmetry", np.asarray(ends) - BROKEN)


def _entropy(evidence: Evidence) -> Iterator[Finding]:
    """The loss of networks whose output bias alone moves."""
    found = defaultdict(list)
    for run, _, loss in evidence.curve("train_loss"):
        still = run.model == "mlp" and run["init.gain"] == 0 and run["init.bias"] == 0 and run.activation != "sigmoid"
        if still and run.steps == BATCHES["GD"]["steps"]:
            share = np.bincount(evidence.table(run).y) / evidence.table(run).rows
            found[run.activation].append(loss[-1] / -np.sum(share * np.log(share)))
    for name, ratios in found.items():
        yield exact(f"{name}, GD from zeros: loss over the entropy of the classes", ratios, 1, 1e-3, seeds=len(ratios))


def _noisy(init: Any) -> Any:
    return init._replace(weight=lambda draw: init.weight(draw) + 1e-3 * draw)


def _one_unit_still(gradient: Any) -> Any:
    first, *rest = gradient  # of a network; logistic regression has one layer
    return [{**first, "weight": first["weight"].at[:, 0].set(0)}, *rest] if rest else gradient


STUDY = Study(
    id="E16",
    name="zero_init_symmetry",
    title="What happens if all weights start equal?",
    claims=(CONVEX, SYMMETRIC),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the constant init adds noise to the weights", bugs.replace("inits", "constant", _noisy)),
        Mutant("dropout: one unit gets no gradient", bugs.replace("methods", "sgd", bugs.on_gradient(_one_unit_still))),
    ),
    figures=(Figure("J waits at ln 10", "curves", "step", "train_loss", "init.bias", "activation", "x", NET),),
)
