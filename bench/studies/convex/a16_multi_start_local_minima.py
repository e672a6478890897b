"""A16: does gradient descent stop in a local minimum, and do several random starts help?

Theory: (x^2 - 1)^2 + 0.3 x has minima at -1.035579 (global) and 0.960150 and a maximum at 0.075429. Small steps never
pass the maximum, so that a start from U(-2, 2) reaches the global minimum with p = (0.075429 + 2) / 4 = 0.518857, and
the best of n starts with 1 - (1 - p)^n. Large steps jump over it, and the share of the basins is another one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bound, claim, exact
from bench.studies import bugs
from bench.theory import basins

STOPS = Claim("local", "on a non-convex function gradient descent may stop in a local minimum", "S2")
STARTS = Claim("multi-start", "several random starts, of which the best is kept, help against local minima", "S2, S4")

SLOPE = np.polynomial.Polynomial([0.3, -4, 0, 4])
VALUE = np.polynomial.Polynomial([1, 0.3, -2, 0, 1])
LOWEST, MAXIMUM, HIGHER = np.sort(SLOPE.roots().real)
CHANCE = float(MAXIMUM + 2) / 4  # p
LARGE = 0.1
COUNTS = {0.01: 4000, 0.02: 4000, 0.05: 4000, LARGE: 40_000}  # learning rate -> starts
RATES = {"full": tuple(COUNTS), "quick": (0.02, 0.05), "cell": (0.02,)}
BEST_OF = (1, 2, 4, 8)
CELLS = 3 * len(BEST_OF) + 1


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    start = {"model": "double_well", "init": "uniform", "init.gain": 2.0, "start.x": 0.0, "start.y": 0.0}
    run = {"steps": 600, "checkpoints": "end", "probes": "off", "dtype": "float64"}
    return [Grid({**start, **run, "learning_rate": rate, "seed": list(range(COUNTS[rate]))}) for rate in RATES[profile]]


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, shares = [], {}
    for rate, runs in evidence.runs.groupby("learning_rate"):
        ends = runs["final_train_loss"].to_numpy()
        minima = np.array([VALUE(LOWEST), VALUE(HIGHER)])
        nearest = np.abs(ends[:, None] - minima).min(axis=1)
        found.append(exact(f"eta = {rate:g}: J at the end, distance from that of a minimum", nearest, 0, 1e-9, 1))
        reached = np.abs(ends - minima[0]) < 1e-6
        if rate == LARGE:
            found += _large(reached)
            continue
        for n in BEST_OF:
            best = reached.reshape(-1, n).any(axis=1)
            shares[n] = min(shares.get(n, 1.0), float(best.mean()))
            name = f"eta = {rate:g}: share whose best of {n} is the global minimum"
            found.append(binomial(name, int(best.sum()), len(best), 1 - (1 - CHANCE) ** n, CELLS))
    rising = all(np.diff([shares[n] for n in BEST_OF]) > 0)
    rule = "share of starts that end in the local minimum, > 0"
    return [
        *found,
        claim(STOPS, "SUPPORTED" if shares[1] < 1 else "REFUTED", 1 - shares[1], 1 - CHANCE, rule),
        claim(STARTS, "SUPPORTED" if rising else "REFUTED", shares[8], 1 - (1 - CHANCE) ** 8, "share of best of 8"),
    ]


def _large(reached: np.ndarray) -> list[Finding]:
    """Steps that jump: the share is that of the iterated map, and not that of the basins of small steps."""
    hits, trials = int(reached.sum()), len(reached)
    share = basins.share_below(SLOPE, LARGE, float(MAXIMUM), (-2.0, 2.0))
    small = stats.binomtest(hits, trials, CHANCE).pvalue
    return [
        binomial(f"eta = {LARGE:g}: share that reaches the global minimum", hits, trials, share, CELLS),
        bound(f"eta = {LARGE:g}: p-value of the basins of small steps / 5e-4", small / 5e-4, 1, tight=None),
    ]


def _shared(init: Any) -> Any:
    """Every run starts from the same draw."""
    return init._replace(weight=lambda draw: init.weight(0 * draw + 0.5))


STUDY = Study(
    id="A16",
    name="multi_start_local_minima",
    title="Does gradient descent stop in a local minimum, and do several starts help?",
    claims=(STOPS, STARTS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("all starts share a draw", bugs.replace("inits", "uniform", _shared)),),
    figures=(Figure("J at the end of every run", "runs", "seed", "final_train_loss", "learning_rate"),),
)
