"""D03: does a line underfit a cubic, and do polynomials of high degree overfit it?

Theory: on a fixed design with m rows and p parameters the expected squared error is bias^2 + sigma^2 (1 - p/m) on the
rows of the fit and bias^2 + sigma^2 (1 + p/m) on fresh noise (Hastie et al. 2009, eqs. 7.22 and 7.24): the first falls
for ever, the second is least at degree 3. Features are orthonormal, so that one step of rate 1 is the least-squares
fit; every seed fits 1,000 draws of the noise side by side.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, worst
from bench.studies import bugs
from bench.theory import fixed_design

UNDER = Claim("underfit", "a line underfits: it misses the shape of the data", "S0")
OVER = Claim("overfit", "polynomials of high degree overfit: they follow the noise; fewer features help", "S0")

ROWS, NOISE, DRAWS, TRUE = 30, 0.3, 1000, 3
DEGREES = {"full": [*range(1, 13), ROWS - 1], "quick": [1, 3, 9], "cell": [3, 9]}
SEEDS = {"full": 20, "quick": 20, "cell": 10}  # 20,000 draws: at degree 12 a mean has 0.24 % standard error, ff < 1e-6


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "polynomial", "split": "own", "scaling": "raw", "data.draws": DRAWS, "data.noise": NOISE}
    fit = {
        "model": "linear",
        "dtype": "float64",
        "learning_rate": 1.0,
        "steps": 1,
        "checkpoints": "end",
        "probes": "off",
    }
    axes = {"data.degree": DEGREES[profile], "seed": list(range(SEEDS[profile]))}
    return [Grid({**rows, **fit, **axes})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    train, test = (_errors(evidence, column) for column in ("train_loss", "test_loss"))
    found, means = [], {degree: (np.mean(train[degree]), np.mean(own)) for degree, own in test.items()}
    for degree in means:
        table = evidence.data("polynomial", split="own", scaling="raw", degree=degree, draws=1)
        want = fixed_design.errors(table.x, table.truth["values"], NOISE)
        if degree < ROWS - 1:
            found.append(equivalent(f"degree {degree}: error on the rows of the fit", train[degree], want[0], 0.02))
        else:
            found.append(bound(f"degree {degree}: error on the rows of the fit", train[degree], 1e-10, tight=None))
        found.append(equivalent(f"degree {degree}: error on fresh noise", test[degree], want[1], 0.02))
    best = min(means, key=lambda degree: means[degree][1])
    order = sorted(means)
    falls = all(means[a][0] > means[b][0] for a, b in pairwise(order))
    right = worst(found) == "PASS" and best == TRUE and falls
    under = float(means[order[0]][1] / means[best][1])
    over = float(means[order[-1]][1] / means[best][1])
    rule = "error on fresh noise, {} degree / best degree > 1, error of the fit falling"
    return [
        *found,
        claim(UNDER, "SUPPORTED" if right and under > 1 else "REFUTED", under, 1.0, rule.format("lowest")),
        claim(OVER, "SUPPORTED" if right and over > 1 else "REFUTED", over, 1.0, rule.format("highest")),
    ]


def _errors(evidence: Evidence, column: str) -> dict[int, list[float]]:
    """Degree -> mean squared error per seed; the loss is half of it, summed over the draws."""
    found: dict[int, list[float]] = {}
    for run, _, loss in evidence.curve(column):
        found.setdefault(int(run["data.degree"]), []).append(2 * loss[-1] / DRAWS)
    return found


def _same_noise(old: Any) -> Any:
    def make(seed: int, options: Any) -> Any:
        raw = old.make(seed, options)
        return raw._replace(y=np.concatenate([raw.y[: raw.tests]] * 2))

    return replace(old, make=make)


STUDY = Study(
    id="D03",
    name="under_over_fit",
    title="Does a line underfit a cubic, and do polynomials of high degree overfit it?",
    claims=(UNDER, OVER),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the test rows carry the noise of the fit", bugs.replace("data", "polynomial", _same_noise)),),
    figures=(Figure("Error on fresh noise by degree", "curves", "data.degree", "test_loss", where={"step": 1}),),
)
