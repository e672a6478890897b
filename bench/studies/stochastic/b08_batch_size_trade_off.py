"""B08: what does a larger batch cost in samples, and what does it save in steps?

Theory: with the best learning rate for each batch size, S(B) = S_min (1 + B_c / B) steps reach a target, so that steps
fall like 1 / B and samples E = B S stay the same up to about B_c, beyond which steps stay the same and samples grow
(McCandlish et al. 2018, eq. 2.11; Shallue et al. 2019, figure 1).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, sign
from bench.studies import stochastic_figures
from bench.theory import batches

COMPROMISE = Claim(
    "compromise", "mini-batch descent is the compromise between speed and stability", "S2, S4", "CONDITIONAL"
)

ROWS, TARGET, SEEDS = 1400, 0.25, 24  # train rows; train loss to be reached
SMALL, MIDDLE = 32, 16  # steps should fall like 1 / B up to SMALL; MIDDLE stands for the mini-batch
MODELS: dict[str, dict[str, Any]] = {"softmax": {"model": "softmax"}, "mlp": {"model": "mlp", "depth": 1, "width": 32}}
SAMPLES = {"softmax": 2000, "mlp": 6000}  # at most; about three times what the best runs need
FULL = {"softmax": (1, 2, 4, 8, 16, 32, 64, 256, ROWS), "mlp": (1, 16, 256, ROWS)}
QUICK = {"softmax": (1, MIDDLE, ROWS)}
SIZES = {"full": FULL, "quick": QUICK, "cell": QUICK}
POWERS = {"full": range(-9, 3), "quick": range(-4, 3, 2), "cell": (-4, 0, 2)}  # learning rates 2^-9 ... 2^2


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for model, sizes in SIZES[profile].items():
        for size in sizes:
            most = max(12, SAMPLES[model] // size)
            looks = np.unique(np.geomspace(max(most // 18, 1), most, 40).round().astype(int))
            axes = {**MODELS[model], "data": "digits", "split": f"{ROWS}/0", "batch_size": size, "probes": "off"}
            run = {"learning_rate": [2.0**power for power in POWERS[profile]], "seed": list(range(SEEDS))}
            found.append(Grid({**axes, **run, "steps": most, "checkpoints": [tuple(looks.tolist())]}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, costs = [], []
    for model in evidence.runs["model"].unique():
        steps = _steps(evidence, model)
        sizes = np.array(sorted(steps), float)
        mean = np.array([steps[size].mean() for size in sizes])
        small = sizes <= SMALL
        slope = np.polyfit(np.log(sizes[small]), np.log(mean[small]), 1)[0] if np.isfinite(mean).all() else np.nan
        found.append(exact(f"{model}: slope of log steps over log B, B <= {SMALL}", slope, -1, 0.1, 1, seeds=SEEDS))
        critical, share = batches.fit_steps_law(sizes, mean)[1:] if np.isfinite(mean).all() else (np.nan, np.nan)
        found.append(exact(f"{model}: R^2 of ln S = ln S_min (1 + B_c / B)", share, 1, 0.05, seeds=SEEDS))
        with np.errstate(invalid="ignore"):  # both infinite: no rate reached the target
            excess = ROWS * steps[ROWS] - 3 * MIDDLE * steps[MIDDLE]
        label = f"{model}: full batches need over 3 times the samples of B = {MIDDLE}"
        found.append(sign(label, excess, least=int(np.ceil(11 / 12 * SEEDS))))
        costs.append((mean[0] / (MIDDLE * steps[MIDDLE].mean()), critical))
    gain, critical = max(costs)
    beats_full = all(finding.impl == "PASS" for finding in found)
    verdict = ("SUPPORTED" if gain > 1.25 else "CONDITIONAL") if beats_full else "REFUTED"
    region = f"rows run in parallel, B up to about {critical:.0f}: in samples one row per step is as cheap"
    return [*found, claim(COMPROMISE, verdict, gain, 1.25, "samples of B = 1 / of B = 16 > 1.25 supports", region)]


def _steps(evidence: Evidence, model: str) -> dict[int, NDArray[np.float64]]:
    """Per batch size the steps to the target of each seed, at the learning rate with the least mean."""
    found: dict[int, dict[float, list[float]]] = {}
    for run, steps, loss in evidence.curve("train_loss"):
        if run.model == model:
            size, hit = ROWS if run.regime == "batch" else int(run.batch_size), steps[loss <= TARGET]
            found.setdefault(size, {}).setdefault(run.learning_rate, []).append(float(hit[0]) if len(hit) else np.inf)
    return {size: min(map(np.array, rates.values()), key=np.mean) for size, rates in found.items()}


def _one_rate(evidence: Evidence) -> Evidence:
    """Only the learning rate that is best at B = 1."""
    return dataclasses.replace(
        evidence,
        runs=evidence.runs[evidence.runs["learning_rate"] == 2.0**-4],
        curves=evidence.curves[evidence.curves["learning_rate"] == 2.0**-4],
    )


STUDY = Study(
    id="B08",
    name="batch_size_trade_off",
    title="What does a larger batch save in steps and cost in samples?",
    claims=(COMPROMISE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the learning rate is not tuned for each batch size", evidence=_one_rate),),
    figures=(
        stochastic_figures.cost_by_size(_steps, samples=False),
        stochastic_figures.cost_by_size(_steps, samples=True),
    ),
)
