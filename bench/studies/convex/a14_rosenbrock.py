"""A14: does gradient descent zig-zag slowly down Rosenbrock's valley, and is it unsuited to such functions?

Theory: at the minimum (1, 1) the Hessian has a condition of 2508. Rates above 2 / lambda_max = .0019968 leave it, and
below the flat direction sets the pace: steps times rate tend to the time of the gradient flow, 26.32 to ||grad J|| =
1e-5. Far above, steps settle on a cycle of two points. Halving from 1 stops between 1 / lambda_max and 2 / lambda_max
(Nocedal and Wright 2006, section 3.1), so that the steep part turns at every step. Gradients and Hessians are scipy's.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.optimize import rosen_der, rosen_hess

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, bound, claim, exact, worst
from bench.stats.bracket import bracket
from bench.studies import bugs
from bench.theory import descent, flow

SLOW = Claim("zigzag", "gradient descent zig-zags down Rosenbrock's valley, and very slowly", "S2")
UNSUITED = Claim("unsuited", "gradient descent is unsuited to complicated nonlinear functions", "S2")

START, SMALL = (-1.2, 1.0), 1e-5
HESSIAN: Any = rosen_hess
VALUES, VECTORS = np.linalg.eigh(HESSIAN(np.ones(2)))
LIMIT = 2 / VALUES[1]
RATES = {"full": [5e-4, 1e-3, 1.5e-3, 1.9e-3, 1.99e-3, 2e-3], "quick": [1.5e-3, 1.99e-3], "cell": []}
CYCLING = 2.1e-3
CYCLE = ((0.976743, 0.934455), (0.960783, 0.942675))
NEAR = np.linspace(0.99, 1.01, 40)  # learning rates around the limit, in its units
FOLLOWED, LONG = 200, 2000
SEARCHING = ("bfgs", "lbfgs", "conjugate_gradient")


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    base = {"model": "rosenbrock", "dtype": "float64"}
    path = {**base, "learning_rate": [1e-3, 1.99e-3], "steps": FOLLOWED, "checkpoints": 1, "probes": "parameters"}
    if profile == "cell":
        return [Grid(path)]
    until = {"stop": "gradient_norm", "stop.threshold": SMALL}
    off = VECTORS[:, 1] * 1e-6
    local = {"start.x": 1 + off[0], "start.y": 1 + off[1], "learning_rate": (LIMIT * NEAR).tolist(), "steps": LONG}
    cycle = {"learning_rate": CYCLING, "steps": 60_000, "checkpoints": [(59_999, 60_000)], "probes": "parameters"}
    fixed = {"learning_rate": RATES[profile], "steps": 60_000, "checkpoints": 5000, "probes": "off"}
    walk = {**base, **until, "checkpoints": 1, "probes": "parameters"}
    return [
        Grid(path),
        Grid({**base, **until, **fixed}),
        Grid({**base, **cycle}),
        Grid({**base, **local, "checkpoints": LONG, "probes": "gradient_norm"}),
        *(Grid({**walk, "optimizer": name, "steps": 100}) for name in SEARCHING),
        Grid({**walk, "optimizer": "backtracking", "steps": 12_000}),
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    walks = [(run, path) for run, _, path in evidence.vector("parameter")]
    found = [finding for run, path in walks if run.stop == "none" for finding in _fixed(run, path)]
    runs = evidence.runs[(evidence.runs["stop"] != "none") & (evidence.runs["optimizer"] == "sgd")]
    if runs.empty:
        return found
    time = flow.time_to(rosen_der, HESSIAN, START, SMALL)
    for rate, steps in zip(runs["learning_rate"], runs["stop_step"], strict=True):
        found.append(exact(f"steps x rate at {rate:g}: time of the flow", steps * rate, time, 0.005))
    found.append(_limit(evidence))
    ends = {run.optimizer: path[: int(run.stop_step) + 1] for run, path in walks if run.stop != "none"}
    slopes = {name: np.array([rosen_der(x) for x in path[:-1]], float) for name, path in ends.items()}
    curved = {name: [HESSIAN(x) for x in path[:-1]] for name, path in ends.items()}
    costs = {name: descent.evaluations(ends[name], slopes[name], curved[name]) for name in SEARCHING}
    halving = descent.evaluations(ends["backtracking"], slopes["backtracking"])
    found.append(exact("backtracking: share of steps that turn back", flow.turns(ends["backtracking"]), 1, 1e-3))
    steps, condition = runs["stop_step"].min(), VALUES[1] / VALUES[0]
    found.append(bound("100 evaluations of BFGS / steps at the best rate", 100 * costs["bfgs"] / steps, 1, tight=None))
    least = min(steps, halving) / max(costs.values())
    verdict = "SUPPORTED" if worst(found) == "PASS" and steps > condition else "REFUTED"
    slow = claim(SLOW, verdict, steps, condition, "steps at the best rate > condition")
    rule = "least ratio of the evaluations to those of BFGS, L-BFGS and CG"
    return [*found, slow, claim(UNSUITED, "SUPPORTED" if least > 1 else "REFUTED", least, 1.0, rule)]


def _fixed(run: Any, path: Any) -> Iterator[Finding]:
    """Steps at a fixed rate: the first ones against scipy's gradients, the last ones against the cycle."""
    if run.learning_rate == CYCLING:
        want = flow.two_cycle(rosen_der, CYCLING, CYCLE)
        yield exact(f"the cycle at {CYCLING:g}", path[-2:][np.argsort(-path[-2:, 0])], want, 1e-9)
    else:
        want = flow.path(rosen_der, START, run.learning_rate, FOLLOWED)
        yield exact(f"the first {FOLLOWED} steps at {run.learning_rate:g}", path, want, 1e-9, 1)


def _limit(evidence: Evidence) -> Finding:
    """Whether the gradient shrinks from a millionth beside the minimum, along the steep direction."""
    local = [(run.learning_rate, norm) for run, _, norm in evidence.curve("gradient_norm") if run.steps == LONG]
    low, high = bracket([rate for rate, _ in local], [norm[-1] < norm[0] for _, norm in local]) or (np.inf, np.inf)
    return bisect("largest rate that stays at the minimum", low, high, LIMIT, 1e-3)


def _no_bend(architecture: Any) -> Any:
    def value(params: Any, hyper: Any) -> Any:
        from jax.lax import stop_gradient  # noqa: PLC0415 - listing the studies must not start JAX

        x, y = params["position"]
        return 100 * (y - stop_gradient(x * x)) ** 2 + (1 - x) ** 2

    return architecture._replace(make=lambda *given: architecture.make(*given)._replace(value=value))


STUDY = Study(
    id="A14",
    name="rosenbrock",
    title="Does gradient descent zig-zag slowly down Rosenbrock's valley?",
    claims=(SLOW, UNSUITED),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the gradient lacks 400 x (y - x^2)", bugs.replace("models", "rosenbrock", _no_bend)),),
    figures=(Figure("Steps to a gradient of 1e-5", "runs", "learning_rate", "stop_step", "optimizer", log="xy"),),
)
