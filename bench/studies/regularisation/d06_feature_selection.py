"""D06: does dropping features reduce overfitting?

Theory: with k columns of pure noise among p, least squares on m rows has an excess test error of about
sigma^2 k / (m - p - 1) (Hastie et al. 2009, section 7.3; Breiman and Freedman 1983 for random designs). Forward
selection and a ridge penalty, both chosen on the train rows alone, win a share of it back. A penalty shrinks what is
real too, and its error is known (Hastie et al. 2022, theorem 5).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study, Table
from bench.stats import bound, claim, equivalent, exact, sign, worst
from bench.studies import bugs
from bench.theory import oracles, quadratics, ridge, selection

HELPS = Claim("dropping", "dropping features, by hand or by model selection, reduces overfitting", "S0")

COLUMNS = {"full": [0, 20, 50, 100], "quick": [0, 100], "cell": [0, 100]}
SPLITS = 64  # the closest contest is won on 84 % of them: with 64 the rule of signs misses that once in 1,500 times
PENALTIES = [0.0, 60.0, 200.0]  # the better of the two is near the best there is for every k
CHECKED = 8  # splits whose fit scikit-learn repeats
REAL = 10  # columns of diabetes
MOST = 20  # columns that forward selection tries
MANY, LEAST = 100, 0.8  # so many columns of noise, and the share of their error that forward selection wins back


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    source = {"data": "distracted", "data.columns": COLUMNS[profile], "split": "own", "model": "linear"}
    solve = {"optimizer": "newton", "learning_rate": 1.0, "steps": 1, "checkpoints": "end", "probes": "off"}
    return [Grid({**source, **solve, "dtype": "float64", "l2": PENALTIES, "seed": list(range(SPLITS))})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    runs = evidence.runs.sort_values("seed").groupby(["data.columns", "l2"], observed=True)
    errors = {(int(key[0]), key[1]): 2 * own["final_test_loss"].to_numpy() for key, own in runs}  # (splits,) each
    columns, seeds = sorted({k for k, _ in errors}), sorted(set(evidence.runs["seed"]))
    real = evidence.data("diabetes")
    theta = quadratics.minimiser(real.x, real.y)
    variance = 2 * real.rows * quadratics.loss(real.x, real.y, theta) / (real.rows - REAL - 1)
    found, loads, shares, cost = [], [], [1.0], 0.0
    for k in columns:
        tables = [evidence.data("distracted", seed=seed, split="own", columns=k) for seed in seeds]
        plain, by_hand = errors[k, 0.0], errors[0, 0.0]
        found += _fits(k, errors, tables, np.cov(real.x.T, bias=True), theta[1:], variance)
        loads.append(k / (tables[0].rows - REAL - k - 1))
        picked = np.array([_selected(table) for table in tables])
        cost = picked.mean() / plain.mean() - 1 if k == 0 else cost
        if k:
            ridges = np.array([errors[k, _penalty(table)][split] for split, table in enumerate(tables)])
            found.append(sign(f"{k} columns of noise, by hand: error won > 0", plain - by_hand))
            for way, own, tight in (("selection", picked, LEAST if k == MANY else None), ("ridge", ridges, None)):
                found.append(sign(f"{k} columns of noise, {way}: error won > 0", plain - own))
                shares.append(float((plain - own).mean() / (plain - by_hand).mean()))
                found.append(bound(f"{k} columns of noise, {way}: share won back", shares[-1], 1, tight))
    slope = np.polyfit(loads, [errors[k, 0.0].mean() for k in columns], 1)[0]
    found.append(exact("slope of the test error over k / (m - p - 1): sigma^2", slope, variance, 0.15, seeds=SPLITS))
    won = worst([finding for finding in found if finding.rule.startswith("SIGN")]) == "PASS"
    verdict = "SUPPORTED" if won else "CONDITIONAL" if min(shares) > 0 else "REFUTED"
    region = f"features without use among others; with none of them forward selection costs {cost:.1%} of the error"
    return [*found, claim(HELPS, verdict, min(shares), None, "least share won back", region, seeds=SPLITS)]


def _fits(
    k: int, errors: dict[Any, Any], tables: Sequence[Table], covariance: Any, weight: Any, variance: float
) -> Iterator[Finding]:
    """Least squares against scikit-learn; ridge regression, whose CV is at most .077, against theory in the mean."""
    label, wider = f"{k} columns of noise: test error", np.eye(REAL + k)
    want = [_error(table, oracles.linear_regression(table.x, table.y)) for table in tables[:CHECKED]]
    yield exact(f"{label} of least squares", errors[k, 0.0][:CHECKED], want, 1e-8, seeds=CHECKED)
    wider[:REAL, :REAL] = covariance
    for l2 in PENALTIES[1:]:
        size = ridge.random_design_error(l2, tables[0].rows, wider, np.append(weight, np.zeros(k)), variance)
        yield equivalent(f"{label} at l2 = {l2:g}", errors[k, l2], size, 0.1)


def _error(table: Table, theta: Any) -> float:
    """Mean squared error on the test rows."""
    return float(np.mean((table.y_test - theta[0] - table.x_test @ theta[1:]) ** 2))


def _selected(table: Table) -> float:
    """The same for least squares on the columns that forward selection takes."""
    chosen = selection.forward(table.x, table.y, MOST)
    theta = np.zeros(table.x.shape[1] + 1)
    theta[[0, *(1 + np.array(chosen, int))]] = quadratics.minimiser(table.x[:, chosen], table.y)
    return _error(table, theta)


def _penalty(table: Table) -> float:  # the best one when each train row is left out in turn
    return min(PENALTIES, key=lambda l2: ridge.leave_one_out(table.x, table.y, l2))


def _leaking(evidence: Evidence) -> Evidence:
    """The test rows are among those on which features are selected and fitted."""

    def data(*given: Any, **axes: Any) -> Table:
        own = evidence.data(*given, **axes)
        return dataclasses.replace(own, x=np.concatenate([own.x, own.x_test]), y=np.concatenate([own.y, own.y_test]))

    return dataclasses.replace(evidence, data=data)


STUDY = Study(
    id="D06",
    name="feature_selection",
    title="Does dropping features reduce overfitting?",
    claims=(HELPS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("features are selected on the test rows", evidence=_leaking),
        Mutant("the step is half of Newton's", bugs.replace("methods", "newton", bugs.on_rate(lambda rate: rate / 2))),
    ),
    figures=(Figure("Test error", "runs", "data.columns", "final_test_loss", "l2", log="y"),),
)
