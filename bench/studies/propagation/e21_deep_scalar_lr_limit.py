"""E21: the deeper a product of weights, the smaller the learning rate that leaves its minimum, for targets above 1.

Theory: at the balanced minimum w_l = y^(1/L) of J = (w_1 w_2 ... w_L - y)^2 / 2 the largest eigenvalue of the Hessian
is L y^(2 - 2/L), so that gradient descent leaves it at learning rates above 2 / (L y^(2 - 2/L)) (Nar and Sastry 2018):
.5, .131951 and .0574349 for y = 2 and L = 2, 5 and 10. From a displacement of 1e-6 along the steepest direction, J is
multiplied by (1 - eta lambda)^2 per step. The curvature grows with L where L > 2 ln(1 / y); for small targets it first
falls, as all factors of dP/dw_l are small.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, claim, exact
from bench.stats.bracket import bracket
from bench.studies import bugs, lines
from bench.theory import deep_linear

LEFT = "the minimum is kept, or left"
DEEPER = Claim("deeper", "the deeper a network, the smaller the usable learning rate", "S1", "CONDITIONAL")

CELLS = {
    "full": ((2, 2.0), (5, 2.0), (10, 2.0), (5, 0.5), (10, 0.5), (2, 0.1), (5, 0.1)),  # L and y
    "quick": ((2, 2.0), (5, 2.0), (2, 0.1), (5, 0.1)),
    "cell": ((5, 2.0),),
}
FACTORS = np.asarray([0.9, 0.99, 0.995, 1.005, 1.01, 1.1])  # of the learning rate at which the minimum is left
STEPS = 200  # a factor of 1.005 multiplies the displacement by 1.01^200 = 7.3
APART = 1e-6


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    point = {"data": "line", "data.rows": 1, "data.low": 1.0, "data.high": 1.0, "scaling": "raw"}
    net = {"model": "mlp", "activation": "identity", "bias": False, "width": 1, "init": "constant", "dtype": "float64"}
    run = {"steps": STEPS, "checkpoints": "end", "probes": "hessian_spectrum"}
    return [
        Grid(
            {
                **{**point, "data.slope": target, **net, **run, "depth": layers - 1},
                "init.gain": target ** (1 / layers) * (1 + APART),
                "learning_rate": list(FACTORS * 2 / deep_linear.balanced_curvature(layers, target)),
            }
        )
        for layers, target in CELLS[profile]
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    curvature = {(run.depth + 1, run["data.slope"]): v[0, -1] for run, _, v in evidence.vector("hessian_eigenvalue")}
    rates, stays = defaultdict(list), defaultdict(list)
    for run, _, loss in evidence.curve("train_loss"):
        rates[run.depth + 1, run["data.slope"]].append(run.learning_rate)
        stays[run.depth + 1, run["data.slope"]].append(bool(loss[-1] < loss[0]))
    found, limits = [], defaultdict(list)
    for (layers, target), own in sorted(rates.items()):
        theory = deep_linear.balanced_curvature(layers, target)
        label = f"L = {layers}, y = {target:g}:"
        found.append(exact(f"{label} largest curvature at the minimum", curvature[layers, target], theory, 1e-4))
        low, high = bracket(own, stays[layers, target]) or (np.nan, np.nan)
        found.append(bisect(f"{label} learning rate that leaves the minimum", low, high, 2 / theory, 0.01))
        limits[target].append((low + high) / 2)
    falls = [bool(np.all(np.diff(own) < 0)) for own in limits.values() if len(own) > 1]
    verdict = "SUPPORTED" if all(falls) else "CONDITIONAL" if any(falls) else "REFUTED"
    rule = "largest stable learning rate falls with L at a target"
    share = float(np.mean(falls)) if falls else None
    return [*found, claim(DEEPER, verdict, share, None, rule, region="L > 2 ln(1 / y), so at any target of at least 1")]


def _no_target(loss: Any) -> Any:
    return loss._replace(per_row=lambda outputs, y: loss.per_row(outputs, 0 * y))


def _linear(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J near the minimum: by (1 - eta lambda)^2 per step."""
    curvature = deep_linear.balanced_curvature(int(run.depth) + 1, run["data.slope"])
    return measured[0] * (1 - run.learning_rate * curvature) ** (2 * steps)


PREDICTED = lines.curve("train_loss", _linear)

STUDY = Study(
    id="E21",
    name="deep_scalar_lr_limit",
    title="Does a deeper network need a smaller learning rate?",
    claims=(DEEPER,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("J forgets the target", bugs.replace("losses", "half_squared_error", _no_target)),),
    figures=(Figure(LEFT, "curves", "learning_rate", "train_loss", "step", "depth", "xy", {}, PREDICTED),),
)
