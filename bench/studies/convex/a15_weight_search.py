"""A15: is searching for the weights hopeless, from coarse to fine too, and does gradient descent avoid it?

Theory: N points per weight are N^d values of J, the best within L d h^2 / 8 of the minimum, h the spacing (Nesterov
2004, section 1.1.3). Rounds from coarse to fine take N^d values each, but find a narrow well only if a node of the
first falls into it. Gradient descent takes d derivatives per step; its steps depend on the condition alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bound, claim, exact, worst
from bench.studies import bugs
from bench.theory import quadratics, search

POWER = Claim("power", "the cost of an exhaustive search grows as a power of the number of weights", "S4")
MISSES = Claim("misses", "from coarse to fine costs less, but misses the optimum of non-convex curves", "S4")
AVOIDS = Claim("avoids", "gradient descent avoids the search", "S4")

MOST = 6  # weights
BOXES = {"full": ((17, 3), (9, 4), (5, MOST)), "quick": ((17, 2), (9, 3), (5, 4)), "cell": ((5, 2),)}  # points, weights
WELLS = {"full": ((0.02, 17), (0.1, 5), (0.5, 5)), "quick": ((0.02, 17),), "cell": ()}  # width, points
CENTRES = np.random.default_rng(15).uniform(-1, 1, 2000)
TESTS, CELLS = 6, ((0.02, 5), (0.02, 9), (0.02, 17), (0.1, 5), (0.5, 5))  # fewer points are among the more
NARROW, FINE, ZOOMED, ROUNDS = 0.02, 17, 500, 2  # the search from coarse to fine: width, points, wells, further rounds
NODES, SPACING = np.linspace(-1, 1, FINE), 2 / (FINE - 1)
AXES, RATES = [f"surface.a{i + 1}" for i in range(MOST)], ["learning_rate", "stop.threshold"]
LOOK = {"steps": 0, "checkpoints": "end", "probes": "off", "dtype": "float64"}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for points, d in ((points, d) for points, most in BOXES[profile] for d in range(1, most + 1)):
        nodes = [np.linspace(-1, 1, points).tolist() if i < d else 0.0 for i in range(MOST)]
        found.append(_bowl(nodes, np.ones(d), {"surface.x": 1 / (points - 1)}))  # halfway between two nodes
    for width, points in WELLS[profile]:
        axes = {"surface.x": CENTRES.tolist(), "start.x": np.linspace(-1, 1, points).tolist()}
        found.append(Grid({"model": "narrow_well", "surface.width": width, **axes, **LOOK}))
    for d in range(1, MOST + 1) if profile != "cell" else ():
        descent = {"learning_rate": quadratics.best_rate(0.1 if d > 1 else 1, 1), "stop": "target_loss", "steps": 200}
        descent["stop.threshold"] = float(search.error_bound(1, d, SPACING))
        found.append(_bowl(MOST * [-1.0], np.logspace(0, -1, d), descent))
    return found


def _bowl(starts: Sequence[Any], curvatures: Any, more: dict[str, Any]) -> Grid:
    axes = {f"start.x{i + 1}": start for i, start in enumerate(starts)}
    axes |= zip(AXES, np.pad(curvatures, (0, MOST - len(curvatures))).tolist(), strict=True)
    return Grid({"model": "bowl", **LOOK, **axes, **more})


def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
    if completed >= ROUNDS or "surface.width" not in evidence.runs:
        return ()
    centres, best = _best(evidence.runs, NARROW, CENTRES[:ZOOMED])
    starts = (best[:, None] + SPACING ** (completed + 1) * NODES).ravel()
    axes = {"surface.x": np.repeat(centres, FINE).tolist(), "start.x": starts.tolist()}
    return [Grid({"model": "narrow_well", "surface.width": NARROW, **axes, **LOOK}, zipped=[tuple(axes)])]


def _best(runs: Any, width: float, centres: Any) -> Any:
    own = runs[(runs["surface.width"] == width) & runs["surface.x"].isin(centres)]
    best = own.loc[own.groupby("surface.x", observed=True)["final_train_loss"].idxmin()]
    return best[["surface.x", "start.x"]].to_numpy().T


def judge(evidence: Evidence) -> Sequence[Finding]:
    boxes = evidence.runs[(evidence.runs["model"] == "bowl") & (evidence.runs["steps"] == 0)]
    boxes = boxes.assign(d=boxes[AXES].sum(axis=1)).groupby(["surface.x", "d"])["final_train_loss"].agg(["size", "min"])
    h, d, values, errors = boxes.reset_index().to_numpy().T
    found = [exact("values of J at N points for each of d weights: N^d", values, (1 + 1 / h) ** d, 1e-12)]
    found.append(bound("error of the best point / L d h^2 / 8", errors, search.error_bound(1, d, 2 * h)))
    power = claim(POWER, "SUPPORTED" if worst(found) == "PASS" else "REFUTED", values.max(), None, "N^d values of J")
    more = () if values.sum() == len(evidence.runs) else (*_wells(evidence.runs), *_descent(evidence.runs))
    return [*found, power, *more]


def _wells(runs: Any) -> Iterator[Finding]:
    for width, points in CELLS:
        nodes = np.linspace(-1, 1, points)
        centres, best = _best(runs[runs["start.x"].isin(nodes)], width, CENTRES)
        if len(best):
            near, want = np.abs(best - centres) <= 2 / (points - 1), search.share_found(width, nodes)
            yield binomial(f"w = {width:g}, {points} points: share found", int(near.sum()), len(near), want, TESTS)
    (centres, best), last = _best(runs, NARROW, CENTRES[:ZOOMED]), SPACING ** (ROUNDS + 1)
    hits, want = int((np.abs(best - centres) <= last).sum()), search.share_found(NARROW, NODES)
    yield binomial(f"w = {NARROW:g}: share found from coarse to fine", hits, ZOOMED, want, TESTS)
    cost = int(((runs["surface.x"] == CENTRES[0]) & (runs["surface.width"] == NARROW)).sum())
    yield exact("from coarse to fine: values of J", cost, FINE * (ROUNDS + 1), 1e-12)
    verdict = "SUPPORTED" if hits < ZOOMED and cost < 2 / last else "REFUTED"
    yield claim(MISSES, verdict, hits / ZOOMED, 1.0, f"share found with {cost} values of J, not {2 / last + 1:g}")


def _descent(runs: Any) -> Iterator[Finding]:
    own = runs[(runs["model"] == "bowl") & (runs["steps"] > 0)].sort_values("stop.threshold")
    want = [search.steps_below(row[:MOST], 1, *row[MOST:]) for row in own[AXES + RATES].to_numpy()]
    yield exact("steps of gradient descent, 1 to 6 weights", own["stop_step"], want, 1e-12)
    costs = [d * steps / FINE**d for d, steps in enumerate(own["stop_step"], start=1)]
    verdict = "SUPPORTED" if np.all(np.diff(costs[1:]) < 0) and costs[-1] < 1 else "REFUTED"
    yield claim(AVOIDS, verdict, costs[-1], 1.0, f"derivatives / values of J at {FINE} points, {MOST} weights")


def _close(old: Any) -> Any:  # five nodes 2 / 5 apart in place of 2 / 4
    return old._replace(init=lambda *given: {"position": 0.8 * (old.init(*given)["position"] + 1) - 1})


STUDY = Study(
    id="A15",
    name="weight_search",
    title="Is searching for the weights hopeless, and does gradient descent avoid it?",
    claims=(POWER, MISSES, AVOIDS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the points are too close by one", bugs.replace("models", "bowl", bugs.on_model(_close))),),
    refine=refine,
    figures=(Figure("J at the nodes", "runs", "start.x", "final_train_loss", "surface.width"),),
)
