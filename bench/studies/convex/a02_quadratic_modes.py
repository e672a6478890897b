"""A02: gradient descent on linear regression converges geometrically, each direction at its own speed.

Theory: in the eigenbasis of H = X^T X / m, (e_k)_i = (1 - eta lambda_i)^k (e_0)_i, so that J - J* decays like
rho^(2k) with rho = max |1 - eta lambda_i| (Nesterov 2004, section 1.2; Boyd and Vandenberghe 2004, section 9.3).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, rate, worst
from bench.studies import bugs, lines
from bench.theory import quadratics

FALLS = "J falls until the slowest mode is alone"
GEOMETRIC = Claim("geometric", "gradient descent on linear regression converges geometrically", "S2")
SLOW_END = Claim("slow-end", "directions differ in speed; near the optimum only the slow ones are left", "S0, S2")

PROBLEMS: dict[str, dict[str, Any]] = {
    "diabetes": {"data": "diabetes"},
    "wine": {"data": "wine", "data.target": "number"},
    "iris": {"data": "iris", "data.target": "number"},
    "condition 10": {"data": "regression", "data.condition": 10.0, "scaling": "raw"},
    "condition 100": {"data": "regression", "data.condition": 100.0, "scaling": "raw"},
    "condition 10000": {"data": "regression", "data.condition": 1e4, "scaling": "raw"},
}
PROFILES = {"full": tuple(PROBLEMS), "quick": ("diabetes",), "cell": ("diabetes",)}
SPEEDS = (0.1, 0.5, 1.0, 1.9, 1.99)  # learning rates in units of 1 / L; the best one, 2 / (L + mu), is added
FOLLOWED = (*range(0, 21), *range(30, 201, 10))  # steps whose iterates are compared mode by mode
GOLDEN = np.array([[2.0, 2.0], [2.0, 4.0]])  # Hessian of x^2 + 2 y^2 + 2 x y: rho = sqrt(5) / 3 at the rate 1 / 3


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for name in PROFILES[profile]:
        axes = {key.removeprefix("data."): value for key, value in PROBLEMS[name].items()}
        mu, largest = quadratics.extremes(data(**axes).x)
        rates = [*(speed / largest for speed in SPEEDS), quadratics.best_rate(mu, largest)]
        base = {**PROBLEMS[name], "model": "linear", "dtype": "float64", "learning_rate": rates}
        follow = {"init": "normal", "steps": 200, "checkpoints": [FOLLOWED], "probes": "parameters"}
        found.append(Grid({**base, **follow, "seed": list(range(8))}))
        if profile != "cell" and largest / mu < 1e3:  # the tail, where one mode is left
            found.append(Grid({**base, "learning_rate": rates[2:], "steps": 8000, "checkpoints": 5, "probes": "off"}))
    if profile != "cell":
        bowl = {"surface.xx": GOLDEN[0, 0], "surface.xy": GOLDEN[0, 1], "surface.yy": GOLDEN[1, 1]}
        start = {"start.x": [1.0, -2.0], "start.y": [1.0, 0.5], "learning_rate": [1 / 3, 0.1]}
        run = {"steps": 60, "checkpoints": 1, "probes": "parameters", "dtype": "float64"}
        found.append(Grid({"model": "quadratic", **bowl, **start, **run}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found = [*_modes(evidence), *_tails(evidence)]
    verdict = "SUPPORTED" if worst(found) == "PASS" else "REFUTED"
    return [*found, claim(GEOMETRIC, verdict), claim(SLOW_END, verdict)]


def _modes(evidence: Evidence) -> Iterator[Finding]:
    """Every coordinate of the error in the eigenbasis, against its power law, relative to the first error."""
    cells = defaultdict(list)
    for run, steps, theta in evidence.vector("parameter"):
        if run.model == "quadratic":
            name, h, best = "x^2 + 2 y^2 + 2 x y", GOLDEN, np.zeros(2)
        else:
            table = evidence.table(run)
            name, h, best = _name(run), quadratics.hessian(table.x), quadratics.minimiser(table.x, table.y)
        got = (theta - best) @ np.linalg.eigh(h)[1]
        want = quadratics.modes(h, theta[0] - best, run.learning_rate, steps)
        cells[name].append(np.max(np.abs(got - want)) / np.linalg.norm(theta[0] - best))
    for name, errors in cells.items():
        label = f"{name}: error of every mode, relative to the start"
        yield exact(label, 1 + np.asarray(errors), 1, 1e-8, seeds=8)


def _tails(evidence: Evidence) -> Iterator[Finding]:
    """The decay of J - J*, once the slowest mode is alone and well above the rounding of J."""
    for run, steps, loss in evidence.curve("train_loss"):
        if run.model != "linear" or steps[-1] != 8000:
            continue
        table = evidence.table(run)
        rho = quadratics.spectral_radius(*quadratics.extremes(table.x), run.learning_rate)
        least = quadratics.loss(table.x, table.y, quadratics.minimiser(table.x, table.y))
        floor = 1e-15 * least + 1e-26 * loss[0]  # J - J* cannot be resolved below the rounding of J*
        label = f"{_name(run)}: decay of J - J* at learning rate {run.learning_rate:.4g}"
        window = {"floor": floor, "start": 1e-8 if run.data != "regression" else 1e-16}
        yield rate(label, steps, loss - least, 2 * np.log(rho), 1e-3, **window)


def _name(run: Any) -> str:
    return run.data if run.data != "regression" else f"condition {run['data.condition']:g}"


def _without_first(gradient: Any) -> Any:
    layer = gradient[0]
    return [{**layer, "weight": layer["weight"].at[0].set(0)}]


STUDY = Study(
    id="A02",
    name="quadratic_modes",
    title="How fast does gradient descent converge on linear regression?",
    claims=(GEOMETRIC, SLOW_END),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the gradient is not divided by m", bugs.replace("losses", "half_squared_error", bugs.summed)),
        Mutant("one feature's gradient is dropped", bugs.replace("methods", "sgd", bugs.on_gradient(_without_first))),
    ),
    figures=(Figure(FALLS, "curves", "step", "train_loss", "learning_rate", "data", "xy", {}, lines.LOSS),),
)
