"""D02: with fewer rows than parameters, does an L2 penalty make the normal equations solvable?

Theory: X^T X has rank at most m, so that it is singular for m < d + 1; X^T X + l2 diag(0, 1, ..., 1) with a column of
ones for the free bias is regular for every l2 > 0, as a null vector would have to be zero in all penalised entries and
ones times the rest would have to vanish. As l2 -> 0 its solution tends to the interpolation of least ||w||. One Newton
step from zero is the normal equation.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs
from bench.theory import oracles, ridge

SINGULAR = Claim("singular", "with fewer rows than features X^T X cannot be inverted", "S0")
REGULAR = Claim("regular", "X^T X + lambda L, L the identity but for a 0 at the bias, can always be inverted", "S0")

ROWS, FEATURES = 10, 30
PENALTIES = (1e-8, 1e-4, 1.0)
SEEDS = {"full": 8, "quick": 8, "cell": 2}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "gaussian", "data.rows": ROWS, "data.features": FEATURES, "scaling": "raw", "dtype": "float64"}
    step = {"optimizer": "newton", "learning_rate": 1.0, "steps": 1, "checkpoints": "end", "probes": "parameters"}
    return [Grid({**rows, **step, "model": "linear", "l2": list(PENALTIES), "seed": list(range(SEEDS[profile]))})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    runs = [(run, evidence.table(run), theta[-1]) for run, _, theta in evidence.vector("parameter")]
    singular, regular = [*_ranks(runs)], [*_solutions(runs)]
    held = {SINGULAR: singular, REGULAR: regular}
    claims = [claim(about, "SUPPORTED" if worst(own) == "PASS" else "REFUTED") for about, own in held.items()]
    return [*singular, *regular, *claims]


def _ranks(runs: Sequence[Any]) -> Iterator[Finding]:
    """Ranks without a penalty, also where columns are doubled, and where the free column is not one of ones."""
    xs = [table.x for run, table, _ in runs if run.l2 == PENALTIES[-1]]
    rank = np.linalg.matrix_rank
    yield exact("rank of X^T X, 10 rows", [rank(ridge.normal_matrix(x, 0.0)) for x in xs], ROWS, 0)
    tall = [np.column_stack([x[:, :3], x[:, :3]]) for x in xs]
    yield exact("rank of X^T X, 3 columns doubled", [rank(ridge.normal_matrix(x, 0.0)) for x in tall], 4, 0)
    empty = [np.column_stack([0 * x[:, :1], x]) for x in xs]
    got = [rank(ridge.normal_matrix(x, 1.0, bias=False)) for x in empty]
    yield exact("rank of X^T X + L whose free column is zero", got, FEATURES, 0)


def _solutions(runs: Sequence[Any]) -> Iterator[Finding]:
    for l2 in PENALTIES:
        own = [(table, theta) for run, table, theta in runs if run.l2 == l2]
        least = [np.linalg.eigvalsh(ridge.normal_matrix(table.x, l2))[0] for table, _ in own]
        yield bound(f"l2 = {l2:g}: l2 / 10 against the smallest eigenvalue of X^T X + l2 L", l2 / 10, least, None)
        factors = [np.linalg.cholesky(ridge.normal_matrix(table.x, l2)) for table, _ in own]
        yield exact(f"l2 = {l2:g}: Cholesky factors are finite", [np.isfinite(f).all() for f in factors], 1, 0)
        want = [oracles.ridge(table.x, table.y, l2) for table, _ in own]
        sizes = np.linalg.norm(want, axis=1, keepdims=True)
        label = f"l2 = {l2:g}: one Newton step, by scikit-learn's Ridge"
        yield exact(label, [theta for _, theta in own], want, 1e-6 if l2 > 1e-6 else 1e-4, sizes)
    own = [(table, theta) for run, table, theta in runs if run.l2 == PENALTIES[0]]
    want = [ridge.smallest_interpolation(table.x, table.y) for table, _ in own]
    sizes = np.linalg.norm(want, axis=1, keepdims=True)
    yield exact("l2 = 1e-8: interpolation of least norm", [theta for _, theta in own], want, 1e-5, sizes)


STUDY = Study(
    id="D02",
    name="lambda_invertible",
    title="Does an L2 penalty make the normal equations solvable when rows are fewer than parameters?",
    claims=(SINGULAR, REGULAR),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("L is the identity: the bias is penalised", bugs.replace("models", "linear", bugs.penalised_bias)),
    ),
    figures=(Figure("Parameters per penalty", "values", "index", "value", "l2", where={"step": 1}),),
)
