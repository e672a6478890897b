"""B17: does it matter in which order the rows of an epoch come?

Theory: on least squares the floor ||w - w*||^2 at the ends of epochs goes like eta where rows are drawn with
replacement (exactly vec C = (I - A)^-1 vec(eta^2 N)), like eta^2 in one fixed order, and, at rates as small as these,
like eta^3 where every epoch is shuffled anew (Bottou 2009; Gurbuzbalaban et al. 2021; Mishchenko et al. 2020).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.theory import noise

SHUFFLE = Claim("shuffle", "the rows are shuffled anew for each epoch", "S2")

ROWS, FEATURES, SEEDS = 64, 5, list(range(64))
RATES = [0.01, 0.005, 0.0025]
SLOPES = {"replacement": (1.0, 0.15), "reshuffle": (3.0, 0.35), "fixed": (2.0, 0.25)}  # and their tolerances
KEPT = {"full": 100, "quick": 50, "cell": 30}  # epochs whose ends are averaged
BEFORE = 30  # epochs before them; runs start at w*, and within (1 - .0025)^(2 m 30) < 1e-4 the floor is reached


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "pool", "data.rows": ROWS, "data.features": FEATURES, "scaling": "raw", "split": "own"}
    run = {"model": "linear", "bias": False, "batch_size": 1, "dtype": "float64", "learning_rate": RATES}
    epochs = BEFORE + KEPT[profile]
    ends = tuple(ROWS * epoch for epoch in range(BEFORE + 1, epochs + 1))
    return [
        Grid(
            {
                **rows,
                **run,
                "order": order,
                "steps": ROWS * epochs,
                "checkpoints": [ends],
                "seed": SEEDS,
                "probes": "off",
            }
        )
        for order in SLOPES
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    cells: dict[tuple[str, float], list[float]] = {}
    for run, _, risk in evidence.curve("test_loss"):
        cells.setdefault((run.order, run.learning_rate), []).append(2 * float(risk[1:].mean()))  # H = I
    floors = {cell: np.array(values) for cell, values in cells.items()}
    found = []
    for order, (want, tolerance) in SLOPES.items():
        means = [floors[order, rate].mean() for rate in RATES]
        slope = np.polyfit(np.log(RATES), np.log(means), 1)[0]
        found.append(exact(f"{order}: slope of log floor over log eta", slope, want, tolerance, 1, seeds=len(SEEDS)))
    table = evidence.data("pool", scaling="raw", split="own", rows=ROWS, features=FEATURES)
    want = float(noise.stationary_covariance(table.x, table.y, RATES[0], 1).trace())
    label = f"with replacement, eta = {RATES[0]:g}: floor"  # CV .14 where 30 epochs are kept: EQ(.15) wants 38 seeds
    found.append(equivalent(label, floors["replacement", RATES[0]], want, 0.15))
    gains = [floors["fixed", rate] - floors["reshuffle", rate] for rate in RATES]
    for rate, gain in zip(RATES, gains, strict=True):
        found.append(sign(f"eta = {rate:g}: a fixed order has a higher floor than a new one each epoch", gain))
    ratio = min(floors["replacement", rate].mean() / floors["reshuffle", rate].mean() for rate in RATES)
    verdict = "REFUTED" if ratio <= 1 else "SUPPORTED" if worst(found) == "PASS" else "CONDITIONAL"
    return [
        *found,
        claim(SHUFFLE, verdict, ratio, 1.0, "floor with replacement / floor when shuffled > 1", "small rates"),
    ]


def _once(order: Any) -> Any:
    """One permutation for all epochs."""

    def draw(random: Any, rows: int, size: int, steps: int, ragged: str) -> Any:
        first = order(random, rows, size, rows // size, ragged)
        return np.resize(first, (steps, size))

    return draw


def _independent(order: Any) -> Any:
    return lambda random, rows, size, steps, ragged: random.integers(rows, size=(steps, size))


STUDY = Study(
    id="B17",
    name="reshuffling",
    title="Does it matter in which order the rows of an epoch come?",
    claims=(SHUFFLE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("rows are shuffled once only", bugs.replace("orders", "reshuffle", _once)),
        Mutant("the fixed order is drawn with replacement", bugs.replace("orders", "fixed", _independent)),
    ),
    figures=(
        Figure(
            "The floor goes like another power of the rate for each order",
            "runs",
            "learning_rate",
            "final_test_loss",
            "order",
            log="xy",
            theory=lines.with_replacement,
        ),
    ),
)
