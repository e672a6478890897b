"""E23: without a nonlinear activation a deep network is a linear model; with one it can compute the exclusive or.

Theory: W_1 W_2 ... W_L is one matrix, so that layers without a nonlinear activation leave the affine functions of x as
they are, and the least squared error of the network is that of linear regression, with the same outputs. On the
exclusive or, rows (+-1, +-1), every affine function has at least one row on the wrong side; least squares answers 1/2
everywhere, and the cross-entropy is least, ln 2, at weights 0. Two tanh units suffice for it (Rumelhart, Hinton and
Williams 1986), though not from every start.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign, worst
from bench.studies import bugs
from bench.theory import oracles

DEPTH = Claim("depth", "it is the nonlinear activation that gives depth a meaning", "S0, S3")
XOR = Claim("xor", "a multilayer perceptron solves the exclusive or, a linear model cannot", "S0, S3")

SEEDS = list(range(20))
DEPTHS = {"full": [1, 2, 4], "quick": [2], "cell": [1]}
CURVED = {"full": ("tanh", "relu"), "quick": ("tanh",), "cell": ()}
BENT = 1e-2  # distance of outputs from an affine function of x, relative to their spread
SOLVED = 0.02  # cross-entropy of an exclusive or that is learned


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    seeds = SEEDS if profile != "cell" else SEEDS[:4]
    run = {"model": "mlp", "dtype": "float64", "seed": seeds, "probes": "outputs", "probe_rows": "all"}
    fit = {"data": "diabetes", "width": 4, "optimizer": "bfgs", "checkpoints": "end", "depth": DEPTHS[profile]}
    found = [Grid({**run, **fit, "steps": 300, "activation": "identity"})]
    rows = {"data": "xor", "data.rows": 4, "data.noise": 0.0, "scaling": "raw", "width": 2}
    descent = {"steps": 4000, "checkpoints": "log", "learning_rate": 0.5}
    losses = {"loss": ["binary_cross_entropy", "half_squared_error"], "activation": "identity"}
    found.append(Grid({**run, **rows, **descent, **losses, "depth": [0, 1] if profile != "cell" else [0]}))
    for name in CURVED[profile]:
        found.append(Grid({**run, **fit, "steps": 0, "activation": name}))
        found.append(Grid({**run, **rows, **descent, "loss": "binary_cross_entropy", "activation": name, "depth": 1}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    straight, bent = _functions(evidence)
    linear, solved = _exclusive_or(evidence)
    depth = worst(straight) == "PASS" and all(f.impl == "PASS" for f in bent)
    xor = worst(linear) == "PASS" and all(f.impl == "PASS" for f in solved)
    return [
        *(straight + bent + linear + solved),
        claim(DEPTH, "SUPPORTED" if depth else "REFUTED", rule="linear regression without it, at no depth with it"),
        claim(XOR, "SUPPORTED" if xor else "REFUTED", rule="solved by some networks, by no linear model"),
    ]


def _functions(evidence: Evidence) -> tuple[list[Finding], list[Finding]]:
    """Diabetes: networks without activation against linear regression, and how far others are from being affine."""
    table = evidence.data("diabetes")
    design = np.column_stack([np.ones(table.rows), table.x])
    fitted = design @ oracles.linear_regression(table.x, table.y)
    basis, spread = np.linalg.qr(design)[0], float(np.std(table.y))
    samples = defaultdict(list)
    for run, _, outputs in evidence.vector("output"):
        if run.data == "diabetes":
            samples[run.activation, run.depth].append(outputs[-1])
    straight, bent = [], []
    for (name, depth), own in samples.items():
        got, label, seeds = np.stack(own), f"{name}, {depth} hidden layers:", len(own)
        distance = np.max(np.abs(got - got @ basis @ basis.T), axis=1)
        if name == "identity":
            straight.append(exact(f"{label} distance from an affine function", distance, 0, 1e-10, spread, seeds=seeds))
            straight.append(exact(f"{label} outputs of linear regression", got, fitted, 1e-5, spread, seeds=seeds))
        else:
            bent.append(sign(f"{label} distance from an affine function", distance / np.std(got, axis=1) - BENT))
    return straight, bent


def _exclusive_or(evidence: Evidence) -> tuple[list[Finding], list[Finding]]:
    """What models without an activation end at, and how many of the others learn the exclusive or."""
    ends, losses, accuracies = defaultdict(list), defaultdict(list), defaultdict(list)
    for run, _, outputs in evidence.vector("output"):
        if run.data == "xor":
            ends[run.activation, run.depth, run.loss].append(outputs[-1])
    for run, _, values in evidence.curve("train_loss"):
        losses[run.activation, run.depth, run.loss].append(values[-1])
    for run, _, values in evidence.curve("train_accuracy"):
        accuracies[run.activation, run.depth, run.loss].append(np.max(values))
    linear, solved = [], []
    for (name, depth, loss), own in ends.items():
        label, cell = f"exclusive or, {name or 'no'} activation, {depth} hidden layers:", (name, depth, loss)
        if name not in (None, "identity"):
            share = float(np.mean(np.asarray(losses[cell]) < SOLVED))
            solved.append(bound(f"{label} some of 20 starts learn it", 1 / 20, share, tight=None, seeds=len(own)))
        elif loss == "half_squared_error":
            linear.append(exact(f"{label} outputs of least squares", own, 0.5, 1e-5, seeds=len(own)))
        else:
            linear.append(exact(f"{label} cross-entropy", losses[cell], np.log(2), 1e-5, seeds=len(own)))
            linear.append(bound(f"{label} best accuracy", accuracies[cell], 0.75, tight=None, seeds=len(own)))
    return linear, solved


STUDY = Study(
    id="E23",
    name="depth_needs_nonlinearity",
    title="What is depth worth without a nonlinear activation?",
    claims=(DEPTH, XOR),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("layers called linear apply ReLU", bugs.swapped("activations", "identity", "relu")),),
    figures=(Figure("only curved units learn it", "curves", "step", "train_loss", "activation", "depth", "xy"),),
)
