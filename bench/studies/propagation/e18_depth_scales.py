"""E18: how deep a network can train is set by how deep two inputs stay apart, which has no limit at the critical start.

Theory: the correlation of the pre-activations of two inputs follows c_{l+1} = (sigma_w^2 E phi(u) phi(v) + sigma_b^2) /
q_{l+1} and tends to c* like e^(-l / xi_c), 1 / xi_c = -ln(sigma_w^2 E phi'(u) phi'(v)) (Poole et al. 2016; Schoenholz
et al. 2017). For tanh and sigma_b^2 = .05 xi_c is 3.63 at sigma_w^2 = 1, without bound at 1.76 and 6.98 at 4. Networks
train to a depth of about 6 xi_c (ibid., figure 5). One network of width 400 scatters by .15 at most, the mean of 32 by
.027, so that .12 is more than 4 standard errors (p < 1e-3).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim
from bench.studies import bugs
from bench.theory import correlation, meanfield

DEEP = Claim("deep", "networks cannot be made deep", "S1", "CONDITIONAL")

TANH, BIAS = meanfield.ACTIVATIONS["tanh"], 0.05  # sigma_b^2
VARIANCES = {"full": (1.0, 1.4, 1.76, 2.0, 2.5, 4.0), "quick": (1.0, 1.76, 4.0), "cell": (1.0, 4.0)}  # sigma_w^2
SIZE = {"full": {"depth": 30, "width": 400}, "quick": {"depth": 20, "width": 300}, "cell": {"depth": 8, "width": 200}}
SEEDS = {"full": 32, "quick": 32, "cell": 8}
TRAINED = {"full": (0.5, 1.0, 1.4, 1.76, 2.5, 4.0, 9.0), "quick": (0.5, 1.76), "cell": ()}
RATES = {10: [0.03, 0.1, 0.3], 20: [0.03, 0.1], 40: [0.01, 0.03], 80: [0.003, 0.01]}  # the deeper, the smaller
DEPTHS = {"full": tuple(RATES), "quick": (20,), "cell": ()}
FOLDS, ENOUGH = 6, 0.5  # depth in units of xi_c, and test accuracy of a trained network


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "activation": "tanh", "init": "lecun", "init.bias": float(np.sqrt(BIAS))}
    net |= {"constant_columns": "keep", "normalize_rows": 1.0}
    look = {"split": "16/0", "probe_rows": 2, "steps": 0, "checkpoints": "end", "probes": "row_correlation"}
    seeds = list(range(SEEDS[profile]))
    found = [Grid({**net, **look, **SIZE[profile], "init.gain": _roots(VARIANCES[profile]), "seed": seeds})]
    train = {"split": "1400/397", "width": 64, "batch_size": 64, "steps": 400, "checkpoints": "end", "probes": "off"}
    gains = {"init.gain": _roots(TRAINED[profile]), "seed": [0, 1]}
    return found + [Grid({**net, **train, **gains, "depth": d, "learning_rate": RATES[d]}) for d in DEPTHS[profile]]


def _roots(variances: Sequence[float]) -> list[float]:
    return [float(np.sqrt(variance)) for variance in variances]


def _variance(run: Any) -> float:
    return float(round(run["init.gain"] ** 2, 6))


def judge(evidence: Evidence) -> Sequence[Finding]:
    trained = _trained(evidence)
    deepest = [own for (depth, _), own in trained.items() if depth == max(d for d, _ in trained)]
    verdict = "SUPPORTED" if not any(deepest) else "CONDITIONAL" if not all(deepest) else "REFUTED"
    share = float(np.mean(deepest)) if deepest else None
    found = [*_correlations(evidence), *(_depths(trained) if trained else ())]
    rule = f"share of starts whose deepest network reaches an accuracy of {ENOUGH:g}"
    return [
        *found,
        claim(DEEP, verdict, share, None, rule, region="beyond about 6 xi_c, which is unbounded at chi = 1"),
    ]


def _correlations(evidence: Evidence) -> Iterator[Finding]:
    """The correlation in every layer, mean over networks, against that of an infinitely wide one."""
    samples, start = defaultdict(list), np.nan
    for run, _, correlations in evidence.vector("row_correlation"):
        samples[_variance(run)].append(correlations[0, : run.depth])
        first, second = evidence.table(run).x[:2]
        start = float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    for variance, own in samples.items():
        mean = np.mean(own, axis=0)
        theory = correlation.trajectory(TANH, mean.size, variance, BIAS, start)
        label = f"sigma_w^2 = {variance:g}: largest error of the correlation of two rows in {mean.size} layers"
        yield bound(f"{label}, at most 0.12", np.max(np.abs(mean - theory)), 0.12, tight=None, seeds=len(own))


def _trained(evidence: Evidence) -> dict[tuple[int, float], bool]:
    """Depth and sigma_w^2 -> whether the median network trains, at its best rate."""
    best: dict[tuple[int, float], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for run, steps, accuracy in evidence.curve("test_accuracy") if "test_accuracy" in evidence.curves else ():
        if steps[-1] > 0:
            own = best[run.depth, _variance(run)]
            own[run.seed] = max(own[run.seed], float(accuracy[-1]))
    return {cell: bool(np.median(list(own.values())) > ENOUGH) for cell, own in best.items()}


def _depths(trained: dict[tuple[int, float], bool]) -> Iterator[Finding]:
    """Whether networks train where L < 6 xi_c, or would at half or twice their depth, the next of the grid."""
    agree = []
    for (depth, variance), own in trained.items():
        limit = FOLDS * correlation.depth_scale(TANH, variance, BIAS)
        agree.append(own in {depth / 2 < limit, depth < limit, 2 * depth < limit})
    share = float(np.mean(agree))
    yield bound("share of depths and starts that train where L < 6 xi_c, at least 0.8", 0.8, share, tight=None)


def _other_units(probe: Any) -> Any:
    def measure(snapshot: Any) -> Any:
        mixed = tuple(group.at[:, 1].set(group[:, 1, ::-1]) for group in snapshot.taps.pre)
        return probe.measure(snapshot._replace(taps=snapshot.taps._replace(pre=mixed)))

    return probe._replace(measure=measure)


STUDY = Study(
    id="E18",
    name="depth_scales",
    title="How deep can a network be?",
    claims=(DEEP,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("two rows count as independent", bugs.replace("probes", "row_correlation", _other_units)),),
    figures=(Figure("two inputs become alike, or unlike", "values", "index", "value", "init.gain", "depth"),),
)
