"""F11: on few rows deep ReLU networks predict worse than shallow ones, and yet fit the rows better: nothing holds them.

Theory: with more parameters than rows a network from an orthogonal start reaches a training loss of nearly 0 at every
depth (Saxe et al. 2014; Zhang et al. 2017), and 0 is the infimum of the cross-entropy. A worse test accuracy then is a
matter of generalisation; a bad local optimum would show as a training loss that stays up.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, sign
from bench.studies import bugs

WORSE = Claim("worse", "with limited data deep networks do worse than shallow ones", "S3", "CONDITIONAL")
STUCK = Claim("stuck", "deep networks on few rows fall into local optima, that is, they overfit", "S3", "REFUTED")

DEPTHS = [1, 2, 4, 8, 16]
CELLS = {
    "full": {("relu", 50): DEPTHS, ("relu", 200): DEPTHS, ("tanh", 50): DEPTHS, ("tanh", 200): [1, 2, 4, 8]},
    "quick": {("relu", 50): [1, 8], ("tanh", 200): [1, 8]},
    "cell": {("relu", 50): [1]},
}
GAINS = {"relu": 2.0**0.5, "tanh": 1.0}
SHALLOW, DEEP, SEEDS, FITTED = 1, 8, 12, 0.05


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"constant_columns": "keep", "normalize_rows": 1.0, "batch_size": "full"}
    net = {"model": "mlp", "width": 64, "init": "orthogonal", "seed": list(range(SEEDS))}
    net["lanes"] = SEEDS // 2  # a chunk for each of two cores
    run = {"steps": 600, "checkpoints": "end", "probes": "off", "learning_rate": 0.05}
    return [
        Grid({**rows, **net, **run, "activation": name, "init.gain": GAINS[name], "split": f"{n}/397", "depth": depths})
        for (name, n), depths in CELLS[profile].items()
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    test, train, loss = (_cells(evidence, name) for name in ("test_accuracy", "train_accuracy", "train_loss"))
    found, drops, fell, fits = [], {}, [], []
    for cell, own in test.items():
        gap = np.concatenate([train[cell][depth] - accuracy for depth, accuracy in own.items()])
        found.append(sign(f"{cell}: train accuracy above test accuracy by 5 %", gap - 0.05, least=gap.size))
        every = np.concatenate([*loss[cell].values()])
        found.append(bound(f"{cell}: train loss at any depth, / {FITTED}", every, FITTED, tight=None, seeds=SEEDS))
        if DEEP not in own:
            continue
        fits.append(sign(f"{cell}: train loss of 1 layer less that of 8", loss[cell][SHALLOW] - loss[cell][DEEP]))
        drops[cell] = float(np.mean(own[SHALLOW] - own[DEEP]))
        fell.append(sign(f"{cell}: test accuracy of 1 layer less that of 8", own[SHALLOW] - own[DEEP]))
        found += fell[-1:] if "ReLU" in cell else ()
        if "ReLU" in cell and len(own) > 2:
            order = np.corrcoef(stats.rankdata([accuracy.mean() for accuracy in own.values()]), range(len(own)))[0, 1]
            found.append(bound(f"{cell}: 0.9 / - rank correlation of depth and test accuracy", 0.9, -order, None))
    if not drops:
        return found
    share = float(np.mean([finding.impl == "PASS" for finding in fell]))
    worse = "SUPPORTED" if share == 1 else "CONDITIONAL" if share else "REFUTED"
    stuck = "REFUTED" if all(fit.impl == "PASS" for fit in fits) else "SUPPORTED"
    region = "ReLU; 8 layers lose " + ", ".join(f"{drop:.3f} ({cell})" for cell, drop in drops.items())
    better = float(np.mean([fit.measured for fit in fits]))
    return [
        *found,
        *fits,
        claim(WORSE, worse, share, 1.0, "share of cells whose 8 layers are less accurate than 1", region),
        claim(STUCK, stuck, better, 0.0, "share of seeds in which 8 layers fit the rows better than 1"),
    ]


def _cells(evidence: Evidence, column: str) -> dict[str, dict[int, Any]]:
    """The last value of a column by activation and rows, by depth, (seeds,)."""
    found: Any = defaultdict(lambda: defaultdict(list))
    for run, _, value in evidence.curve(column):
        name = f"{'ReLU' if run.activation == 'relu' else run.activation}, {run.split.split('/')[0]} rows"
        found[name][run.depth].append(value[-1])
    return {cell: {depth: np.array(own) for depth, own in sorted(cells.items())} for cell, cells in found.items()}


def _leaking(source: Any) -> Any:
    """Every row beyond the first 50 of the split's permutation is a copy of one of these."""

    def make(*given: Any) -> Any:
        raw = source.make(*given)
        order = np.random.default_rng(0).permutation(len(raw.x))
        copied = np.empty_like(order)
        copied[order] = order[np.arange(len(order)) % 50]
        return raw._replace(x=raw.x[copied], y=raw.y[copied])

    return replace(source, make=make)


STUDY = Study(
    id="F11",
    name="limited_data_depth",
    title="Why do deep networks do worse on few rows?",
    claims=(WORSE, STUCK),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the test rows are among the train rows", bugs.replace("data", "digits", _leaking)),),
    figures=(Figure("worse with depth", "runs", "depth", "final_test_accuracy", "activation", "split", "x"),),
)
