"""A05: which path does gradient descent take down a convex bowl?

Theory: on (theta - c)^T H (theta - c) / 2 the errors follow the modes of H; every step is orthogonal to the contour
through its start, as the derivative of J along the tangent is 0; J falls at every step iff eta < 2 / L (Nesterov 2004,
section 1.2). The start (48, 30) is that of the lecture notes CS229, which do not print their matrix.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact
from bench.studies import bugs, lines
from bench.theory import quadratics

CONVERGES = Claim("converges", "gradient descent from (48, 30) converges to the minimum of the bowl", "S2")
ORTHOGONAL = Claim("orthogonal", "every step is orthogonal to the contour", "S2")

H, CENTRE, START = np.array([[2.0, 2.0], [2.0, 4.0]]), np.array([20.0, 15.0]), (48.0, 30.0)
LIMIT = 2 / float(np.linalg.eigvalsh(H)[-1])  # 0.381966
RATES = (0.05, 0.1, 1 / 3, 0.37, 0.383)
STEPS = 300
PROFILES = {"full": RATES, "quick": RATES, "cell": RATES}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    bowl = {"surface.xx": H[0, 0], "surface.xy": H[0, 1], "surface.yy": H[1, 1]}
    centre = {"surface.x": CENTRE[0], "surface.y": CENTRE[1], "start.x": START[0], "start.y": START[1]}
    run = {"steps": STEPS, "checkpoints": 1, "probes": "parameters", "dtype": "float64"}
    return [Grid({"model": "quadratic", **bowl, **centre, **run, "learning_rate": list(PROFILES[profile])})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, cosines, ends = [], [], {}
    losses = {run.run: loss for run, _, loss in evidence.curve("train_loss")}
    for run, steps, theta in evidence.vector("parameter"):
        rate, start = run.learning_rate, np.asarray(START) - CENTRE
        got, want = (theta - CENTRE) @ np.linalg.eigh(H)[1], quadratics.modes(H, start, rate, steps)
        scale = np.maximum(np.linalg.norm(start), np.abs(want))
        found.append(exact(f"eta = {rate:.4g}: both modes of the error", got, want, 1e-10, scale))
        cosines.append(_cosine_to_tangent(theta))
        expected = _rises((want**2) @ np.linalg.eigvalsh(H) / 2)  # above 2 / L the flat mode may hide the first rises
        found.append(
            exact(f"eta = {rate:.4g}: share of steps on which J rises", _rises(losses[run.run]), expected, 0, 1)
        )
        if rate < LIMIT:
            found.append(exact(f"eta = {rate:.4g} < 2 / L: J never rises", _rises(losses[run.run]), 0, 0, 1))
        cosines.append(_cosine_to_tangent(theta))
        ends[rate] = float(np.linalg.norm(theta[-1] - CENTRE))
    away = max(cosines)
    found.append(bound("|cos| of step and tangent / 1e-10", away / 1e-10, 1, tight=None))
    near = max(distance for rate, distance in ends.items() if rate < LIMIT)
    far = min(distance for rate, distance in ends.items() if rate > LIMIT)
    return [
        *found,
        claim(CONVERGES, "SUPPORTED" if near < 1e-3 < far else "REFUTED", near, 0.0, "distance", f"eta < {LIMIT:.6f}"),
        claim(ORTHOGONAL, "SUPPORTED" if away < 1e-10 else "REFUTED", away, 0.0, "largest |cos|"),
    ]


def _rises(loss: Any) -> float:
    return float(np.mean(np.diff(loss) > 1e-12 * loss[:-1] + 1e-25))


def _cosine_to_tangent(theta: Any) -> float:
    """Largest |cos| between a step and the contour's tangent (-dJ/dy, dJ/dx), as long as steps are no rounding."""
    slopes, moves = (theta[:-1] - CENTRE) @ H, np.diff(theta, axis=0)
    sizes = np.linalg.norm(slopes, axis=1) * np.linalg.norm(moves, axis=1)
    kept = np.linalg.norm(moves, axis=1) > 1e-3
    return float(np.max(np.abs(moves[kept, 1] * slopes[kept, 0] - moves[kept, 0] * slopes[kept, 1]) / sizes[kept]))


def _lopsided(gradient: Any) -> Any:
    """The gradient of a matrix that is not symmetric: H_xy in one row only, as if it were transposed wrongly."""
    slope = gradient["position"]
    return {"position": slope.at[1].add(-0.5 * slope[0])}


STUDY = Study(
    id="A05",
    name="contour_trajectory",
    title="Which path does gradient descent take down a convex bowl?",
    claims=(CONVERGES, ORTHOGONAL),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the matrix is not symmetric", bugs.replace("methods", "sgd", bugs.on_gradient(_lopsided))),
        Mutant("the step is doubled", bugs.replace("methods", "sgd", bugs.on_rate(lambda rate: 2 * rate))),
    ),
    figures=(
        Figure("J falls iff eta < 2 / L", "curves", "step", "train_loss", "learning_rate", None, "y", {}, lines.LOSS),
    ),
)
