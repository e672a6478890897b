"""B04: how large may the learning rate of stochastic descent be, and how does that grow with the batch?

Theory: on fresh rows N(0, I) without noise E ||w_1||^2 / ||w_0||^2 = 1 - 2 eta + eta^2 (B + d + 1) / B, so that the
second moment is stable iff eta < 2 B / (B + d + 1): linear in B up to about d + 1, at most 2 (Ma, Bassily and Belkin
2018; Jain et al. 2018).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, claim, equivalent, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.theory import noise

STABLE = Claim("stable", "mini-batch descent is faster and more stable than stochastic descent", "S2")

FEATURES, DRAWS, BLOCKS = 20, 32, 16
SEEDS = {"full": 1024, "quick": 1024, "cell": 512}
SIZES = {"full": (1, 4, 16, 64, 256), "quick": (1, 16, 256), "cell": (1, 4)}
STEPS = {1: 8, 4: 8, 16: 8, 64: 1, 256: 1}  # several steps sharpen the threshold where one step changes little
SMALL = 0.25  # share of the threshold at which one step is held against its formula: CV <= .046, EQ(.01) wants .048
NEAR = (0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.03)  # shares that bracket it
FAR = (0.85, 1.15)


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "stream", "data.features": FEATURES, "data.noise": 0.0, "data.draws": DRAWS, "split": "own"}
    run = {"model": "linear", "scaling": "raw", "bias": False, "init": "normal", "order": "sequential", "probes": "off"}
    found = []
    for size in SIZES[profile]:
        rates = [share * _threshold(size) for share in (SMALL, *FAR, *NEAR)]
        own = {"batch_size": size, "data.rows": size * STEPS[size], "steps": STEPS[size], "checkpoints": [(1,)]}
        found.append(Grid({**rows, **run, **own, "learning_rate": rates, "seed": list(range(SEEDS[profile]))}))
    return found


def _threshold(size: int) -> float:
    return noise.largest_rate(np.ones(FEATURES), size)


def judge(evidence: Evidence) -> Sequence[Finding]:
    growth, found, thresholds = _growth(evidence), [], []
    for size in sorted({size for size, _ in growth}):
        top = _threshold(size)
        own = {round(rate / top, 3): values[:, 1] for (b, rate), values in growth.items() if b == size}
        one = next(values[:, 0] for (b, rate), values in growth.items() if b == size and rate < 0.5 * top)
        want = noise.one_step(FEATURES, SMALL * top, size)
        found.append(
            equivalent(f"B = {size}: growth of E ||w||^2 in a step at {SMALL:g} of the threshold", one, want, 0.01)
        )
        signs = [np.sign(share - 1) * (own[share].reshape(BLOCKS, -1).mean(axis=1) - 1) for share in FAR]
        found.append(sign(f"B = {size}: E ||w||^2 falls at .85 and grows at 1.15 of the threshold", np.minimum(*signs)))
        shrinks = [share for share in NEAR if own[share].mean() < 1]
        grows = [share for share in NEAR if own[share].mean() >= 1]
        low, high = (max(shrinks) * top, min(grows) * top) if shrinks and grows else (0.0, np.inf)
        found.append(bisect(f"B = {size}: largest stable rate", low, high, top, 0.02, seeds=len(one)))
        thresholds.append(low)
    gain = float(np.min(np.diff(np.log(thresholds)))) if min(thresholds) > 0 else -np.inf
    verdict = "REFUTED" if gain <= 0 else "SUPPORTED" if worst(found) == "PASS" else "CONDITIONAL"
    rule = "log of the largest stable rate grows with each B"
    return [*found, claim(STABLE, verdict, gain, 0.0, rule, "B below about d + 1 in proportion, then hardly")]


def _growth(evidence: Evidence) -> dict[tuple[int, float], Any]:
    """||w_1||^2 / ||w_0||^2 and the same at the end for each seed, by batch size and rate.

    The test loss is the sum over the starts of a seed.
    """
    runs = evidence.runs.assign(size=(evidence.runs["data.rows"] / evidence.runs["steps"]).astype(int))
    loss = evidence.curves[evidence.curves["step"] <= 1].pivot(index="run", columns="step", values="test_loss")
    loss = loss.reindex(runs["run"])
    runs = runs.assign(one=(loss[1] / loss[0]).to_numpy(), end=runs["final_test_loss"].to_numpy() / loss[0].to_numpy())
    return {cell: own[["one", "end"]].to_numpy() for cell, own in runs.groupby(["size", "learning_rate"])}


def _equal_norms(source: Any) -> Any:
    """Rows of norm sqrt(d): their fourth moments are not those of the normal distribution."""

    def make(seed: int, options: Any) -> Any:
        raw = source.make(seed, options)
        return raw._replace(x=raw.x * np.sqrt(FEATURES / np.sum(raw.x**2, axis=1, keepdims=True)))

    return dataclasses.replace(source, make=make)


STUDY = Study(
    id="B04",
    name="critical_batch",
    title="How does the largest stable learning rate grow with the batch?",
    claims=(STABLE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("fourth moments lack the Gaussian term", bugs.replace("data", "stream", _equal_norms)),
        Mutant("the gradient is a sum over the batch", bugs.replace("losses", "half_squared_error", bugs.summed)),
    ),
    figures=(
        Figure(
            "The risk after 8 steps grows above a rate that rises with the batch",
            "runs",
            "learning_rate",
            "final_test_loss",
            "batch_size",
            log="y",
            where={"steps": 8},
            theory=lines.growth,
        ),
    ),
)
