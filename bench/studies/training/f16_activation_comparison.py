"""F16: each from its own critical start, no activation beats another by much; from one common start they differ widely.

Theory: in wide networks an activation enters through the size of the signal and of the gradient alone, q <- sigma_w^2
E phi(sqrt(q) z)^2 and chi = sigma_w^2 E phi'^2 (Poole et al. 2016, eq. 3; Schoenholz et al. 2017, eqs. 3 and 8). With
sigma_w^2 = 1 / E phi(z)^2 the size 1 stays, and chi is within a quarter of 1 for all nine. At PyTorch's sigma_w^2 = 1/3
chi of small signals is phi'(0)^2 / 3, and half of that for ReLU and its kin: ten layers let through .005 or .0003.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, sign
from bench.studies import bugs
from bench.theory import meanfield

DECIDES = Claim(
    "decides", "the activation decides how well a network trains, and ReLU is the best", "S0, S3", "CONDITIONAL"
)
REGION = "one start for all activations, sigma_w^2 = 1/3 in ten layers; not if each has its own critical start"

NAMES = ["tanh", "softsign", "relu", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu"]
KEPT = {"full": NAMES, "quick": ["selu", "relu"], "cell": ["selu", "relu"]}
COMMON, SHALLOW, DEEP = 1 / 3, 3, 10
SAME, APART = 0.015, 0.5  # accuracies


def _critical(name: str) -> float:
    """sigma_w^2 = 1 / E phi(z)^2, at which q = 1 is a fixed point."""
    return 1 / meanfield.gaussian_mean(lambda z: meanfield.ACTIVATIONS[name].value(z) ** 2, 1.0)


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "batch_size": 64}
    net = {"model": "mlp", "width": 64, "init": "lecun", "checkpoints": "end", "probe_rows": 16}
    found = []
    for name in KEPT[profile]:
        own = {**rows, **net, "activation": name}
        deep = {"seed": list(range(12)), "depth": DEEP, "init.gain": COMMON**0.5, "probes": "layer_gradients"}
        if profile == "cell":
            return [Grid({**own, **deep, "steps": 0})]
        rates = [0.2, 0.4, 0.8] if profile == "full" else [0.4]
        gain = {"seed": list(range(24)), "depth": SHALLOW, "init.gain": _critical(name) ** 0.5, "probes": "off"}
        found.append(Grid({**own, **gain, "steps": 600, "learning_rate": rates}))
        found.append(Grid({**own, **deep, "steps": 300, "learning_rate": [0.1, 0.3] if profile == "full" else [0.1]}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, accuracy = [*_start(evidence)], _accuracies(evidence)
    if not accuracy:
        return found
    same, apart = _closest(accuracy[SHALLOW]), _spread(accuracy[DEEP])
    means = {name: float(np.mean(own)) for name, own in accuracy[SHALLOW].items()}
    lead = means["relu"] - max(mean for name, mean in means.items() if name != "relu")
    verdict = "SUPPORTED" if same.impl == "FAIL" and lead > 0 else "CONDITIONAL" if apart.impl == "PASS" else "REFUTED"
    return [*found, same, apart, claim(DECIDES, verdict, lead, 0.0, "accuracy of ReLU less the best other's", REGION)]


def _start(evidence: Evidence) -> Iterator[Finding]:
    """How the gradient changes per layer before the first step; 12 seeds of width 64 scatter by 2 %."""
    ratios: dict[str, list[float]] = defaultdict(list)
    for run, _, delta in evidence.layer("delta_norm"):
        ratios[run.activation].append(delta[0, 0] / delta[0, DEEP - 1])
    for name, own in ratios.items():
        phi = meanfield.ACTIVATIONS[name]
        factors = meanfield.backward_factors(phi, meanfield.trajectory(phi, DEEP - 1, COMMON), COMMON)
        theory, measured = np.prod(factors) ** (0.5 / (DEEP - 1)), np.median(own) ** (1 / (DEEP - 1))
        text = f"{name}, sigma_w^2 = {COMMON:.3g}: ||dL/dz|| falls per layer by"
        yield exact(text, measured, theory, 0.1, seeds=len(own))


def _accuracies(evidence: Evidence) -> dict[int, dict[str, Any]]:
    """depth -> activation -> test accuracy at the rate that is best on the mean, (seeds,)."""
    found: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for run, _, accuracy in evidence.curve("test_accuracy"):
        if run.steps:
            found[run.depth][run.activation][run.learning_rate].append(accuracy[-1])
    return {d: {n: np.array(max(r.values(), key=np.mean)) for n, r in own.items()} for d, own in found.items()}


def _closest(own: dict[str, Any]) -> Finding:
    """The pair that differs most; if the intervals of all lie within the tolerance, its does."""
    pairs = []
    for a, b in combinations(own, 2):
        text = f"{SHALLOW} layers, own start: 1 + accuracy of {a} - of {b}, the pair that differs most of {len(own)}"
        pairs.append(equivalent(text, 1 + own[a] - own[b], 1.0, SAME))
    return max(pairs, key=lambda pair: max(abs((pair.low or 0) - 1), abs((pair.high or 0) - 1)))


def _spread(own: dict[str, Any]) -> Finding:
    accuracy = np.stack([*own.values()])
    text = (
        f"{DEEP} layers, one start: best accuracy less the worst, less {APART}; {min(own, key=lambda n: own[n].mean())}"
    )
    return sign(f"{text} is the worst", accuracy.max(axis=0) - accuracy.min(axis=0) - APART)


STUDY = Study(
    id="F16",
    name="activation_comparison",
    title="Does the activation decide how well a network trains?",
    claims=(DECIDES,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("SELU is taken for ReLU", bugs.swapped("activations", "selu", "relu")),),
    figures=(
        Figure(
            "One start for all separates them", "curves", "learning_rate", "test_accuracy", "activation", "depth", "x"
        ),
    ),
)
