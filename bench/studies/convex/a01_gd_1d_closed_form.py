"""A01: gradient descent on a parabola of one variable: where does a step size lead?

Theory: x_k - x* = (1 - eta f'')^k (x_0 - x*), so it converges iff 0 < eta f'' < 2, in one step at 1, and goes round
a two-cycle at 2 (Nesterov 2004, section 1.2). In floating point it stops where a step is less than half a unit in the
last place of x: |x - x*| <= ulp(x*) / (2 eta f'').
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact
from bench.studies import bugs, lines

REACHES = Claim("reaches", "moving against the derivative with a fixed step reaches the minimum", "S0, S2, S4")
SLOW = Claim("small-is-slow", "a small step is slow", "S0, S2, S4")
DIVERGES = Claim("large-diverges", "a large step diverges", "S0, S2, S4")

CURVATURE, MINIMUM = (2.0, 2.0, 2.0, 6.0), (0.0, 3.0, 2.5, -1.0)  # x^2, (x - 3)^2, (x - 2.5)^2 - 1, 3 x^2 + 6 x
SPEEDS = (0.002, 0.02, 0.2, 0.5, 1.0, 1.5, 1.9, 2.0, 2.1)  # eta f''
STEPS, ONE = 1000, {"surface.xx": 6.0, "start.x": 10.0, "dtype": "float64"}  # shown: 3 x^2 + 6 x from 10
LOOKS = (*range(21), *range(40, STEPS, 20), STEPS - 1, STEPS)
PROFILES = {"full": ("float64", "float32"), "quick": ("float64", "float32"), "cell": ("float64",)}
GOLDEN = 2.5582214  # from here (x - 3)^2 at the rate 0.01 is at 2.999999999256501 after 1,000 steps, as S2 prints


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    plane = {"model": "quadratic", "surface.yy": 1.0, "start.y": 0.0, "probes": "parameters"}
    run = {"steps": STEPS, "checkpoints": [LOOKS], "dtype": list(PROFILES[profile])}
    starts = {"start.x": [-10.0, 0.0, 10.0]}
    found = [
        Grid({**plane, **run, **starts, "surface.xx": c, "surface.x": x, "learning_rate": [s / c for s in SPEEDS]})
        for c, x in zip(CURVATURE, MINIMUM, strict=True)
    ]
    golden = {"surface.xx": 2.0, "surface.x": 3.0, "start.x": GOLDEN, "learning_rate": 0.01, "dtype": "float64"}
    return [*found, Grid({**plane, **run, **golden})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = [(run, steps, theta[:, 0].astype(float)) for run, steps, theta in evidence.vector("parameter")]
    dtypes = dict.fromkeys(path[0].dtype for path in paths)
    found = [_formula([path for path in paths if path[0].dtype == dtype], dtype) for dtype in dtypes]
    found += [*_golden(paths), *_ends(paths), *_stalls(paths)]
    by_speed = {s: [abs(x[-1] - run["surface.x"]) for run, _, x in paths if _speed(run) == s] for s in SPEEDS}
    stable, left, large = max(by_speed[1.0] + by_speed[1.9]), max(by_speed[0.002]), max(by_speed[2.1])
    return [
        *found,
        claim(REACHES, "SUPPORTED" if stable < 1e-5 else "REFUTED", stable, 0.0, "farthest end for 1 <= eta f'' < 2"),
        claim(SLOW, "SUPPORTED" if left > 1e3 * stable else "REFUTED", left, 0.0, "distance left at eta f'' = 0.002"),
        claim(DIVERGES, "SUPPORTED" if large > 1e6 else "REFUTED", large, None, "distance at eta f'' = 2.1 > 1e6"),
    ]


def _speed(run: Any) -> float:
    return float(np.round(run.learning_rate * run["surface.xx"], 6))


def _predicted(run: Any, steps: Any) -> Any:
    factor = 1 - float(np.asarray(run.learning_rate, run.dtype)) * run["surface.xx"]
    return factor**steps * (run["start.x"] - run["surface.x"])


def _formula(paths: Sequence[Any], dtype: str) -> Finding:
    """Every iterate, in units of the largest of the start's distance, x* and the distance itself."""
    errors = []
    for run, steps, x in paths:
        want = _predicted(run, steps)
        scale = np.maximum(np.abs(want), max(abs(run["start.x"] - run["surface.x"]), abs(run["surface.x"]), 1e-300))
        kept = np.abs(want) < 1e18  # beyond it the square leaves float32
        error = np.abs(x - run["surface.x"] - want) / scale
        errors.append((error / (1 if dtype == "float64" else np.sqrt(np.maximum(steps, 1))))[kept].max())
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    return exact(f"{dtype}: every x_k, relative", 1 + np.asarray(errors), 1, tolerance)


def _golden(paths: Sequence[Any]) -> Iterator[Finding]:
    for run, _, x in paths:
        if run["start.x"] == GOLDEN:
            yield exact("(x - 3)^2: x_1000 as S2 prints it", x[-1], 2.999999999256501, 1e-14)
            yield exact("(x - 3)^2: distance left", 3 - x[-1], 0.98**STEPS * (3 - GOLDEN), 1e-5)


def _ends(paths: Sequence[Any]) -> Iterator[Finding]:
    """One step at eta f'' = 1, a cycle at 2, and growth at 2.1."""
    far = [path for path in paths if path[0]["start.x"] != path[0]["surface.x"] and path[0].dtype == "float64"]
    one = [x[1] - run["surface.x"] for run, _, x in far if _speed(run) == 1]
    yield exact("eta f'' = 1: distance after one step", one, 0, 1e-14, 10)
    both = [(x[-1], x[0], x[-2] + x[0] - 2 * run["surface.x"]) for run, _, x in far if _speed(run) == 2]
    yield exact("eta f'' = 2: x_1000 - x_0, and x_999 the mirror image", [(a - b, c) for a, b, c in both], 0, 1e-11, 10)
    least = min(abs(x[-1]) for run, _, x in far if _speed(run) == 2.1)
    yield bound("eta f'' = 2.1: 1e6 / least distance", 1e6 / least, 1, tight=None)


def _stalls(paths: Sequence[Any]) -> Iterator[Finding]:
    """In float32, at eta f'' = 0.02, within [2, 4), where the unit in the last place is constant."""
    ends = [(x[-1], x[-2], run["surface.x"]) for run, _, x in paths if run.dtype == "float32" and _speed(run) == 0.02]
    ratios = [abs(a - x) * 0.04 / np.spacing(np.float32(x)) for a, b, x in ends if a == b and x in (2.5, 3.0)]
    if ends:
        yield bound("float32: distance where it stalls / (ulp / (2 eta f''))", ratios, 1, tight=0.95, slack=1e-3)


STUDY = Study(
    id="A01",
    name="gd_1d_closed_form",
    title="Where does a step size lead on a parabola?",
    claims=(REACHES, SLOW, DIVERGES),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the step goes up", bugs.replace("methods", "sgd", bugs.on_rate(lambda rate: -rate))),
        Mutant("the step is doubled", bugs.replace("methods", "sgd", bugs.on_rate(lambda rate: 2 * rate))),
    ),
    figures=(Figure("f against eta f''", "curves", "step", "train_loss", "learning_rate", None, "y", ONE, lines.LOSS),),
)
