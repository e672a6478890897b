"""F03: batch normalisation lets networks train whose gradient would vanish, until with depth its own gradient explodes.

Theory: normalised pre-activations have variance 1 whatever the weights, so that no start makes the gradient fade.
Instead ||dL/dz||^2 grows on its way down by a factor per layer, for ReLU and batches of 64 rows lambda = 1.493 (Yang et
al. 2019), so that ln ||dJ/dtheta|| grows with depth by ln(lambda) / 2 = .200 per layer, 55-fold from 20 to 40
layers: steps at a rate that the upper layers need are far too long for the lower ones. Slopes of pairs of networks
scatter by 5 %, hence EQ(.04) with 128 of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, sign
from bench.studies import bugs
from bench.theory import batchnorm

HELPS = Claim("batch-norm", "batch normalisation reduces vanishing, so that networks train", "S0", "CONDITIONAL")

Start = tuple[str, float]  # activation and sigma_w^2
SIGMOID, PYTORCH, HE = ("sigmoid", 1.0), ("relu", 0.333333), ("relu", 2.0)
CELLS: dict[str, dict[Start, tuple[int, ...]]] = {
    "full": {SIGMOID: (6, 10), PYTORCH: (10,), HE: (10, 40)},
    "quick": {SIGMOID: (6,), HE: (10, 20)},
    "cell": {SIGMOID: (6,)},
}
SHORT, LONG, BATCH, FAILS, TRAINED = 20, 40, 64, 0.2, 0.8  # the last two are accuracies
PLAIN, NORMALISED = "mlp", "batch_normalised"


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "checkpoints": "end", "width": 64}
    run = {"batch_size": BATCH, "steps": 300 if profile != "cell" else 200, "probes": "off", "seed": list(range(12))}
    run["learning_rate"] = [0.03, 0.1] if profile == "full" else [0.1]
    found = []
    if profile == "full":
        relu = {"model": NORMALISED, "activation": "relu", "init": "he"}
        look = {"split": f"{BATCH}/0", "steps": 0, "probes": "gradient_norm", "seed": list(range(128))}
        found += [Grid({**rows, **relu, **look, "depth": depth}) for depth in (SHORT, LONG)]
    for start, depths in CELLS[profile].items():
        net = {"activation": start[0], "init": "lecun", "init.gain": float(np.sqrt(start[1]))}
        models = [NORMALISED] if start == HE else [PLAIN, NORMALISED]
        found += [Grid({**rows, **run, **net, "depth": depth, "model": model}) for depth in depths for model in models]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, rescued, accuracy = [*_start(evidence)], [], _accuracies(evidence)
    for (name, variance, depth), own in ((cell, own) for cell, own in accuracy.items() if PLAIN in own):
        label = f"{name}, sigma_w^2 = {variance:.3g}, L = {depth}"
        found.append(sign(f"{label}: accuracy normalised less plain", own[NORMALISED] - own[PLAIN]))
        found.append(bound(f"{label}: plain accuracy at any rate, / {FAILS}", own[PLAIN], FAILS, tight=None, seeds=12))
        text = f"{label}: {TRAINED} / normalised accuracy"
        found.append(bound(text, TRAINED / np.median(own[NORMALISED]), 1.0, tight=None, seeds=12))
        rescued.append(float(np.median(own[NORMALISED] - own[PLAIN])) > TRAINED - FAILS)
    deep = {depth: own[NORMALISED] for (name, variance, depth), own in accuracy.items() if (name, variance) == HE}
    if not deep:
        return found
    less, more = min(deep), max(deep)
    lost = deep[less] - deep[more]
    found.append(sign(f"ReLU, sigma_w^2 = 2, normalised: accuracy at L = {less} less that at {more}", lost))
    verdict = "REFUTED" if not all(rescued) else "CONDITIONAL" if found[-1].impl == "PASS" else "SUPPORTED"
    rule = f"vanishing gradients are rescued; accuracy that is lost from {less} to {more} layers"
    region = f"about {less} layers; the gradient explodes in deeper networks"
    return [*found, claim(HELPS, verdict, float(np.median(lost)), 0.0, rule, region)]


def _start(evidence: Evidence) -> Iterator[Finding]:
    """Growth of ln ||dJ/dtheta|| per layer between two depths, before the first step, one slope per seed."""
    logs: dict[int, list[float]] = defaultdict(list)
    for run, _, norm in evidence.curve("gradient_norm") if "gradient_norm" in evidence.curves else ():
        if not run.steps:
            logs[run.depth].append(np.log(norm[0]))
    if logs:
        slopes, theory = np.subtract(logs[LONG], logs[SHORT]) / (LONG - SHORT), np.log(batchnorm.relu_factor(BATCH)) / 2
        name = f"ReLU, L from {SHORT} to {LONG}: ln ||dJ/dtheta|| grows per layer by"
        yield equivalent(name, slopes, float(theory), 0.04)


def _accuracies(evidence: Evidence) -> dict[tuple[str, float, int], dict[str, Any]]:
    """(activation, sigma_w^2, layers) -> model -> test accuracy at each seed's best rate, (seeds,)."""
    found: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for run, _, accuracy in evidence.curve("test_accuracy"):
        if run.steps:
            variance = float(round(run["init.gain"] ** 2, 6))
            found[run.activation, variance, run.depth][run.model][run.learning_rate].append(accuracy[-1])
    return {cell: {m: np.max([*rates.values()], axis=0) for m, rates in own.items()} for cell, own in found.items()}


def _row_by_row(architecture: Any) -> Any:
    """Rows are evaluated one at a time, each normalised by its own statistics."""

    def make(*given: Any) -> Any:
        model = architecture.make(*given)

        def predict(groups: Any, x: Any, hyper: Any, fitted: int) -> Any:
            from jax import vmap  # noqa: PLC0415 - listing the studies must not start JAX

            return vmap(lambda row: model.predict(groups, row[None], hyper, 1)[0])(x)

        return model._replace(predict=predict)

    return architecture._replace(make=make)


STUDY = Study(
    id="F03",
    name="batchnorm_training",
    title="Does batch normalisation let deep networks train?",
    claims=(HELPS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("rows are evaluated one by one", bugs.replace("models", "batch_normalised", _row_by_row)),),
    figures=(Figure("accuracy", "runs", "depth", "final_test_accuracy", "model", "activation"),),
)
