"""D01: does an L2 penalty shrink the weights by a constant factor per step, and leave the bias alone?

Theory: descent on the penalised loss is w <- (1 - eta l2 / m) w - eta dL/dw, b <- b - eta dL/db, for linear and
logistic regression alike (Krogh and Hertz 1992); its limit is that of scikit-learn's Ridge(alpha=l2) and
LogisticRegression(C=1/l2). On centred columns mode i decays like 1 - eta (lambda_i + l2 / m) and the bias like
1 - eta, and a shift of all targets by c moves the bias by c (1 - (1 - eta)^k) and no weight.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, rate, worst
from bench.studies import bugs, lines
from bench.theory import logistic, oracles, quadratics, ridge

SHRINK = Claim("shrink", "a penalised step multiplies each weight by 1 - eta l2 / m, slightly below 1", "S0")
FREE_BIAS = Claim("free-bias", "the bias is not penalised", "S0")
SAME_FORM = Claim("same-form", "the regularised updates of linear and logistic regression look the same", "S0")

PENALTIES = (0.0, 0.1, 1.0, 10.0, 100.0)
LOGISTIC = {"full": (PENALTIES[1:], 5000), "quick": (PENALTIES[2:], 800), "cell": ((10.0, 100.0), 200)}
LINEAR = {"full": PENALTIES, "quick": PENALTIES, "cell": (0.0, 10.0)}
LINEAR_STEPS = 5000  # at the best rate, condition 470: the error falls by 1e-9
OFFSET = 100.0  # added to every target


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    x = data("diabetes").x
    rates = [quadratics.best_rate(*quadratics.extremes(x, l2)) for l2 in LINEAR[profile]]
    offsets = [0.0] if profile == "cell" else [0.0, OFFSET]
    linear = {"model": "linear", "data": "diabetes", "data.offset": offsets, "l2": list(LINEAR[profile])}
    penalties, steps = LOGISTIC[profile]
    logit = {"model": "logistic", "data": "breast_cancer", "l2": list(penalties)}
    speeds = [0.95 * logistic.best_rate(data("breast_cancer").x, data("breast_cancer").y, l2) for l2 in penalties]
    return [_grid(linear, rates, LINEAR_STEPS), _grid(logit, speeds, steps)]


def _grid(axes: dict[str, Any], rates: Sequence[float], steps: int) -> Grid:
    record = {"checkpoints": [(*range(41), *range(50, steps + 1, 50))], "probes": "parameters"}
    run = {"init": "normal", "dtype": "float64", "steps": steps, "learning_rate": list(rates)}
    return Grid({**axes, **run, **record}, zipped=[("l2", "learning_rate")])


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = list(evidence.vector("parameter"))
    logit = [path for path in paths if path[0].model == "logistic"]
    linear = [path for path in paths if path[0].model == "linear" and path[0]["data.offset"] == 0]
    moved = [path for path in paths if path[0].model == "linear" and path[0]["data.offset"] == OFFSET]
    updates = [_updates(evidence, own) for own in (linear, logit)]
    free = [_limit(evidence, path) for path in (*linear, *logit)]
    free += [finding for path in linear for finding in _rates(evidence, path)]
    free += [_shift(linear, moved)] if moved else []
    factor = min(1 - run.learning_rate * run.l2 / evidence.table(run).rows for run, _, _ in (*linear, *logit))
    shrinks = worst(updates) == "PASS"
    held = {SHRINK: shrinks and factor > 0.5, FREE_BIAS: worst(free) == "PASS", SAME_FORM: shrinks}
    return [*updates, *free, *(claim(about, "SUPPORTED" if yes else "REFUTED") for about, yes in held.items())]


def _updates(evidence: Evidence, paths: Sequence[Any]) -> Finding:
    """The first 40 steps of each run against the shrinking step, the slope of the loss computed from the data."""
    got, want, model = [], [], paths[0][0].model
    for run, _, theta in paths:
        table = evidence.table(run)
        slope = {"linear": quadratics.gradient, "logistic": logistic.gradient}[model]
        slopes = np.stack([slope(table.x, table.y, point) for point in theta[:40]])
        got.append(theta[1:41])
        want.append(ridge.shrunk_step(theta[:40], slopes, run.learning_rate, run.l2, table.rows))
    return exact(f"{model}: every step is the shrinking step", got, want, 1e-10, np.abs(want).max())


def _limit(evidence: Evidence, path: Any) -> Finding:
    run, table = path[0], evidence.table(path[0])
    oracle = {"linear": oracles.ridge, "logistic": oracles.logistic_regression}[run.model]
    best = oracle(table.x, table.y, run.l2)
    return exact(f"{run.model}, l2 = {run.l2:g}: limit by scikit-learn", path[2][-1], best, 1e-6, np.linalg.norm(best))


def _rates(evidence: Evidence, path: Any) -> Iterator[Finding]:
    """Decay of the bias and of the slowest weight mode; each is one power, so the window opens at once."""
    (run, steps, theta), table = path, evidence.table(path[0])
    error = theta - quadratics.minimiser(table.x, table.y, run.l2)
    modes = error[:, 1:] @ np.linalg.eigh(table.x.T @ table.x / table.rows)[1]
    slopes, floor = np.log(np.abs(ridge.mode_factors(table.x, run.learning_rate, run.l2))), 1e-14 * np.abs(error).max()
    for name, series, slope in (("bias", error[:, 0], slopes[0]), ("slowest weight mode", modes[:, 0], slopes[1])):
        yield rate(f"l2 = {run.l2:g}: decay of the {name}", steps, np.abs(series), slope, 1e-3, floor, start=1.0)


def _shift(plain: Sequence[Any], moved: Sequence[Any]) -> Finding:
    """What an offset of the targets does to every parameter at every checkpoint, in units of the offset."""
    got = np.stack([far - near for (_, _, near), (_, _, far) in zip(plain, moved, strict=True)]) / OFFSET
    want = np.zeros_like(got)
    want[:, :, 0] = [1 - (1 - run.learning_rate) ** steps for run, steps, _ in plain]
    return exact("parameters moved by an offset of the targets, by penalty, step and index", got, want, 1e-10, 1)


def _not_divided(old: Any) -> Any:
    return old._replace(make=lambda *given: old.make(*given)._replace(weights=lambda p: (442**0.5 * p[0]["weight"],)))


STUDY = Study(
    id="D01",
    name="l2_shrink_and_free_bias",
    title="Does an L2 penalty shrink the weights by a constant factor per step and leave the bias alone?",
    claims=(SHRINK, FREE_BIAS, SAME_FORM),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the bias is penalised as well", bugs.replace("models", "linear", bugs.penalised_bias)),
        Mutant("the factor is 1 - eta l2, not 1 - eta l2 / m", bugs.replace("models", "linear", _not_divided)),
    ),
    figures=(Figure("J of each penalty", "curves", "step", "train_loss", "l2", "model", "xy", {}, lines.LOSS),),
)
