"""C01: does the gradient of logistic regression look like that of linear regression, and does descent converge?

Theory: the gradient of the mean cross-entropy is X^T (sigma(X theta) - y) / m, without a factor 2. Its Hessian is at
most L = lambda_max(X^T X) / 4m + l2 / m, so that eta < 2 / L suffices for convergence (Bubeck 2015, section 3.2); it is
not necessary: what decides near the minimum is 2 / lambda_max of the Hessian there, 22 times as large here.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import expit, logit

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Parts, Profile, Study
from bench.stats import bisect, bound, claim, exact, worst
from bench.stats.bracket import bracket, inside
from bench.studies.lines import LEAST
from bench.theory import logistic, oracles, quadratics

SAME_FORM = Claim(
    "same-form", "the logistic gradient has the form of the linear one: X^T (sigma(X theta) - y) / m", "S0"
)
LINEAR_ODDS = Claim("linear-odds", "logistic regression makes the log-odds a linear function of the inputs", "S4")
CONVERGES = Claim("converges", "gradient descent on the cross-entropy of logistic regression converges", "S0")

DATA, L2, STEPS = "breast_cancer", 1.0, 2000
NAMED = (0.5, 1.0, 2.0, 10.0, 40.0, 43.0, 45.0)  # learning rates in units of 1 / L
FAR_BEYOND = 40.0  # twenty times the sufficient bound, where the minimiser is compared
CLOSE = (43.8, 44.6)  # a bracket that needs no second round
SPEEDS = {"full": (*NAMED, *np.geomspace(3, 200, 25)), "quick": (*NAMED, *CLOSE), "cell": (1.0, FAR_BEYOND, *CLOSE)}
BASE = {"data": DATA, "model": "logistic", "dtype": "float64", "probe_rows": "all"}
SEEN = {"init": "zeros"}


def _descent(rates: Sequence[float]) -> Grid:
    record = {"checkpoints": STEPS // 4, "probes": [("gradient_norm", "parameters")]}
    return Grid({**BASE, **record, "l2": L2, "steps": STEPS, "learning_rate": list(rates)})


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    unit = 1 / logistic.smoothness(data(DATA).x, L2)
    look = {"steps": 20, "checkpoints": 10, "probes": [("gradient", "parameters", "outputs")], "learning_rate": unit}
    identity = Grid({**BASE, **look, "init": "normal", "init.gain": 0.1, "l2": [0.0, L2], "seed": [0, 1]})
    return [identity, _descent([speed * unit for speed in SPEEDS[profile]])]


def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
    """One more round inside the bracket of the first, unless it is narrow already."""
    gap = bracket(*_sides(evidence)) if completed == 0 else None
    return [_descent(inside(*gap, 32))] if gap and gap[1] / gap[0] > 1.02 else ()


def _sides(evidence: Evidence) -> tuple[list[float], list[bool]]:
    """The learning rates, and whether the gradient goes to zero: two-cycles and chaos keep it up."""
    runs = [(run, norm) for run, _, norm in evidence.curve("gradient_norm") if run.init == "zeros"]
    to_zero = [bool(norm[-1] < min(max(0.9 * norm[-3], 1e-10), 0.01 * norm[0])) for _, norm in runs]
    return [run.learning_rate for run, _ in runs], to_zero


def judge(evidence: Evidence) -> Sequence[Finding]:
    form, odds, ends = [*_gradients(evidence)], [*_odds(evidence)], [*_ends(evidence)]
    largest = max((rate for rate, to_zero in zip(*_sides(evidence), strict=True) if to_zero), default=np.nan)
    largest *= logistic.smoothness(evidence.data(DATA).x, L2)
    converges = claim(CONVERGES, "SUPPORTED" if largest >= 2 else "REFUTED", largest, 2.0, "largest rate x L >= 2")
    return [*form, *odds, *ends, _held(SAME_FORM, form), _held(LINEAR_ODDS, odds), converges]


def _held(about: Claim, findings: Sequence[Finding]) -> Finding:
    return claim(about, "SUPPORTED" if worst(findings) == "PASS" else "REFUTED")


def _gradients(evidence: Evidence) -> Iterator[Finding]:
    """The gradient by automatic differentiation against the formula, at random points and along a run."""
    points = {run.run: theta for run, _, theta in evidence.vector("parameter") if run.init == "normal"}
    for run, _, got in evidence.vector("gradient"):
        table = evidence.table(run)
        want = np.stack([logistic.gradient(table.x, table.y, theta, run.l2) for theta in points[run.run]])
        yield exact(f"gradient, l2 = {run.l2:g}, seed {run.seed}", got, want, 1e-10, np.abs(want).max())


def _odds(evidence: Evidence) -> Iterator[Finding]:
    """R^2 of the least-squares fit of the log-odds of the measured probabilities on the inputs."""
    shares = []
    for run, _, outputs in evidence.vector("output"):
        a, odds = quadratics.design(evidence.table(run).x), logit(expit(outputs[-1]))
        residual = odds - a @ np.linalg.lstsq(a, odds, rcond=None)[0]
        shares.append(1 - residual.var() / odds.var())
    yield exact("R^2 of the log-odds on the inputs", shares, 1, 1e-10)


def _ends(evidence: Evidence) -> Iterator[Finding]:
    runs, table = [(r, loss) for r, _, loss in evidence.curve("train_loss") if r.init == "zeros"], evidence.data(DATA)
    curvature = logistic.smoothness(table.x, L2)
    ratios = [loss[1:] / loss[:-1] for run, loss in runs if run.learning_rate <= 2 / curvature]
    yield bound("J after 500 more steps / before, at learning rates up to 2 / L", ratios, 1, tight=None)
    best = oracles.logistic_regression(table.x, table.y, L2)
    paths = {run.learning_rate * curvature: path for run, _, path in evidence.vector("parameter")}
    far = paths[min(paths, key=lambda speed: abs(speed - FAR_BEYOND))][-1]
    yield exact("theta at 20 x 2 / L against LogisticRegression", far, best, 1e-5, np.linalg.norm(best))
    gap, limit = bracket(*_sides(evidence)), 2 / np.linalg.eigvalsh(logistic.hessian(table.x, best, L2))[-1]
    yield bisect("largest learning rate that converges from 0", *(gap or (np.nan, np.nan)), limit, 0.01)


def _squared_error(parts: Parts) -> Parts:
    return parts.replaced("losses", "binary_cross_entropy", lambda _: parts.losses["half_sigmoid_squared_error"])


STUDY = Study(
    id="C01",
    name="logistic_gd",
    title="Does gradient descent on logistic regression converge, and up to which learning rate?",
    claims=(SAME_FORM, LINEAR_ODDS, CONVERGES),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    refine=refine,
    mutants=(Mutant("the slope of the sigmoid is left in the gradient", _squared_error),),
    figures=(
        Figure("J ends at J*, beyond 2 / L", "runs", "learning_rate", "final_train_loss", None, None, "x", SEEN, LEAST),
    ),
)
