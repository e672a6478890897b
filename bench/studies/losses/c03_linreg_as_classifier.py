"""C03: is linear regression unreliable as a classifier?

Theory: least squares on labels 0 and 1 decides at x = (1/2 - b) / w, and one far row of the right class drags that
threshold along: from 0 to 2.89 for an outlier at 1000 (Hastie et al. 2009, section 4.2). Logistic regression with a
small penalty keeps it between -1 and 1, as the row far on the right side has no weight. Both are solved by Newton
steps: one is the normal equation, a handful the logistic minimum.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs, losses_figures
from bench.theory import logistic, oracles

UNSTABLE = Claim(
    "unstable", "using linear regression to classify is unreasonable: one far row moves the threshold", "S0"
)

OUTLIERS = {"full": (0.0, 10.0, 20.0, 50.0, 100.0, 1000.0), "quick": (50.0,), "cell": (50.0,)}
LOGISTIC = (0.0, 50.0, 1000.0)  # of these, the outliers that logistic regression sees too
LISTED = {  # outlier -> threshold and errors of least squares in the catalogue
    0.0: (0.0, 0),
    10.0: (0.4419, 0),
    20.0: (0.9245, 0),
    50.0: (1.6747, 1),
    100.0: (2.1729, 2),
    1000.0: (2.8935, 2),
}
L2 = 1e-2


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "outlier_line", "data.outlier": list(OUTLIERS[profile]), "scaling": "raw", "dtype": "float64"}
    newton = {"optimizer": "newton", "learning_rate": 1.0, "checkpoints": "end", "probes": "parameters"}
    logit = {"data.outlier": [far for far in LOGISTIC if far in OUTLIERS[profile]], "model": "logistic", "l2": L2}
    linear = {"model": "linear", "steps": 1, "data.target": "number"}
    return [Grid({**rows, **newton, **linear}), Grid({**rows, **newton, **logit, "steps": 30})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    linear, logit = _thresholds(evidence, "linear", 0.5), _thresholds(evidence, "logistic", 0.0)
    at = list(linear)
    wrong = {name: [_errors(far, x) for far, x in own.items()] for name, own in (("ls", linear), ("logit", logit))}
    lines = [oracles.linear_regression(_rows(far)[:, None], (_rows(far) > 0).astype(float)) for far in at]
    moved, want = list(linear.values()), [(0.5 - line[0]) / line[1] for line in lines]
    smooth = [logistic.minimiser(_rows(far)[:, None], (_rows(far) > 0).astype(np.int64), L2) for far in logit]
    kept = list(logit.values())
    found = [
        exact("threshold of least squares, by scikit-learn", moved, want, 1e-9, 1),
        exact("threshold of least squares, as listed", moved, [LISTED[far][0] for far in at], 1e-4, 1),
        exact("rows that least squares gets wrong", wrong["ls"], [LISTED[far][1] for far in at], 0, 1),
        exact("threshold of logistic regression", kept, [-line[0] / line[1] for line in smooth], 1e-8, 1),
        bound("threshold of logistic regression, size", np.abs(kept), 1, tight=None),
        exact("rows that logistic regression gets wrong", wrong["logit"], 0, 0, 1),
    ]
    unstable = worst(found) == "PASS" and max(wrong["ls"]) > max(wrong["logit"])
    verdict = "SUPPORTED" if unstable else "REFUTED"
    rule = "most rows wrong, linear / logistic regression"
    return [*found, claim(UNSTABLE, verdict, max(wrong["ls"]), max(wrong["logit"]), rule)]


def _rows(outlier: float) -> NDArray[np.float64]:
    """The rows as the question states them, so that a fault in the data shows."""
    return np.asarray([*range(-5, 0), *range(1, 6), *([outlier] if outlier else [])], float)


def _thresholds(evidence: Evidence, model: str, level: float) -> dict[float, float]:
    """Outlier -> where b + w x crosses the level."""
    ends = {run["data.outlier"]: theta[-1] for run, _, theta in evidence.vector("parameter") if run.model == model}
    return {outlier: (level - b) / w for outlier, (b, w) in sorted(ends.items())}


def _errors(outlier: float, threshold: float) -> int:
    return int(np.sum((_rows(outlier) > threshold) != (_rows(outlier) > 0)))


def _signed(old: Any) -> Any:
    def make(seed: int, options: Any) -> Any:
        raw = old.make(seed, options)
        return raw._replace(y=2.0 * raw.y - 1, classes=0) if options["data.target"] == "number" else raw

    return replace(old, make=make)


STUDY = Study(
    id="C03",
    name="linreg_as_classifier",
    title="Is linear regression unreliable as a classifier?",
    claims=(UNSTABLE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("labels -1 and 1 against the threshold 1/2", bugs.replace("data", "outlier_line", _signed)),),
    figures=(losses_figures.thresholds(_thresholds, _rows, L2),),
)
