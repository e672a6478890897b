"""F07: a larger learning rate makes up for a vanishing gradient by about one layer, and not by more.

Theory: at the start the gradient of the first layer is smaller by chi^(1 / 2) for every layer above it, chi = sigma_w^2
E phi'^2 = .0557 for sigmoid at sigma_w^2 = 1 (Schoenholz et al. 2017, eqs. 3 and 8), so that a rate would have to grow
by 1 / .236 per layer. Descent is stable only below 2 / lambda_max (LeCun et al. 1998, section 5), and lambda_max is set
by the layers near the output, where nothing vanishes: within a factor of 3 it is the same at 3 and at 8 layers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign
from bench.studies import bugs
from bench.theory import meanfield

CURE = Claim("larger-rate", "a larger learning rate cures vanishing gradients", "S0", "CONDITIONAL")

SMALL, LARGE, FAILS, TRAINED = 0.3, 3.0, 0.2, 0.5
RATES = {"full": [SMALL, 1.0, LARGE, 10.0, 30.0], "quick": [SMALL, LARGE], "cell": [SMALL, LARGE]}
DEPTHS = {"full": (3, 4, 5, 6, 8), "quick": (4, 6), "cell": (4, 6)}
SHALLOW, DEEP = 3, 8  # where lambda_max is compared


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "batch_size": 64}
    net = {"model": "mlp", "width": 64, "init": "lecun", "activation": "sigmoid"}
    seeds = {"seed": list(range(12 if profile != "cell" else 4))}
    run = {"steps": 600, "checkpoints": "end", "probes": "off"}
    found = [
        Grid({**rows, **net, **seeds, **run, "learning_rate": RATES[profile], "depth": d}) for d in DEPTHS[profile]
    ]
    if profile == "full":
        look = {"steps": 0, "checkpoints": "end", "probes": [("sharpness", "norms")], "probe_rows": 256}
        found += [Grid({**rows, **net, **seeds, **look, "depth": depth}) for depth in (SHALLOW, DEEP)]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    accuracies: dict[int, dict[float, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for run, _, accuracy in evidence.curve("test_accuracy"):
        if run.steps:
            accuracies[run.depth][run.learning_rate][run.seed] = float(accuracy[-1])
    found, cured = [], {}
    for depth, own in sorted(accuracies.items()):
        means = {rate: float(np.mean(list(seeds.values()))) for rate, seeds in own.items()}
        largest = max((rate for rate in own if rate > SMALL), key=lambda rate: means[rate])
        cured[depth] = means[SMALL] < TRAINED <= means[largest]
        if depth == 4:
            gain = [own[LARGE][seed] - own[SMALL][seed] for seed in own[SMALL]]
            name = f"L = {depth}: accuracy {means[SMALL]:.3f} at rate {SMALL:g}, {means[LARGE]:.3f} at {LARGE:g}"
            found.append(sign(name, gain))
        if depth >= 6:
            every = [accuracy for seeds in own.values() for accuracy in seeds.values()]
            found.append(
                bound(f"L = {depth}: accuracy at any rate, / {FAILS}", every, FAILS, tight=None, seeds=len(gain))
            )
    found += _start(evidence)
    verdict = "REFUTED" if not any(cured.values()) else "CONDITIONAL" if not cured[max(cured)] else "SUPPORTED"
    depths = ", ".join(str(depth) for depth, does in cured.items() if does)
    rule = f"depths that fail at {SMALL:g} and train at a larger rate"
    return [*found, claim(CURE, verdict, sum(cured.values()), 1, rule, region=f"at depth {depths} only")]


def _start(evidence: Evidence) -> Iterator[Finding]:
    """The network before the first step: how fast its gradient fades, and how steep the loss is."""
    sharpness = {}
    for run, _, found in evidence.curve("sharpness") if "sharpness" in evidence.curves else ():
        if not run.steps:  # the runs that train do not look at it, which reads as NaN
            sharpness.setdefault(run.depth, []).append(float(found[0]))
    if sharpness:
        ratio = np.log(np.median(sharpness[DEEP]) / np.median(sharpness[SHALLOW]))
        name = f"|ln lambda_max(L = {DEEP}) / lambda_max(L = {SHALLOW})| / ln 3"
        yield bound(name, abs(ratio), np.log(3), tight=None, seeds=len(sharpness[DEEP]))
    for run, _, found in evidence.layer("delta_norm"):
        if run.depth == DEEP:
            sharpness.setdefault("delta", []).append((found[0, 0] / found[0, DEEP - 1]) ** (1 / (DEEP - 1)))
    if "delta" in sharpness:
        rows = evidence.data("digits", split="1400/397", constant_columns="keep", normalize_rows=1.0).x[:256]
        theory = meanfield.network_factor("sigmoid", "lecun", rows, DEEP, 64)
        yield exact("||dL/dz|| falls per layer by", np.median(sharpness["delta"]), theory, 0.1, seeds=12)


def _wide(init: Any) -> Any:
    return init._replace(weight=lambda draw: init.weight(draw) * 4)


STUDY = Study(
    id="F07",
    name="larger_lr_cure",
    title="Does a larger learning rate cure vanishing gradients?",
    claims=(CURE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the rate is never above 0.3", bugs.replace("methods", "sgd", bugs.on_rate(lambda r: 0 * r + SMALL))),
        Mutant("the init ignores sigma_w and uses 4", bugs.replace("inits", "lecun", _wide)),
    ),
    figures=(Figure("one more layer trains", "runs", "learning_rate", "final_test_accuracy", "depth", log="x"),),
)
