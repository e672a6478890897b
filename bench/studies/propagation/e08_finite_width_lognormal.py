"""E08: even with He's weights signals of deep narrow networks differ by factors between seeds; depth / width decides.

Theory: the mean square of the signals changes per layer by 2 chi^2_K / n, K ~ Bin(n, 1/2), independently of all before,
so that ln q_L is a sum of L equal terms: nearly normal, its mean about -5 L / (2 n) though E q_L = 1, its variance
about 5 L / n (Hanin 2018; Hanin and Rolnick 2018). Networks of equal beta = L / n scatter alike. 4,000 networks pass
EQ(0.2) for the mean and EQ(0.15) for the variance with p > 1 - 1e-3; the fourth moment is too heavy-tailed to test.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, worst
from bench.studies import bugs
from bench.theory import products

UNSTABLE = Claim("unstable", "deep networks are unstable, even at the critical initialisation", "S0")

SHAPES = {  # units, layers
    "full": ((24, 6), (32, 8), (48, 12), (24, 24), (32, 32)),
    "quick": ((24, 6), (24, 24)),
    "cell": ((16, 16),),
}
NETWORKS = 4000
UNSTABLE_ABOVE = 1.0  # standard deviation of ln q_L, whose mean over networks of q_L is 1


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "16/0", "constant_columns": "keep", "normalize_rows": 1.0, "probe_rows": 1}
    net = {"model": "mlp", "activation": "relu", "init": "he", "bias": False, "seed": list(range(NETWORKS))}
    look = {"steps": 0, "checkpoints": "end", "probes": "layer_state"}
    return [Grid({**rows, **net, **look, "width": n, "depth": layers}) for n, layers in SHAPES[profile]]


def judge(evidence: Evidence) -> Sequence[Finding]:
    logs: dict[tuple[int, int], list[float]] = {}
    for run, _, squares in evidence.layer("activation_mean_square"):
        if squares[0, run.depth - 1] > 0:  # dead at birth with probability L 2^-n, which the theory leaves out
            logs.setdefault((int(run.widths), int(run.depth)), []).append(float(np.log(squares[0, run.depth - 1])))
    found, variances = [], {}
    for (width, depth), samples in logs.items():
        mean, variance = products.rectified_moments(width)
        label = f"{width} units, {depth} layers"
        found.append(equivalent(f"{label}: mean of ln q_L", samples, depth * mean, 0.2))
        squares = (np.asarray(samples) - np.mean(samples)) ** 2
        found.append(equivalent(f"{label}: variance of ln q_L", squares, depth * variance, 0.15))
        variances.setdefault(depth / width, []).append(float(squares.mean()))
    for beta, own in variances.items():
        if len(own) > 1:
            ratio = max(own) / min(own)
            found.append(bound(f"L / n = {beta:g}: largest over smallest variance", ratio, 1.25, tight=None))
    largest = float(np.sqrt(max(max(own) for own in variances.values())))
    unstable = worst(found) == "PASS" and largest > UNSTABLE_ABOVE
    rule = f"standard deviation of ln q_L above {UNSTABLE_ABOVE:g} in some shape"
    return [*found, claim(UNSTABLE, "SUPPORTED" if unstable else "REFUTED", largest, None, rule)]


def _repeated(architecture: Any) -> Any:
    """All square layers have the weights of the first of them."""

    def make(*given: Any) -> Any:
        model = architecture.make(*given)

        def start(draw: Any, hyper: Any) -> Any:
            first, second, *others, last = model.init(draw, hyper)
            return [first, second, *({**layer, "weight": second["weight"]} for layer in others), last]

        return model._replace(init=start)

    return architecture._replace(make=make)


def _plain(init: Any) -> Any:
    return init._replace(weight=lambda draw: init.weight(draw) / 2**0.5)


STUDY = Study(
    id="E08",
    name="finite_width_lognormal",
    title="How much do equally initialised networks differ by chance?",
    claims=(UNSTABLE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("every layer has the same weights", bugs.replace("models", "mlp", _repeated)),
        Mutant("the factor 2 of He's init is missing", bugs.replace("inits", "he", _plain)),
    ),
    figures=(
        Figure("signals scatter with depth", "layers", "layer", "activation_mean_square", "widths", "depth", "y"),
    ),
)
