"""A03: at which learning rate does gradient descent on linear regression start to diverge, and which one is best?

Theory: it converges from every start iff 0 < eta < 2 / L, L the largest eigenvalue of H = X^T X / m; at (1 + eps) 2 / L
the steepest mode grows like (1 + 2 eps)^k. The steps to a tolerance are U-shaped in eta, least at 2 / (L + mu)
(Nesterov 2004, section 1.2; Boyd and Vandenberghe 2004, section 9.3).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study, Table
from bench.stats import bisect, claim, exact, worst
from bench.stats.bracket import bracket, inside
from bench.studies import bugs, lines
from bench.theory import oracles, quadratics

TOO_LARGE = Claim("too-large", "a learning rate that is too large makes gradient descent diverge", "S1, S2, S4")
LEFT = "The loss left falls, up to 2 / L"
TOO_SMALL = Claim("too-small", "a learning rate that is too small makes it slow", "S1, S2, S4")

STEPS = {"diabetes": 5000, "wine": 2000, "iris": 2000, "breast_cancer": 2000, "digits": 1600}
"""Steps per data set: e^(4 eps k) tells 0.1 % above 2 / L from below, and all but breast_cancer (condition 1e5) end."""
PROFILES = {"full": tuple(STEPS), "quick": ("diabetes", "iris"), "cell": ("iris",)}
SPEEDS = np.geomspace(0.05, 3, 40)  # in units of 2 / L
NOTCH = SPEEDS[1] / SPEEDS[0] - 1
NEAR = np.linspace(0.91, 1.1, 23)  # closer to the threshold; with the best rate, 64 lanes
RATIO = 1e-3  # of the errors, for the curve of steps


def _grid(data: str, rates: Sequence[float]) -> Grid:
    target = {} if data == "diabetes" else {"data.target": "number"}
    record = {"checkpoints": [(STEPS[data] // 2, STEPS[data])], "probes": [("gradient_norm", "parameters")]}
    run = {"model": "linear", "init": "normal", "dtype": "float64", "probe_rows": "all", "steps": STEPS[data]}
    return Grid({"data": data, **target, **run, **record, "learning_rate": list(rates)})


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for name in PROFILES[profile]:
        mu, largest = quadratics.extremes(data(name).x)
        found.append(_grid(name, [*SPEEDS * 2 / largest, *NEAR * 2 / largest, quadratics.best_rate(mu, largest)]))
    return found


def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
    """One more round of 64 lanes, inside the bracket of the first."""
    if completed > 0:
        return ()
    found = ((name, bracket(*_sides(evidence, name))) for name in evidence.runs["data"].unique())
    return [_grid(name, inside(*gap, 64)) for name, gap in found if gap]


def _sides(evidence: Evidence, name: str) -> tuple[list[float], list[bool]]:
    """The learning rates, and whether the gradient still fell over the second half of the run."""
    runs = [(run, norm) for run, _, norm in evidence.curve("gradient_norm") if run.data == name]
    falls = [run.status != "diverged" and bool(norm[-1] <= max(norm[-2], 1e-10 * norm[0])) for run, norm in runs]
    return [run.learning_rate for run, _ in runs], falls


def judge(evidence: Evidence) -> Sequence[Finding]:
    thresholds, ends, left = [], [], []
    for name in evidence.runs["data"].unique():
        low, high = bracket(*_sides(evidence, name)) or (np.nan, np.nan)
        limit = 2 / quadratics.extremes(evidence.data(name).x)[1]
        thresholds.append(bisect(f"{name}: learning rate above which the gradient grows", low, high, limit, 2e-3))
        own = [item for item in evidence.vector("parameter") if item[0].data == name]
        stable = sorted((item for item in own if item[0].learning_rate < limit), key=lambda item: item[0].learning_rate)
        findings, ratio = _ends(name, evidence.table(stable[0][0]), stable)
        ends, left = [*ends, *findings], [*left, ratio]
    grows = "SUPPORTED" if worst(thresholds) == "PASS" else "REFUTED"
    slow = "SUPPORTED" if min(left) > 1 else "REFUTED"
    return [
        *thresholds,
        *ends,
        claim(TOO_LARGE, grows),
        claim(TOO_SMALL, slow, min(left), None, "error left, ratio > 1"),
    ]


def _ends(name: str, table: Table, stable: Sequence[Any]) -> tuple[list[Finding], float]:
    """The last iterates against theory, and the error that the smallest rate leaves, relative to the best rate's."""
    h, (mu, largest) = quadratics.hessian(table.x), quadratics.extremes(table.x)
    best_rate, best = quadratics.best_rate(mu, largest), oracles.linear_regression(table.x, table.y)
    run, steps, theta = min(stable, key=lambda item: abs(item[0].learning_rate - best_rate))
    start, vectors = theta[0] - best, np.linalg.eigh(h)[1]
    got = np.stack([(path[-1] - best) @ vectors for _, _, path in stable])
    want = np.stack([quadratics.modes(h, start, own.learning_rate, steps[-1:])[0] for own, _, _ in stable])
    label = f"{name}: every mode at the end, minimiser by LinearRegression"
    found = [exact(label, got, want, 1e-8, np.linalg.norm(start))]
    if quadratics.spectral_radius(mu, largest, run.learning_rate) ** steps[-1] < 1e-9:
        found.append(exact(f"{name}: theta and intercept at the end", theta[-1], best, 1e-8, np.linalg.norm(best)))
    rates = SPEEDS[SPEEDS < 1] * 2 / largest
    fastest = rates[np.argmin([quadratics.steps_to(h, start, rate, RATIO, 10**8) for rate in rates])]
    found.append(exact(f"{name}: learning rate with the fewest steps to {RATIO:g}", fastest, best_rate, NOTCH))
    return found, float(np.linalg.norm(got[0]) / np.linalg.norm(theta[-1] - best))


def _without_bias(gradient: Any) -> Any:
    return [{**gradient[0], "bias": 0 * gradient[0]["bias"]}]


STUDY = Study(
    id="A03",
    name="lr_divergence_threshold",
    title="At which learning rate does gradient descent start to diverge?",
    claims=(TOO_LARGE, TOO_SMALL),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    refine=refine,
    mutants=(
        Mutant("the gradient is not divided by m", bugs.replace("losses", "half_squared_error", bugs.summed)),
        Mutant("the bias column is missing", bugs.replace("methods", "sgd", bugs.on_gradient(_without_bias))),
    ),
    figures=(Figure(LEFT, "runs", "learning_rate", "final_train_loss", "data", None, "xy", theory=lines.LAST_LOSS),),
)
