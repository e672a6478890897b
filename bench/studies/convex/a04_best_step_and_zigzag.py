"""A04: when does gradient descent zigzag?

Theory: on (x^2 + g y^2) / 2 from (g, 1) the best step leads to x_k = ((g - 1) / (g + 1))^k (g, (-1)^k), each gradient
orthogonal to the next (Boyd and Vandenberghe 2004, section 9.3.2). With a fixed step the steepest coordinate is
multiplied by 1 - eta L: it changes sign at every step iff 1 / L < eta < 2 / L, and never if eta < 1 / L.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs, lines
from bench.theory import descent, quadratics

FASTEST, TEN = "J under the best and fixed steps on (x^2 + 10 y^2) / 2", {"surface.yy": 10.0}
ZIGZAG = Claim("zigzag", "unscaled problems give zigzag paths", "S2")
NEAR = Claim("near-minimum", "gradient descent zigzags near the minimum", "S2")

GAMMAS = {"full": (2.0, 10.0, 100.0, 1000.0), "quick": (2.0, 10.0, 100.0, 1000.0), "cell": (10.0,)}
SPEEDS = (0.5, 0.99, 1.01, 1.5, 1.99)  # eta L
STEPS = 60


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    record = {"steps": STEPS, "checkpoints": 1, "probes": "parameters", "dtype": "float64"}
    found = []
    for gamma in GAMMAS[profile]:
        bowl = {"model": "quadratic", "surface.yy": gamma, "start.x": gamma, "start.y": 1.0}
        found.append(Grid({**bowl, **record, "optimizer": "exact_line_search"}))
        found.append(Grid({**bowl, **record, "learning_rate": [speed / gamma for speed in SPEEDS]}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = list(evidence.vector("parameter"))
    best = list(_best([path for path in paths if path[0].optimizer == "exact_line_search"]))
    fixed = list(_fixed([path for path in paths if path[0].optimizer == "sgd"]))
    turns = min(_turns(theta) for run, _, theta in paths if run.optimizer == "exact_line_search")
    rule = "share of sign changes of the steepest coordinate"
    return [
        *best,
        *fixed,
        claim(ZIGZAG, "SUPPORTED" if turns == 1 else "REFUTED", turns, 1.0, f"{rule} under the best step"),
        claim(NEAR, "SUPPORTED" if worst(fixed) == "PASS" else "REFUTED", rule=rule, region="1 / L < eta < 2 / L"),
    ]


def _turns(theta: Any) -> float:
    """Share of the steps at which the steepest coordinate changes sign, as long as it is no rounding."""
    steep = theta[np.abs(theta[:, 1]) > 1e-100, 1]
    return float(np.mean(steep[1:] * steep[:-1] < 0))


def _best(paths: Sequence[Any]) -> Iterator[Finding]:
    """The best step, while the iterates are well above rounding."""
    for run, steps, theta in paths:
        gamma = run["surface.yy"]
        want = descent.exact_line_search_path(gamma, steps)
        kept = np.abs(want[:, 1]) > 1e-12
        scale = np.abs(want[kept]).max(axis=1, keepdims=True)
        yield exact(f"gamma {gamma:g}: iterates of the best step", theta[kept], want[kept], 1e-9, scale)
        slopes = theta[kept] * [1, gamma]
        before, after = slopes[:-1], slopes[1:]
        cosines = np.sum(before * after, axis=1) / np.linalg.norm(before, axis=1) / np.linalg.norm(after, axis=1)
        yield bound(f"gamma {gamma:g}: |cos| of successive gradients / 1e-8", np.abs(cosines) / 1e-8, 1, tight=None)


def _fixed(paths: Sequence[Any]) -> Iterator[Finding]:
    """Share of the steps at which the steepest coordinate changes sign, and all iterates."""
    for run, steps, theta in paths:
        gamma, start = run["surface.yy"], theta[0]
        want = quadratics.modes(np.diag([1.0, gamma]), start, run.learning_rate, steps)
        speed = f"gamma {gamma:g}, eta L = {run.learning_rate * gamma:g}"
        yield exact(f"{speed}: iterates", theta, want, 1e-9, np.linalg.norm(start))
        yield exact(f"{speed}: share of sign changes", _turns(theta), float(run.learning_rate * gamma > 1), 0, 1)


def _half(method: Any) -> Any:
    make = method.make
    return method._replace(make=lambda h: make({**h, "optimizer.relaxation": h["optimizer.relaxation"] / 2}))


def _path(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J under fixed steps, and under the best ones: by ((g - 1) / (g + 1))^2 per step."""
    if run.optimizer != "exact_line_search":
        return lines.quadratic(evidence, run, steps, measured)
    return measured[0] * ((run["surface.yy"] - 1) / (run["surface.yy"] + 1)) ** (2 * steps)


PREDICTED = lines.curve("train_loss", _path)

STUDY = Study(
    id="A04",
    name="best_step_and_zigzag",
    title="When does gradient descent zigzag?",
    claims=(ZIGZAG, NEAR),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the line search stops half way", bugs.replace("methods", "exact_line_search", _half)),
        Mutant("the fixed step is halved", bugs.replace("methods", "sgd", bugs.on_rate(lambda rate: rate / 2))),
    ),
    figures=(Figure(FASTEST, "curves", "step", "train_loss", "learning_rate", "optimizer", "y", TEN, PREDICTED),),
)
