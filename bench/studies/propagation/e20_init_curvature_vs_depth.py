"""E20: where signals explode the curvature at the start grows exponentially with depth, and the usable rate shrinks so.

Theory: the largest eigenvalue of the Gauss-Newton matrix of a wide ReLU network is proportional to (L + 1) (sigma_w^2 /
2)^L at the start (from the linearised network of Jacot et al. 2018), so that ln(lambda / (L + 1)) rises by .4055 per
layer at sigma_w^2 = 3 and by nothing at 2; at finite width rows become alike with depth, which adds about .05. Scaling
all weights of a network without biases scales lambda and 1 / eta alike, as long as the targets are small beside its
outputs: at one depth the largest usable rate goes like 1 / lambda. It is 2 / lambda on a quadratic and up to 4 / lambda
with one hidden layer, from where descent finds flatter ground; deep ReLU networks stand more (Lewkowycz et al. 2020).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact
from bench.studies import bugs
from bench.theory import tangent

SENSITIVE = Claim("sensitive", "exploding networks are hypersensitive to the learning rate, a constant nuisance", "S1")

VARIANCES = (2.0, 3.0)  # sigma_w^2
DEPTHS = {"full": (2, 4, 6, 8, 10, 12), "quick": (4, 8), "cell": ()}
TRAINED = {"full": (2, 6, 12), "quick": (2, 8), "cell": (2,)}
SEEDS = {"full": 16, "quick": 16, "cell": 4}
RATES = np.geomspace(0.7, 80, 14)  # in units of 2 / (30 (L + 1) (sigma_w^2 / 2)^L), about 2 / lambda at width 64
ABOVE = 1.01  # J that counts as risen, relative to its start
FALLS, APART = 10.0, 5.0  # of the usable rate from the shallowest to the deepest; how much more than at sigma_w^2 = 2

Limits = dict[tuple[int, float], tuple[float, float]]
"""Depth and sigma_w^2 -> means over seeds of ln lambda and of ln of the largest usable rate."""


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "64/0", "constant_columns": "keep", "normalize_rows": 1.0, "loss": "half_squared_error"}
    net = {"model": "mlp", "activation": "relu", "bias": False, "init": "lecun", "checkpoints": "end"}
    gains, seeds = [float(np.sqrt(variance)) for variance in VARIANCES], list(range(SEEDS[profile]))
    look = {**rows, **net, "steps": 0, "init.gain": gains, "probes": "gauss_newton"}
    found = [Grid({**look, "width": 128, "depth": depth, "seed": seeds}) for depth in DEPTHS[profile]]
    for depth in TRAINED[profile]:
        found.append(Grid({**look, "width": 64, "depth": depth, "seed": seeds[:4]}))
        pairs = [(v, rate / (15 * tangent.curvature_growth(depth, v))) for v in VARIANCES for rate in RATES]
        axes = {"init.gain": [float(np.sqrt(v)) for v, _ in pairs], "learning_rate": [float(r) for _, r in pairs]}
        run = {"steps": 100, "width": 64, "depth": depth, "diverge_above": ABOVE, "probes": "gradient_norm"}
        found.append(Grid({**axes, **rows, **net, **run, "seed": seeds[:4]}, zipped=[tuple(axes)]))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    limits = _limits(evidence)
    shrinks = {}
    for variance in VARIANCES:
        own = [rate for (_, v), (_, rate) in sorted(limits.items()) if v == variance]
        shrinks[variance] = float(np.exp(own[0] - own[-1]))
    verdict = "SUPPORTED" if shrinks[3.0] > max(FALLS, APART * shrinks[2.0]) else "REFUTED"
    rule = f"the usable rate falls by {FALLS:g} with depth, and {APART:g} times more than at sigma_w^2 = 2"
    return [*_rises(evidence), *_stability(limits), claim(SENSITIVE, verdict, shrinks[3.0], None, rule)]


def _variance(run: Any) -> float:
    return float(round(run["init.gain"] ** 2, 6))


def _rises(evidence: Evidence) -> Iterator[Finding]:
    """Slope of ln(lambda / (L + 1)) over depth, of the mean over seeds."""
    logs: dict[float, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run, _, largest in evidence.vector("gauss_newton_largest"):
        if run.width == 128:
            logs[_variance(run)][run.depth].append(float(np.log(largest[0, 0] / (run.depth + 1))))
    for variance, own in logs.items():
        slope, *_ = np.polyfit(list(own), [np.mean(values) for values in own.values()], 1)
        label = f"sigma_w^2 = {variance:g}: rise per layer of ln(lambda / (L + 1))"
        yield exact(label, slope, np.log(variance / 2), 0.1, scale=1.0, seeds=min(len(logs) for logs in own.values()))


def _limits(evidence: Evidence) -> Limits:
    """A rate is usable if J stays below its start for 100 steps and the network does not die, its gradient being 0."""
    curvatures, runs, rates = (defaultdict(list) for _ in range(3))
    for run, _, largest in evidence.vector("gauss_newton_largest"):
        if run.width == 64:
            curvatures[run.depth, _variance(run)].append(float(np.log(largest[0, 0])))
    for run, _, norm in evidence.curve("gradient_norm"):
        if run.steps:
            bad = run.status == "diverged" or norm[-1] == 0
            runs[run.depth, _variance(run), run.seed].append((run.learning_rate, bad))
    for (depth, variance, _), own in runs.items():
        first = next((index for index, (_, bad) in enumerate(sorted(own)) if bad), 0)
        ends = [rate for rate, _ in sorted(own)[first - 1 : first + 1]]  # none where no rate is usable, or every one
        rates[depth, variance].append(float(np.mean(np.log(ends))) if ends else np.nan)
    return {cell: (float(np.mean(curvatures[cell])), float(np.mean(own))) for cell, own in rates.items()}


def _stability(limits: Limits) -> Iterator[Finding]:
    for depth in sorted({depth for depth, _ in limits}):
        (flat, large), (steep, small) = (limits[depth, variance] for variance in VARIANCES)
        label = f"L = {depth}: slope of ln(largest usable rate) over ln(lambda)"
        yield exact(label, (large - small) / (flat - steep), -1, 0.2, seeds=4)
        if depth == 2:
            label = "L = 2, sigma_w^2 = 2: ln(largest usable rate times lambda), within a factor of 2"
            yield exact(label, flat + large, np.log(2), np.log(2), scale=1.0, seeds=4)


def _summed(probe: Any) -> Any:
    times_rows = lambda seen: {name: value * len(seen.batch.x) for name, value in probe.measure(seen).items()}  # noqa: E731
    return probe._replace(measure=times_rows)


STUDY = Study(
    id="E20",
    name="init_curvature_vs_depth",
    title="Why do exploding networks need ever smaller learning rates?",
    claims=(SENSITIVE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("lambda is that of the summed loss", bugs.replace("probes", "gauss_newton", _summed)),),
    figures=(Figure("curvature at the start", "values", "depth", "value", "init.gain", "width", "y"),),
)
