"""C09: do polynomial features give logistic regression the curved boundaries that it lacks?

Theory: rows and their mirror images share a label here, so that the gradient vanishes at weight zero and no line does
better than J = ln 2, on circles and on the exclusive or alike. With squares and products both are separable: a circle
is x^2 + y^2, the exclusive or is the sign of x y (Minsky and Papert 1969, section 2).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs, lines

CURVED = Claim("curved", "polynomial features give logistic regression nonlinear decision boundaries", "S0")

SETS = ("circles", "xor")
CELLS = {"full": (SETS, [1, 2, 3]), "quick": (SETS[1:], [1, 2]), "cell": (("xor",), [2])}
SEEDS = {"full": 20, "quick": 20, "cell": 4}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    names, degrees = CELLS[profile]
    run = {"model": "logistic", "dtype": "float64", "steps": 500, "checkpoints": "end", "probes": "off"}
    axes = {"data": list(names), "data.degree": degrees, "l2": [0.0, 1e-3], "seed": list(range(SEEDS[profile]))}
    return [Grid({**run, **axes, "init": "normal", "init.gain": 0.1, "learning_rate": 1.0})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    ends: dict[Any, list[Any]] = {}
    right = {run.run: shares[-1] for run, _, shares in evidence.curve("train_accuracy")}
    for run, _, loss in evidence.curve("train_loss"):
        ends.setdefault((run.data, int(run["data.degree"])), []).append((loss[-1], right[run.run]))
    found = []
    for (name, degree), pairs in ends.items():
        losses, shares = np.array(pairs).T
        if degree == 1:
            found.append(exact(f"{name}: J of the best line, ln 2", losses, np.log(2), 1e-6, seeds=len(losses)))
        else:
            label = f"{name}, degree {degree}: "
            found.append(bound(f"{label}J below 0.2 ln 2", losses, 0.2 * np.log(2), tight=None, seeds=len(losses)))
            found.append(bound(f"{label}0.99 / accuracy", 0.99 / shares, 1, tight=None, seeds=len(shares)))
    return [*found, claim(CURVED, "SUPPORTED" if worst(found) == "PASS" else "REFUTED")]


def _line(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """ln 2, below which no line comes."""
    del evidence, run, steps
    return np.full(measured.shape, np.log(2))


J = "train_loss"
BELOW = "No line does better than ln 2, dashed; curves of the second degree do"


def _without_products(old: Any) -> Any:
    def make(seed: int, options: Any) -> Any:
        raw = old.make(seed, options)
        return raw._replace(x=np.delete(raw.x, 3, axis=1))  # x, y, x^2, x y, y^2

    return replace(old, make=make)


STUDY = Study(
    id="C09",
    name="polynomial_logistic",
    title="Do polynomial features give logistic regression curved boundaries?",
    claims=(CURVED,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the product of the two inputs is missing", bugs.replace("data", "xor", _without_products)),),
    figures=(
        Figure(BELOW, "curves", "data.degree", "train_loss", "data", "l2", "", {"step": 500}, lines.curve(J, _line)),
    ),
)
