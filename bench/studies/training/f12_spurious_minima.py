"""F12: a network of two layers has many local minima with as many units as its teacher, and almost none with one more.

Theory: the population loss of n ReLU students of k orthonormal teachers under Gaussian inputs is known in closed form
(Safran and Shamir 2018, section 2). Gradient descent from N(0, 1/k) weights ends in minima with F > 0 in the shares of
1,000 runs of their table 1, which are a sample as well: Fisher's exact test. There the Hessian is positive
semidefinite: these points are minima, not saddles or plateaus. The lowest of them has F = .0215 at k = 8, .0187 at 10.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, fisher
from bench.studies import bugs

FEW = Claim("few", "deep networks have few local optima", "S4", "CONDITIONAL")
STUCK = Claim("stuck", "deep networks get stuck in local optima", "S3", "CONDITIONAL")

Cell = tuple[int, int]  # units of student and teacher
PUBLISHED: dict[Cell, int] = {(6, 6): 3, (8, 8): 126, (10, 10): 346, (11, 10): 1, (12, 10): 0}
RUNS, LOWEST = 1000, {(8, 8): 0.0215, (10, 10): 0.0187}
CELLS: dict[str, Sequence[Cell]] = {"full": tuple(PUBLISHED), "quick": ((6, 6), (8, 8)), "cell": ((6, 6),)}
SEEDS, RARE, GLOBAL, STILL = 200, 0.02, 0.01, 1e-4


def _net(cell: Cell) -> dict[str, Any]:
    n, k = cell
    teacher = {"data": "orthonormal_teachers", "data.teachers": k, "scaling": "raw", "model": "relu_student"}
    run = {"learning_rate": 0.1, "steps": 40_000, "stop": "gradient_norm", "stop.threshold": STILL, "lanes": 8}
    return {**teacher, **run, "width": n}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    seeds = {"seed": list(range(SEEDS if profile != "cell" else 16)), "checkpoints": 500, "probes": "off"}
    return [Grid({**_net(cell), **seeds}) for cell in CELLS[profile]]


def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
    """The runs that ended in another minimum once more, with the Hessian there."""
    look = {"checkpoints": 5000, "probes": "hessian_spectrum"}  # nothing is computed once all lanes have stopped
    ends = {} if completed else _ends(evidence)
    stuck = {cell: [int(s - min(own)) for s, loss in own.items() if loss > GLOBAL] for cell, own in ends.items()}
    return [Grid({**_net(cell), **look, "seed": seeds}) for cell, seeds in stuck.items() if seeds]


def _ends(evidence: Evidence) -> dict[Cell, dict[int, float]]:
    """Loss at the end of every seed."""
    found: dict[Cell, dict[int, float]] = defaultdict(dict)
    for run in evidence.runs.to_dict("records"):
        found[int(run["width"]), int(run["data.teachers"])][run["seed"]] = run["final_train_loss"]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, shares = list(_minima(evidence)), {}
    running = float(np.mean(evidence.runs["stop_step"].isna() | (evidence.runs["stop_step"] < 0)))
    found.append(bound(f"share of runs with ||grad F|| above {STILL:g} at the end / 1 %", running, 0.01, tight=None))
    for cell, own in _ends(evidence).items():
        ends, name = np.array([*own.values()]), f"(n, k) = {cell}"
        stuck = ends > GLOBAL
        found.append(bound(f"{name}: largest |F| of the other runs / 1e-4", np.abs(ends[~stuck]), 1e-4, tight=None))
        text, shares[cell] = f"{name}: share of runs that end in another minimum", float(stuck.mean())
        found.append(fisher(text, int(stuck.sum()), len(ends), PUBLISHED[cell], RUNS, len(PUBLISHED)))
        if cell[0] > cell[1]:
            found.append(bound(f"{text} / {RARE:.0%}", shares[cell], RARE, tight=None, seeds=len(ends)))
        elif cell in LOWEST and stuck.any():
            found.append(exact(f"{name}: F at the lowest of them", ends[stuck].min(), LOWEST[cell], 5e-3))
    rare = [share < RARE for share in shares.values()]
    both, worst = "CONDITIONAL", max(shares.values())
    few = "SUPPORTED" if all(rare) else both if any(rare) else "REFUTED"
    stuck = "REFUTED" if all(rare) else both if any(rare) else "SUPPORTED"
    rule, region = "largest share of runs in another minimum", "one unit more than the teacher has, or at most six"
    return [
        *found,
        claim(FEW, few, worst, RARE, rule, region),
        claim(STUCK, stuck, worst, RARE, rule, "as many units as the teacher has, eight or more"),
    ]


def _minima(evidence: Evidence) -> Iterator[Finding]:
    """No direction in which F falls, at the ends of runs in another minimum."""
    lowest = defaultdict(list)
    for run, _, values in evidence.vector("hessian_eigenvalue"):
        lowest[int(run.width), int(run["data.teachers"])].append(values[-1].min())
    for cell, own in lowest.items():
        falls = np.maximum(-np.array(own), 0)
        text = f"(n, k) = {cell}: most negative curvature of another minimum / 1e-4"
        yield bound(text, falls, 1e-4, tight=None, seeds=len(own))


def _biased(architecture: Any) -> Any:
    """E (f + b - g)^2 / 2 = F + b E(f - g) + b^2 / 2, where E relu(w x) = ||w|| / sqrt(2 pi)."""

    def make(*given: Any) -> Any:
        model, b = architecture.make(*given), 0.3

        def apply(params: Any, x: Any, hyper: Any) -> Any:
            sizes = (params["weight"] ** 2).sum(axis=0) ** 0.5
            return model.apply(params, x, hyper) + b * (sizes.sum() - x.shape[0]) / (2 * np.pi) ** 0.5 + b * b / 2

        return model._replace(apply=apply)

    return architecture._replace(make=make)


STUDY = Study(
    id="F12",
    name="spurious_minima",
    title="Does gradient descent on a network of two layers end in a local minimum?",
    claims=(FEW, STUCK),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the student has a fixed output bias", bugs.replace("models", "relu_student", _biased)),),
    figures=(Figure("F at the end of every run", "runs", "seed", "final_train_loss", "width", "data.teachers"),),
    refine=refine,
)
