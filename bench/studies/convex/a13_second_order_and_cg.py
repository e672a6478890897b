"""A13: are conjugate gradients, BFGS and L-BFGS faster than gradient descent?

Theory: on a quadratic CG ends after as many steps as the Hessian has distinct eigenvalues, and ||e_n||_H / ||e_0||_H
<= 2 ((sqrt k - 1) / (sqrt k + 1))^n (Hestenes and Stiefel 1952; Nocedal and Wright 2006, eq. 5.36). BFGS with exact
line searches walks the same path (Nazareth 1979). A step costs one gradient, one product with the Hessian and the
values that the line search looks at, which are counted alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study, Table
from bench.stats import bound, claim, exact, sign, worst
from bench.studies import bugs
from bench.theory import descent, logistic, quadratics

TEXT = "conjugate gradients, BFGS and L-BFGS need no learning rate and are faster than gradient descent"
FASTER = Claim("faster", TEXT, "S0, S2", "CONDITIONAL")

CELLS = {"breast_cancer": "logistic", "diabetes": "linear"}
PROFILES = {"full": tuple(CELLS), "quick": ("breast_cancer",), "cell": ()}
PENALTIES = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
ROWS = 16


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    record = {"dtype": "float64", "checkpoints": 1, "probes": "parameters"}
    quadratic = {"data": "diabetes", "model": "linear", "init": "normal", "steps": 12, **record}
    found = [Grid({**quadratic, "optimizer": name}) for name in ("conjugate_gradient", "bfgs")]
    for name in PROFILES[profile]:
        targets, rates = zip(*(_target(data(name), l2) for l2 in PENALTIES), strict=True)
        axes = {"l2": PENALTIES, "stop.threshold": list(targets), "learning_rate": list(rates)}
        run = {"data": name, "model": CELLS[name], "stop": "target_loss", **record}
        searching = (
            ("lbfgs", "bfgs", "conjugate_gradient") if (profile, name) == ("full", "breast_cancer") else ("lbfgs",)
        )
        found += [Grid({**axes, **run, "optimizer": one, "steps": 200}, [list(axes)]) for one in searching]
        long = {"steps": 20_000, "checkpoints": 1000, "probes": "off", "lanes": len(PENALTIES) // 2}  # of two cores
        found.append(Grid({**axes, **run, **long}, [list(axes)]))
    noisy = {"data": "breast_cancer", "model": "logistic", "l2": 1.0, "batch_size": ROWS, "steps": 300, **record}
    noisy |= {"checkpoints": "end", "probes": "off", "seed": list(range(12))}
    noisy["learning_rate"] = logistic.best_rate(data("breast_cancer").x, data("breast_cancer").y, 1.0) / 10
    return found if profile == "cell" else [*found, *(Grid({**noisy, "optimizer": one}) for one in ("lbfgs", "sgd"))]


def _hessian(table: Table, theta: Any, l2: float) -> Any:
    return logistic.hessian(table.x, theta, l2) if table.classes else quadratics.hessian(table.x, l2)


def _target(table: Table, l2: float) -> tuple[float, float]:
    """J* + 1e-6, and 2 / (L + mu), the best learning rate for what is known of J beforehand."""
    mu, largest = quadratics.extremes(table.x, l2)
    if table.classes:
        mu, largest = l2 / table.rows, logistic.smoothness(table.x, l2)
    theory: Any = logistic if table.classes else quadratics
    best = theory.minimiser(table.x, table.y, l2)
    return theory.loss(table.x, table.y, best, l2) + 1e-6, quadratics.best_rate(mu, largest)


def judge(evidence: Evidence) -> Sequence[Finding]:
    quadratic, costs = list(_quadratic(evidence)), _costs(evidence)
    if not costs:
        return quadratic
    gains = {key: costs[*key[:2], "sgd"] / cost for key, cost in costs.items() if key[2] != "sgd"}
    own = [gain for key, gain in gains.items() if key[2] == "lbfgs"]
    ranking = sign("evaluations of gradient descent / of L-BFGS > 1", np.log(own), least=len(own))
    noisy = evidence.runs[evidence.runs["regime"] == "minibatch"].sort_values("seed")
    ends = {name: noisy.loc[noisy["optimizer"] == name, "final_train_loss"].to_numpy() for name in ("lbfgs", "sgd")}
    worse = sign(f"J of L-BFGS - J of gradient descent on {ROWS} rows a step > 0", ends["lbfgs"] - ends["sgd"])
    fast = worst([*quadratic, ranking]) == "PASS" and min(gains.values()) > 1
    verdict = "REFUTED" if not fast else "CONDITIONAL" if worse.impl == "PASS" else "SUPPORTED"
    region = f"small ill-conditioned convex problems, gradients of all rows; not with {ROWS} rows a step"
    judged = claim(FASTER, verdict, min(gains.values()), 1.0, "least ratio of evaluations to J* + 1e-6", region)
    return [*quadratic, ranking, worse, judged]


def _quadratic(evidence: Evidence) -> Iterator[Finding]:
    """Twelve steps on linear regression with eleven distinct eigenvalues."""
    paths = {run.optimizer: (run, path) for run, _, path in evidence.vector("parameter") if run.init == "normal"}
    run, path = paths["conjugate_gradient"]
    table = evidence.table(run)
    h, best = quadratics.hessian(table.x), quadratics.minimiser(table.x, table.y)
    size = np.sqrt(np.einsum("ki,ij,kj->k", path - best, h, path - best))
    limit = descent.conjugate_gradient_bound(float(np.linalg.cond(h)), np.arange(len(path)))
    yield bound("CG: ||e_n||_H / its bound", size / size[0], limit, tight=None)
    yield exact("CG: theta after 12 steps", path[12], best, 1e-9, np.linalg.norm(best))
    scale = np.linalg.norm(path[:9] - best, axis=1, keepdims=True)
    yield exact("BFGS: its first eight steps against those of CG", paths["bfgs"][1][:9], path[:9], 1e-6, scale)


def _costs(evidence: Evidence) -> dict[tuple[str, float, str], float]:
    """Evaluations to J* + 1e-6 by data, penalty and method."""
    runs = evidence.runs[evidence.runs["stop"] == "target_loss"]
    found = {(row.data, row.l2, row.optimizer): float(row.stop_step) for row in runs.itertuples()}
    for run, _, path in evidence.vector("parameter"):
        if (key := (run.data, run.l2, run.optimizer)) in found:
            table, own = evidence.table(run), path[: int(found[key]) + 1]
            theory: Any = logistic if table.classes else quadratics
            slopes = [theory.gradient(table.x, table.y, theta, run.l2) for theta in own[:-1]]
            hessians = [_hessian(table, theta, run.l2) for theta in own[:-1]]
            found[key] = 3 * found[key] + np.round(descent.halvings(own, slopes, hessians)).sum()
    return found


STUDY = Study(
    id="A13",
    name="second_order_and_cg",
    title="Are conjugate gradients, BFGS and L-BFGS faster than gradient descent?",
    claims=(FASTER,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("beta is always 0", bugs.swapped("methods", "conjugate_gradient", "exact_line_search")),
        Mutant("the pairs have the wrong sign, so none is used", bugs.swapped("methods", "bfgs", "exact_line_search")),
    ),
    figures=(Figure("Steps to J* + 1e-6", "runs", "l2", "stop_step", "optimizer", "data", "xy"),),
)
