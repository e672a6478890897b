"""C04: on separable rows, do the weights of logistic regression grow for ever, and in which direction?

Theory (Soudry et al. 2018, theorem 3): J falls like 1 / t and ||w|| grows like ||w*|| ln t, w* the vector of largest
margin min z w = 1, while J t tends to ||w*||^2 and the direction to that of w*, both as slowly as 1 / ln t.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, sign, worst
from bench.studies import bugs, lines
from bench.theory import oracles

GROWS = Claim(
    "grows", "on separable data the weights of logistic regression do not converge: their norm grows as ln t", "S0"
)

LISTED = (1.126735, (0.83205, 0.55470))  # norm and direction of w*
LISTED_NORMS = (12.2415, 14.7866)  # of w at t = 1e5 and 1e6
FINE = tuple(round(at, -1) for at in np.geomspace(1e5, 1e6, 9))  # the last decade: before, 1 - cos still rises


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    """The same single run in every profile: a million steps on four rows take a second."""
    rows = {"data": "separable", "scaling": "raw", "model": "logistic", "bias": False, "dtype": "float64"}
    steps = (100, 1000, 10_000, *(int(at) for at in FINE))
    return [Grid({**rows, "learning_rate": 1.0, "steps": steps[-1], "checkpoints": [steps], "probes": "parameters"})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    table = evidence.data("separable", scaling="raw")
    best = oracles.maximum_margin(table.x, table.y)
    size = float(np.linalg.norm(best))
    margin = [exact("direction of w* by a support vector machine, as listed", best / size, LISTED[1], 1e-5, 1)]
    margin.append(exact("norm of w*, as listed", size, LISTED[0], 1e-5))
    growth = [*_growth(evidence, best)]
    return [*margin, *growth, claim(GROWS, "SUPPORTED" if worst(growth) == "PASS" else "REFUTED")]


def _growth(evidence: Evidence, best: NDArray[np.float64]) -> Iterator[Finding]:
    """The last decade: the norm, J, and the angle to w*."""
    (_, steps, w), (_, _, loss) = next(evidence.vector("parameter")), next(evidence.curve("train_loss"))
    late = steps >= FINE[0]
    time, w, loss = steps[late], w[late], loss[late]
    norms, size = np.linalg.norm(w, axis=1), np.linalg.norm(best)
    yield exact("norm of w at t = 1e5 and 1e6, as listed", norms[[0, -1]], LISTED_NORMS, 1e-5)
    slope = (norms[-1] - norms[0]) / np.log(time[-1] / time[0])
    yield exact("growth of the norm per ln t, t = 1e5 ... 1e6", slope, size, 0.05)
    yield exact("J t against the squared norm of w*", loss * time, size**2, 0.05)
    off = 1 - w @ best / (norms * size)
    yield sign("1 - cos of the angle to w* falls", off[:-1] - off[1:], least=len(off) - 1)


def _late(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """||w*||^2 / t, to which J tends."""
    table = evidence.table(run)
    return np.sum(oracles.maximum_margin(table.x, table.y) ** 2) / np.where(steps > 0, steps, np.nan)


def _penalised(loss: Any) -> Any:
    return loss._replace(per_row=lambda z, y: loss.per_row(z, y) + 1e-6 * (z * z).sum(axis=-1))


STUDY = Study(
    id="C04",
    name="separable_log_growth",
    title="Do the weights of logistic regression grow for ever on separable rows, and in which direction?",
    claims=(GROWS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("a tiny L2 penalty", bugs.replace("losses", "binary_cross_entropy", _penalised)),),
    figures=(
        Figure("J falls like 1 / t", "curves", "step", "train_loss", log="xy", theory=lines.curve("train_loss", _late)),
    ),
)
