"""D04: does an L2 penalty help when many features each contribute a little, by keeping all of them smaller?

Theory: on orthonormal columns the excess risk is s^2 sigma^2 d / m + (1 - s)^2 ||w||^2, s = m / (m + l2), least at
l2 = d sigma^2 / ||w||^2 whatever the shape of w (Hoerl and Kennard 1970). Best subsets are a hard threshold there; at
sigma sqrt(2 ln d / m) (Donoho and Johnstone 1994) they beat ridge regression if w is sparse and lose if it is dense.
Here m = 100, d = 50, sigma = 1 and ||w|| = 1, so that the best penalty is 50. One step of rate 1 / (1 + l2 / m) from
zero is the fit, a second one must leave it; every seed fits 500 draws of the noise side by side.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, sign, worst
from bench.studies import bugs, lines
from bench.theory import ridge

RISK = "Excess risk by penalty"
SHRINKS = Claim("shrinks", "regularisation keeps all features and makes their weights smaller", "S0")
HELPS = Claim("helps", "it works well when many features each contribute a little", "S0")

ROWS, FEATURES, NOISE, DRAWS, SEEDS = 100, 50, 1.0, 500, 12
BEST = FEATURES * NOISE**2
THRESHOLD = NOISE * np.sqrt(2 * np.log(FEATURES) / ROWS)
PENALTIES = tuple(2.0 ** np.arange(-4, 13))
SIGNALS = {"full": ["dense", "sparse", "zipf"], "quick": ["dense", "sparse"], "cell": ["dense"]}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "orthonormal", "data.signal": SIGNALS[profile], "split": "own", "scaling": "raw", "bias": False}
    fit = {"model": "linear", "dtype": "float64", "steps": 2, "checkpoints": "end", "seed": list(range(SEEDS))}
    rates = {"l2": list(PENALTIES), "learning_rate": [1 / (1 + l2 / ROWS) for l2 in PENALTIES], "probes": "off"}
    ridges = Grid({**rows, **fit, **rates}, zipped=[("l2", "learning_rate")])
    one = {"l2": float(BEST), "learning_rate": 1 / (1 + BEST / ROWS), "seed": 0, "data.signal": "dense"}
    weights = [Grid({**rows, **fit, "probes": "parameters", **own}) for own in ({"learning_rate": 1.0}, one)]
    return [ridges, *weights]


def judge(evidence: Evidence) -> Sequence[Finding]:
    risks: dict[Any, Any] = defaultdict(dict)
    for run, _, loss in evidence.curve("test_loss"):  # half the squared error, summed over the draws
        if run.probes != "off" and run.l2:
            continue  # on the grid already
        risks[run["data.signal"]].setdefault(run.l2, []).append(2 * loss[-1] / DRAWS)
    curve = [finding for signal, own in risks.items() for finding in _curve(signal, own)]
    contest = [*_contest(evidence, risks)]
    plain, small = (next(w[-1] for r, _, w in evidence.vector("parameter") if r.l2 == l2) for l2 in (0.0, BEST))
    factors = small / plain
    curve.append(exact("best l2: every weight / that of least squares", factors, ROWS / (ROWS + BEST), 1e-8))
    largest = float(np.max(factors))
    verdict = "SUPPORTED" if worst(curve) == "PASS" and 0 < np.min(factors) <= largest < 1 else "REFUTED"
    shrinks = claim(SHRINKS, verdict, largest, 1.0, "0 < every factor < 1")
    return [*curve, *contest, shrinks, claim(HELPS, "SUPPORTED" if worst(contest) == "PASS" else "REFUTED")]


def _curve(signal: str, risks: dict[float, list[float]]) -> Iterator[Finding]:
    for l2, samples in risks.items():
        want = float(ridge.risk(l2, ROWS, FEATURES, NOISE, 1.0))
        yield equivalent(f"{signal}: excess risk at l2 = {l2:g}", samples, want, 0.03)
    best = min((l2 for l2 in risks if l2), key=lambda l2: np.mean(risks[l2]))
    yield exact(f"{signal}: log2 of the best l2, within a notch", np.log2(best), np.log2(BEST), 1, 1)


def _contest(evidence: Evidence, risks: dict[Any, Any]) -> Iterator[Finding]:
    """Mean risk over 500 draws, seed by seed: ridge at its best penalty on the grid against the hard threshold."""
    subsets = defaultdict(list)
    for run, _, theta in evidence.vector("parameter"):
        if run.l2:
            continue
        w = theta[-1].reshape(FEATURES, DRAWS)
        error = np.where(np.abs(w) > THRESHOLD, w, 0) - evidence.table(run).truth["weight"][:, None]
        subsets[run["data.signal"]].append(np.mean(np.sum(error**2, axis=0)))
    nearest = min(PENALTIES, key=lambda l2: abs(np.log(l2 / BEST)))
    for signal, winner in (("dense", 1), ("sparse", -1)):
        if signal in subsets:
            lead = winner * (np.array(subsets[signal]) - np.array(risks[signal][nearest]))
            name = "ridge beats the best subset" if winner > 0 else "the best subset beats ridge"
            yield sign(f"{signal} signal: {name}", lead, least=11)


def _not_divided(old: Any) -> Any:
    return old._replace(make=lambda *given: old.make(*given)._replace(weights=lambda p: (ROWS**0.5 * p[0]["weight"],)))


def _risk(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """Half the excess risk, summed over the draws."""
    return np.full(measured.shape, ridge.risk(run.l2, ROWS, FEATURES, NOISE, 1.0) * DRAWS / 2)


PREDICTED = lines.curve("test_loss", _risk)

STUDY = Study(
    id="D04",
    name="ridge_bias_variance",
    title="Does an L2 penalty help when many features each contribute a little?",
    claims=(SHRINKS, HELPS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the penalty is not divided by m", bugs.replace("models", "linear", _not_divided)),),
    figures=(Figure(RISK, "curves", "l2", "test_loss", "data.signal", None, "x", {"step": 2}, PREDICTED),),
)
