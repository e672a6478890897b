"""B14: can stochastic descent with a fixed learning rate converge?

Theory: where some theta* fits every row, each row's gradient vanishes there, noise and all. Single-row descent with
eta <= 1 / R^2, R^2 = max ||x_i||^2, then shrinks E ||theta - theta*||^2 at every step by 1 - eta (2 - eta R^2) s^2 / m,
s the least singular value of X that is not 0: randomised Kaczmarz where eta = 1 / R^2 and all rows have one norm
(Strohmer and Vershynin 2009, theorem 2). Its limit is X^+ y plus what the start has in the null space of X, which no
step touches. With noise that no theta fits, rows keep their gradients at the minimum, and a floor remains.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.theory import interpolation, quadratics

WANDERS = Claim(
    "wanders", "stochastic descent with a fixed learning rate does not converge, it only wanders", "S2", "CONDITIONAL"
)

SEEDS = 8
WIDE = {"data.rows": 20, "data.features": 50, "data.noise": 0.0}  # some parameters fit all rows
TALL = {"data.rows": 200, "data.features": 10, "data.noise": 1.0}  # none do
SPEEDS = {"full": (0.25, 0.5, 1.0), "quick": (0.25, 1.0), "cell": (1.0,)}  # eta R^2
STEPS = {"full": 100_000, "quick": 100_000, "cell": 10_000}
LEFT = 1e-6  # of the initial excess loss: less would be convergence

LATE = {"data.noise": 1.0, "step": range(1, max(STEPS.values()) + 1)}
FLOOR = "Where none do, a floor remains"


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    steps = STEPS[profile]
    run = {"data": "gaussian", "scaling": "raw", "normalize_rows": 1.0, "model": "linear", "bias": False}
    run |= {"dtype": "float64", "batch_size": 1, "order": "replacement", "seed": list(range(SEEDS)), "steps": steps}
    wide, tall = ([speed / rows["data.features"] for speed in SPEEDS[profile]] for rows in (WIDE, TALL))
    looks = (*range(250, 5001, 250), *np.linspace(steps // 2, steps, 101, dtype=int).tolist())
    start = {"init": "normal", "init.gain": [0.0, 1.0], "probes": "parameters", "checkpoints": [looks[:20]]}
    return [
        Grid({**run, **WIDE, **start, "learning_rate": wide}),
        Grid({**run, **TALL, "learning_rate": tall, "probes": "off", "checkpoints": [looks[20:]]}),
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    runs = [(run, evidence.table(run), steps, theta) for run, steps, theta in evidence.vector("parameter")]
    converges, floor = list(_converges(runs)), _floor(evidence)
    held = "CONDITIONAL" if floor.impl == "PASS" else "REFUTED"
    verdict, rule = held if worst(converges) == "PASS" else "SUPPORTED", "share of noisy runs with a floor"
    return [*converges, floor, claim(WANDERS, verdict, floor.measured, 1.0, rule, "no parameters fit every row")]


def _converges(runs: Sequence[Any]) -> Iterator[Finding]:
    for rate in sorted({run.learning_rate for run, *_ in runs}):
        own = [item for item in runs if item[0].learning_rate == rate]
        ends, limits, ratios, kept = [], [], [], []
        for _, table, steps, theta in own:
            limit = interpolation.limit(table.x, table.y, theta[0])
            error = np.sum((theta - limit) ** 2, axis=1)
            shrunk = error[0] * interpolation.shrinkage(table.x, rate) ** steps
            ratios.append(np.where(steps <= 5000, error / np.maximum(shrunk, 1e-24 * error[0]), 0)[1:])
            null = np.linalg.svd(table.x)[2][len(table.x) :]
            kept.append(np.abs((theta - theta[0]) @ null.T).max() / np.abs(limit).max())
            ends, limits = [*ends, theta[-1]], [*limits, limit]
        label = f"eta R^2 = {rate * WIDE['data.features']:g}"
        yield exact(
            f"{label}: limit is X^+ y plus the start's null space",
            ends,
            limits,
            1e-6,
            np.abs(limits).max(),
            seeds=SEEDS,
        )
        yield exact(f"{label}: what the start has in the null space stays", kept, 0, 1e-10, 1, seeds=SEEDS)
        yield bound(f"{label}: mean ||theta - theta*||^2 / its bound", np.mean(ratios, axis=0), 1, None, seeds=SEEDS)


def _floor(evidence: Evidence) -> Finding:
    """The excess loss over the second half of a run on rows that nothing fits."""
    left = []
    for run, steps, loss in evidence.curve("train_loss"):
        if run["data.noise"] > 0:
            table = evidence.table(run)
            best = quadratics.minimiser(table.x, table.y, bias=False)
            excess = loss - quadratics.loss(table.x, table.y, best, bias=False)
            left.append(excess[steps >= steps[-1] / 2].mean() / excess[0] - LEFT)
    return sign(f"with noise: over {LEFT:g} of the excess loss is left", left, least=len(left))


def _decayed(method: Any) -> Any:
    """Weight decay that nobody asked for."""
    with_decay = bugs.leafwise(lambda g, w: g + 1e-3 * w)

    def make(hyper: Any) -> Any:
        right = method.make(hyper)
        return right._replace(update=lambda g, state, params, **_: right.update(with_decay(g, params), state, params))

    return method._replace(make=make)


STUDY = Study(
    id="B14",
    name="interpolation_sgd",
    title="Can stochastic descent with a fixed learning rate converge?",
    claims=(WANDERS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("weight decay is on", bugs.replace("methods", "sgd", _decayed)),),
    figures=(
        lines.DISTANCES,
        Figure(FLOOR, "curves", "step", "train_loss", "learning_rate", None, "", LATE, lines.FLOOR),
    ),
)
