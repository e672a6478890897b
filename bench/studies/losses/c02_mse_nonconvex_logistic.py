"""C02: is the squared error of a sigmoid output non-convex with many local minima, and the cross-entropy convex?

Theory: for label 0 sigma(z)^2 has the curvature 2 a^2 (1 - a) (2 - 3 a), negative beyond z = ln 2,
while the Hessian of the cross-entropy, X^T diag(p (1 - p)) X / m, is never negative. One far row against five gives one
weight a local minimum (J = 0.2413) above the infimum 1/6; up to (m / d)^d minima exist (Auer, Herbster and Warmuth
1996). Descent from a random start ends on the side of the maximum where it began. J is a mean without factor 1/2.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bisect, bound, claim, exact, worst
from bench.studies import bugs, losses_figures
from bench.theory import quadratics
from bench.theory import squared_sigmoid as theory

MANY = Claim(
    "many-minima", "with a sigmoid output the squared error is non-convex with many local minima", "S0", "CONDITIONAL"
)
CONVEX = Claim("entropy-convex", "the cross-entropy of logistic regression is convex", "S0")
BOWL = Claim("linear-bowl", "J of linear regression is a convex bowl with one minimum", "S0, S2")

SQUARED, ENTROPY = "sigmoid_squared_error", "binary_cross_entropy"
REGION = "on constructed data; real data with an L2 penalty led every random start to one minimum"
SETS, REACH = ("soft_pair", "outvoted_point"), 8.0
STARTS = {"full": 1000, "quick": 1000, "cell": 200}  # 1000 tell p from 0.8 p with power 0.998
NEAR = 2.5  # starts closer than this have converged: further out sigma' is too small
ONE = {"model": "logistic", "bias": False, "scaling": "raw", "dtype": "float64"}
REAL = {"data": "breast_cancer", "model": "logistic", "init": "normal", "dtype": "float64", "l2": 1.0}
BRACKET = (theory.INFLECTION - 1e-9, theory.INFLECTION + 1e-9)


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {"steps": 0, "probes": "hessian_spectrum", "probe_rows": "all"}
    curve = {"data": "neuron", "loss": [SQUARED, ENTROPY], "start.weight": [*np.linspace(-6, 6, 25), *BRACKET]}
    random = {"init": "uniform", "init.gain": REACH, "seed": list(range(STARTS[profile]))}
    end = {"checkpoints": "end", "probes": [("parameters", "gradient_norm")], "probe_rows": "all"}
    pair = list(SETS) if profile == "full" else SETS[0]
    descent = Grid({**ONE, **random, **end, "data": pair, "learning_rate": 0.2, "steps": 4000, "loss": SQUARED})
    few = {**random, "seed": list(range(16)), "loss": ENTROPY, "learning_rate": 0.05, "steps": 3000}
    found = [Grid({**ONE, **curve, **look}), descent, Grid({**ONE, **few, **end, "data": pair})]
    found.append(Grid({"data": "diabetes", "model": "linear", "dtype": "float64", **look}))
    if profile == "full":
        found.append(Grid({**REAL, **look, "l2": 0.0, "loss": [SQUARED, ENTROPY], "seed": list(range(16))}))
    fast = {"optimizer": "nesterov", "optimizer.momentum": 0.98, "learning_rate": 0.8, "steps": 2000}
    starts = {"init.gain": [1.0, 3.0], "seed": list(range(32)), "loss": SQUARED}
    return found if profile == "cell" else [*found, Grid({**REAL, **fast, **starts, **end})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    spectra = [(run, values[0]) for run, _, values in evidence.vector("hessian_eigenvalue")]
    lowest = {loss: min(v[0] for run, v in spectra if run.loss == loss) for loss in (SQUARED, ENTROPY)}
    convex = [bound("cross-entropy: -lowest Hessian eigenvalue", -lowest[ENTROPY], 1e-12, tight=None)]
    convex += _ends(evidence, ENTROPY)
    many = [bound("squared error: lowest Hessian eigenvalue <= -1e-4", -1e-4 / lowest[SQUARED], 1, tight=None)]
    many += [*_curvature(spectra), *_ends(evidence, SQUARED)]
    got = [v for run, v in spectra if run.model == "linear"]
    want = np.linalg.eigvalsh(quadratics.hessian(evidence.data("diabetes").x))
    bowl = [exact("diabetes: eigenvalues of the Hessian of J", got, want, 1e-8, want[0])] if got else []
    distinct = _distinct(evidence)
    verdict: Any = {0: "REFUTED", 1: "CONDITIONAL"}.get(distinct if worst(many) == "PASS" else 0, "SUPPORTED")
    claims = [claim(MANY, verdict, distinct, None, "distinct J at rest on breast_cancer", REGION)]
    for about, own in ((CONVEX, convex), (BOWL, bowl)):
        claims += [claim(about, "SUPPORTED" if worst(own) == "PASS" else "REFUTED")] if own else []
    return [*many, *convex, *bowl, *claims]


def _curvature(spectra: Sequence[Any]) -> Iterator[Finding]:
    """The second derivative in z of the squared error of one row, and where it changes sign."""
    got = {run["start.weight"]: v[0] for run, v in spectra if run.data == "neuron" and run.loss == SQUARED}
    want = theory.curvature(list(got), 0)
    yield exact("squared error: curvature in z of one row of label 0", list(got.values()), want, 1e-8, 1)
    ends = BRACKET if got[BRACKET[0]] > 0 > got[BRACKET[1]] else (np.nan, np.nan)
    yield bisect("z beyond which the squared error is concave", *ends, theory.INFLECTION, 1e-8)


def _ends(evidence: Evidence, loss: str) -> Iterator[Finding]:
    """Where random starts end: for the squared error by their side of the maximum."""
    for name in dict.fromkeys(run.data for run, _, _ in evidence.vector("parameter") if run.data in SETS):
        runs = [(r, w[[0, -1], 0]) for r, _, w in evidence.vector("parameter") if (r.data, r.loss) == (name, loss)]
        first, last = np.array([w for _, w in runs]).T
        rows = evidence.data(name, scaling="raw")
        x, y = rows.x[:, 0], rows.y
        if loss == ENTROPY:
            yield exact(f"{name}: cross-entropy, end of every start", last, theory.entropy_minimiser(x, y), 1e-6)
            continue
        points = theory.stationary(x, y, -REACH, REACH)
        top = next(weight for weight, minimum in points if not minimum)
        right, share = int((last > top).sum()), (REACH - top) / (2 * REACH)
        yield binomial(f"{name}: starts that end right of the maximum", right, len(last), share, cells=2)
        for weight in (weight for weight, minimum in points if minimum):
            near = (np.abs(first) < NEAR) & ((first > top) == (weight > top))
            yield exact(f"{name}: end of starts within {NEAR:g}, basin of {weight:.4f}", last[near], weight, 1e-6)


def _distinct(evidence: Evidence) -> int:
    """Distinct values of J, to 1e-6, at which random starts on breast_cancer have come to rest."""
    rest = {r.run for r, _, norm in evidence.curve("gradient_norm") if r.data == "breast_cancer" and norm[-1] < 1e-6}
    return len({round(loss[-1], 6) for run, _, loss in evidence.curve("train_loss") if run.run in rest})


def _flipped(old: Any) -> Any:
    return old._replace(per_row=lambda outputs, y: old.per_row(-outputs, 0 * y) - y * outputs[:, 0])


STUDY = Study(
    id="C02",
    name="mse_nonconvex_logistic",
    title="Is the squared error of a sigmoid output non-convex with many local minima?",
    claims=(MANY, CONVEX, BOWL),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("softplus(-z) for softplus(z) in the cross-entropy", bugs.replace("losses", ENTROPY, _flipped)),),
    figures=(losses_figures.basins(SETS, SQUARED, REACH),),
)
