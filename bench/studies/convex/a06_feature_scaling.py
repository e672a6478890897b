"""A06: how much does gradient descent on linear regression gain from scaled features?

Theory: at the best rate 2 / (L + mu) it takes at most ln(1/eps) / ln((kappa + 1) / (kappa - 1)) steps to shrink the
error by eps, kappa = L / mu (Nesterov 2004, theorem 2.1.15), and exactly as many as its modes say. Two uncorrelated
features whose scales differ by s have kappa = s^2; standardised ones have kappa = 1.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact
from bench.studies import bugs, convex_figures
from bench.theory import oracles, quadratics

SLOW = Claim("slow-unscaled", "without normalised features gradient descent converges slowly", "S2")

SETS = ("diabetes", "wine", "iris", "breast_cancer")
BOTH = [("iris", "raw"), ("iris", "standard")]
FULL = [(name, scaling) for name in SETS for scaling in ("raw", "standard", "minmax")] + [("digits", "standard")]
"""Digits are left at standard: raw ones have constant columns and so no kappa, and min-max takes 142,033 steps."""
PROFILES = {"full": FULL, "quick": BOTH, "cell": BOTH}
SCALES = {"full": (1.0, 10.0, 100.0), "quick": (10.0, 100.0), "cell": ()}  # s of two uncorrelated features
RATIO = 1e-3  # of the errors, to be reached
CAP, LOOK = 50_000, 2000  # a run that would take longer than CAP is followed for LOOK steps only


class Run(NamedTuple):
    """What one run shows; `predicted` is at most CAP, `measured` NaN if the ratio was not reached."""

    kappa: float
    predicted: int
    measured: float
    left: float
    left_predicted: float


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found, record = [], {"dtype": "float64", "probes": "parameters"}
    for name, scaling in PROFILES[profile]:
        table = data(name, scaling=scaling)
        rate = quadratics.best_rate(*quadratics.extremes(table.x))
        start = -oracles.linear_regression(table.x, table.y)
        steps = quadratics.steps_to(quadratics.hessian(table.x), start, rate, RATIO, CAP)
        target = {} if name == "diabetes" else {"data.target": "number"}
        axes = {"data": name, "scaling": scaling, **target, "model": "linear", "learning_rate": rate}
        found.append(Grid({**axes, **record, **(_around(steps) if steps < CAP else _around(LOOK))}))
    for scale in SCALES[profile]:
        rate = quadratics.best_rate(1, scale**2)
        steps = quadratics.steps_to(np.diag([1, scale**2]), np.ones(2), rate, RATIO, CAP)
        axes = {"model": "quadratic", "surface.yy": scale**2, "learning_rate": rate}
        found.append(Grid({**axes, **record, **_around(steps)}))
    return found


def _around(steps: int) -> dict[str, Any]:
    return {"steps": steps + 2, "checkpoints": [tuple(range(max(steps - 2, 1), steps + 3))]}


def judge(evidence: Evidence) -> Sequence[Finding]:
    runs = {_label(run): _read(evidence, run, *path) for run, *path in evidence.vector("parameter")}
    ended = {label: run for label, run in runs.items() if run.predicted < CAP}
    found = [exact(f"{' '.join(of)}: steps to {RATIO:g}", r.measured, r.predicted, 1, 1) for of, r in ended.items()]
    others = {label: run for label, run in runs.items() if run.predicted >= CAP}
    found += [exact(f"{' '.join(of)}: error left", r.left, r.left_predicted, 1e-6) for of, r in others.items()]
    worst_case = [quadratics.most_steps(run.kappa, RATIO) + 1 for run in ended.values()]
    found.append(bound("steps / worst case", [run.measured for run in ended.values()], worst_case, tight=None))
    pairs = [(runs[name, "raw"], runs[name, "standard"]) for name, scaling in runs if scaling == "raw"]
    for raw, scaled in pairs:
        if max(raw.predicted, scaled.predicted) < CAP:
            ratio = raw.measured / scaled.measured
            found.append(exact("steps raw / standardised, as kappa", ratio, raw.kappa / scaled.kappa, 0.05))
    bowls = {float(label[1]): run for label, run in runs.items() if label[0] == "scales 1 to"}
    if bowls:
        found.append(exact("steps at s = 100 / at s = 10, as s^2", bowls[100].measured / bowls[10].measured, 100, 0.05))
    gains = [
        raw.left / scaled.left if raw.predicted >= CAP else raw.measured / scaled.measured for raw, scaled in pairs
    ]
    rule = "least raw / standardised steps, or errors left, > 1"
    return [*found, claim(SLOW, "SUPPORTED" if min(gains) > 1 else "REFUTED", min(gains), 1.0, rule)]


def _label(run: Any) -> tuple[str, str]:
    return ("scales 1 to", f"{run['surface.yy'] ** 0.5:g}") if run.model == "quadratic" else (run.data, run.scaling)


def _read(evidence: Evidence, run: Any, steps: Any, theta: Any) -> Run:
    """A run against the modal formula, its minimiser found by scikit-learn."""
    if run.model == "quadratic":
        h, best = np.diag([1.0, run["surface.yy"]]), np.zeros(2)
    else:
        table = evidence.table(run)
        h, best = quadratics.hessian(table.x), oracles.linear_regression(table.x, table.y)
    start, values = theta[0] - best, np.linalg.eigvalsh(h)
    with np.errstate(over="ignore"):  # a diverged run
        left = np.linalg.norm(theta - best, axis=1) / np.linalg.norm(start)
    modes = np.linalg.norm(quadratics.modes(h, start, run.learning_rate, steps[-1:])) / np.linalg.norm(start)
    predicted = quadratics.steps_to(h, start, run.learning_rate, RATIO, CAP)
    measured = float(steps[left <= RATIO][0]) if left.min() <= RATIO else np.nan
    return Run(values[-1] / values[0], predicted, measured, left[-1], float(modes))


def _not_centred(old: Any) -> Any:
    shifted = lambda model: model._replace(apply=lambda params, x, *more: model.apply(params, x + 1, *more))  # noqa: E731
    return old._replace(make=lambda *given: shifted(old.make(*given)))


STUDY = Study(
    id="A06",
    name="feature_scaling",
    title="How much does gradient descent gain from scaled features?",
    claims=(SLOW,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("features are scaled but not centred", bugs.replace("models", "linear", _not_centred)),),
    figures=(convex_figures.steps_by_condition(_read, RATIO),),
)
