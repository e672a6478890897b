"""D05: does collinearity make estimates inaccurate, and does it cause overfitting?

Theory: with all pairs of d features correlated by rho, H = (1 - rho) I + rho 1 1^T has the eigenvalues 1 + (d - 1) rho
and 1 - rho, so that kappa = (1 + (d - 1) rho) / (1 - rho). A weight has the variance sigma^2 (X^T X)^-1_jj, and a row
along a weak direction the risk sigma^2 / (m (1 - rho)), without bound; over the rows of the fit the excess risk is
sigma^2 d / m for every rho (Hastie et al. 2009, sections 3.2 and 7.3). Here m = 50, d = 5, sigma = ||w|| = 1, the
penalty is d sigma^2 / ||w||^2 = 5, and two steps of the rates 1 / eigenvalue are the fit.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, rate, worst
from bench.studies import bugs
from bench.theory import quadratics, ridge

INACCURATE = Claim("inaccurate", "collinearity makes the estimated weights inaccurate", "S0")
OVERFITS = Claim("overfitting", "collinearity causes overfitting", "S0", "REFUTED")
CURED = Claim("cured", "a penalty on the squares of the weights cures what collinearity does to them", "S0")

ROWS, FEATURES, PENALTY = 50, 5, 5.0
SEEDS, DRAWS = 16, 2500  # 40,000 draws: the variance of one coefficient scatters by sqrt(2 / draws)
CORRELATIONS = {"full": (0.0, 0.9, 0.99, 0.9999), "quick": (0.0, 0.9999), "cell": (0.9,)}
PACED = {"full": (0.9, 0.99), "quick": (0.9,), "cell": ()}  # correlations at which a constant rate is followed
TESTS = {"same": "excess risk on the rows", "weak": "risk along a weak direction", "weights": "error of a weight"}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    source = {"data": "equicorrelated", "split": "own", "scaling": "raw", "bias": False, "dtype": "float64"}
    fit = {"steps": 2, "checkpoints": "end", "probes": "off", "schedule": "exponential", "schedule.period": 1.0}
    many = {"data.draws": DRAWS, "data.tests": list(TESTS), "seed": list(range(SEEDS))}
    found = []
    for correlation in CORRELATIONS[profile]:
        rates: dict[str, list[float]] = {"l2": [], "learning_rate": [], "schedule.factor": []}
        for l2 in (0.0, PENALTY):
            strong, weak = _spectrum(correlation)[:2] + l2 / ROWS
            for axis, value in zip(rates, (l2, 1 / strong, strong / weak), strict=True):
                rates[axis].append(float(value))
        found.append(Grid({**source, **fit, **many, "data.correlation": correlation, **rates}, zipped=[tuple(rates)]))
    for correlation in PACED[profile]:
        strong, weak = _spectrum(correlation)[:2]
        pace = {"data.correlation": correlation, "data.draws": 1, "learning_rate": quadratics.best_rate(weak, strong)}
        found.append(Grid({**source, **pace, "steps": 4000, "checkpoints": 1, "probes": "parameters"}))
    return found


def _spectrum(correlation: float) -> Any:
    return np.array([1 + (FEATURES - 1) * correlation, *(FEATURES - 1) * [1 - correlation]])


def _theory(correlation: float, test: str, l2: float) -> float:
    """In the eigenbasis, the strong direction, along which w lies, first."""
    h, basis = _spectrum(correlation), np.eye(FEATURES)
    rows = {"same": basis * np.sqrt(h), "weak": basis[1:2], "weights": basis / np.sqrt(FEATURES)}[test]
    return sum(ridge.shifted_error(l2, ROWS, h, basis[0], row, 1.0) for row in rows)


def judge(evidence: Evidence) -> Sequence[Finding]:
    fits = evidence.runs[evidence.runs["schedule"] == "exponential"]
    errors: dict[tuple[float, str, float], Any] = {}
    for key, own in fits.groupby(["data.correlation", "data.tests", "l2"], observed=True):
        errors[key] = 2 * own["final_test_loss"].to_numpy() / DRAWS  # half the squared error, summed over the draws
    found = _pace(evidence)
    for (rho, test, l2), samples in errors.items():
        found.append(equivalent(f"rho = {rho:g}, l2 = {l2:g}: {TESTS[test]}", samples, _theory(rho, test, l2), 0.05))
    least, most = min(key[0] for key in errors), max(key[0] for key in errors)
    if least == most:
        return found
    mean = {key: float(own.mean()) for key, own in errors.items()}
    worse = {test: mean[most, test, 0.0] / mean[least, test, 0.0] for test in TESTS}
    better = mean[most, "weights", 0.0] / mean[most, "weights", PENALTY]
    found.append(bound(f"rho = {most:g}: 10 x error of a weight with the penalty / without", 10 / better, 1, None))
    fine, rule = worst(found) == "PASS", f"rho = {most:g} / rho = {least:g}"
    region = f"not over the rows of the fit; along a weak direction the risk grows {worse['weak']:.4g}-fold"
    return [
        *found,
        claim(INACCURATE, "SUPPORTED" if fine and worse["weights"] > 1 else "REFUTED", worse["weights"], None, rule),
        claim(OVERFITS, "SUPPORTED" if worse["same"] > 1.05 else "REFUTED", worse["same"], 1.0, rule, region),
        claim(CURED, "SUPPORTED" if fine and better >= 10 else "REFUTED", better, 10.0, "error without / with penalty"),
    ]


def _pace(evidence: Evidence) -> list[Finding]:
    found = []
    for run, steps, theta in evidence.vector("parameter"):
        table, (strong, weak) = evidence.table(run), _spectrum(run["data.correlation"])[:2]
        left = np.linalg.norm(theta - np.linalg.lstsq(table.x, table.y[:, 0], rcond=None)[0], axis=1)
        want = np.log(quadratics.spectral_radius(weak, strong, run.learning_rate))
        label = f"rho = {run['data.correlation']:g}: decay of the error, kappa = {strong / weak:.4g}"
        found.append(rate(label, steps, left, want, 1e-3, floor=1e-13 * left[0]))
    return found


def _noise_instead(source: Any) -> Any:
    def make(seed: int, options: Any) -> Any:
        plain, rho = {**options, "data.correlation": 0.0}, options["data.correlation"]
        raw, truth = source.make(seed, plain), source.make(seed, {**plain, "data.noise": 0.0}).y
        mixed = truth + np.sqrt(1 - rho) * (raw.y - truth) + np.sqrt(rho) * (raw.y - truth)[:1]
        return raw._replace(y=np.concatenate([mixed[: -raw.tests], truth[-raw.tests :]]))

    return dataclasses.replace(source, make=make)


STUDY = Study(
    id="D05",
    name="collinearity",
    title="Does collinearity make estimates inaccurate, and does it cause overfitting?",
    claims=(INACCURATE, OVERFITS, CURED),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the noise is correlated instead of X", bugs.replace("data", "equicorrelated", _noise_instead)),),
    figures=(Figure("Test error", "runs", "data.correlation", "final_test_loss", "data.tests", "l2", "y"),),
)
