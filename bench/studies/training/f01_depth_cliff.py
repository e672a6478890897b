"""F01: beyond a depth that the start decides, a network does not train at all; other starts have no such cliff.

Theory: the first layer moves by about rate x T x ||dJ/dW_1|| in T steps, and ||dJ/dW_1|| falls like chi^(L / 2) with
chi = sigma_w^2 E phi'^2 (Schoenholz et al. 2017), so that training ends where chi^(L / 2) T = 1 at a rate of 1: for
T = 600 the first depth without training is 5 for sigmoid at sigma_w^2 = 1 (.236 per layer), 8 for ReLU at 1/3 (.408),
within one layer, as the best rate is not exactly 1. Two layers further a network is at chance. Starts with chi near 1
(tanh at 1, ReLU at 2, and sigmoid at 16 for these depths) have no such cliff.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bound, claim, exact
from bench.studies import bugs
from bench.theory import meanfield

CLIFF = Claim(
    "cliff", "too many layers cannot be trained, as gradients vanish; fewer layers can", "S0, S1, S3", "CONDITIONAL"
)

STEPS, TEST_ROWS, TRAINED, CHANCE = 600, 397, 0.5, 0.1
Start = tuple[str, float]  # activation and sigma_w^2
SIGMOID, PYTORCH = ("sigmoid", 1.0), ("relu", 1 / 3)  # the two starts that lose their gradient
DEPTHS: dict[str, dict[Start, tuple[int, ...]]] = {
    "full": {
        SIGMOID: (1, 2, 3, 4, 5, 7),
        ("sigmoid", 16.0): (6,),
        ("tanh", 1.0): (1, 4, 10),
        PYTORCH: (1, 4, 7, 8, 9, 10),
        ("relu", 2.0): (1, 4, 10),
    },
    "quick": {SIGMOID: (4, 5), ("sigmoid", 16.0): (5,), PYTORCH: (9,), ("relu", 2.0): (9,)},
    "cell": {SIGMOID: (5,)},
}
RATES = {"full": [0.03, 0.1, 0.3, 1.0], "quick": [0.3, 1.0], "cell": [1.0]}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "batch_size": 64}
    run = {"steps": STEPS, "checkpoints": "end", "probes": "off", "learning_rate": RATES[profile]}
    net = {"model": "mlp", "width": 64, "init": "lecun", "seed": list(range(8 if profile != "cell" else 4))}
    return [
        Grid({**rows, **run, **net, "activation": name, "init.gain": float(np.sqrt(variance)), "depth": depth})
        for (name, variance), depths in DEPTHS[profile].items()
        for depth in depths
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    best: dict[Start, dict[int, dict[int, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for run, _, accuracy in evidence.curve("test_accuracy"):
        own = best[run.activation, float(round(run["init.gain"] ** 2, 6))][run.depth]
        own[run.seed] = max(own[run.seed], float(accuracy[-1]))
    found, cliffs = [], {}
    for start, own in best.items():
        medians = {depth: float(np.median(list(seeds.values()))) for depth, seeds in sorted(own.items())}
        cliffs[start] = next((depth for depth, median in medians.items() if median < TRAINED), None)
        found += _of_start(start, medians, cliffs[start])
    lost, trained = [c for c in cliffs.values() if c], [c for c in cliffs.values() if not c]
    verdict = "REFUTED" if not lost else "CONDITIONAL" if trained else "SUPPORTED"
    region = "chi_1 < 1; starts with chi_1 near 1 train at these depths too"
    return [*found, claim(CLIFF, verdict, len(lost) / len(cliffs), rule="starts with a cliff", region=region)]


def _of_start(start: Start, medians: dict[int, float], cliff: int | None) -> Sequence[Finding]:
    """The cliff where theory has it, or none; `medians` are the median test accuracies per depth at the best rate."""
    name = f"{start[0]}, sigma_w^2 = {start[1]:.4g}"
    predicted = _predicted(start)
    if predicted > max(medians):
        least = min(medians.values())
        return [bound(f"{name}: lowest accuracy of any depth is above {TRAINED}", TRAINED, least, tight=None, seeds=8)]
    measured = np.nan if cliff is None else cliff
    found = [exact(f"{name}: first depth that does not train", measured, predicted, 1, scale=1, seeds=8)]
    for depth, median in medians.items():
        if depth >= predicted + 2:
            hits = round(median * TEST_ROWS)
            found.append(binomial(f"{name}, L = {depth}: test accuracy is chance", hits, TEST_ROWS, CHANCE))
    return found


def _predicted(start: Start) -> float:
    """The first depth L with chi_1 ... chi_L < 1 / T^2, chi along the trajectory; inf beyond 40 layers."""
    phi, variance = meanfield.ACTIVATIONS[start[0]], start[1]
    factors = meanfield.backward_factors(phi, meanfield.trajectory(phi, 40, variance), variance)
    beyond = np.flatnonzero(np.cumprod(factors) < STEPS**-2.0)
    return float(beyond[0] + 1) if len(beyond) else np.inf


STUDY = Study(
    id="F01",
    name="depth_cliff",
    title="How deep can a network be before it stops to train?",
    claims=(CLIFF,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the init ignores sigma_w and uses 4", bugs.replace("inits", "lecun", bugs.scaled_init(4))),),
    figures=(Figure("accuracy falls off a cliff", "curves", "depth", "test_accuracy", "activation", "init.gain"),),
)
