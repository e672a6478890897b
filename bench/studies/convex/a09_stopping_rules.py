"""A09: how far from the minimum is descent when a stopping rule says that it is there?

Theory: a step that lowers a quadratic by d leaves J - J* <= d rho^2 / (1 - rho^2), rho = 1 - eta mu at eta <= 1 / L:
about d kappa / 2 at eta = 1 / L, with equality along the flattest direction. A gradient g leaves at most |g|^2 / (2 mu)
(Boyd and Vandenberghe 2004, eq. 9.9), an update is eta g, and N steps leave at most rho^N (J_0 - J*) (eq. 9.18).
For logistic regression mu is that at the minimum, the least on the way there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs
from bench.theory import descent, logistic

TEXT = "descent may stop when J falls by little, when the gradient is small, or after a number of iterations"
CLOSE = Claim("close", TEXT, "S2", "CONDITIONAL")

RULES = ("loss_decrease", "gradient_norm", "update_norm")
THRESHOLDS = [10.0**-power for power in range(3, 10)]
CONDITIONS = {"full": (10.0, 1e3, 1e5), "quick": (1e3,), "cell": (1e3,)}
LARGEST, L2, MOST = 4.0, 1.0, 20_000  # L of the quadratics; penalty and most iterations of logistic regression


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for kappa in CONDITIONS[profile]:
        for rule, scale, power in zip(RULES, (LARGEST**-0.5, 1 / LARGEST, 1.0), (0.5, 1.0, 1.0), strict=True):
            starts = 3 * kappa * scale * np.array(THRESHOLDS) ** power  # three times as far as it will stop
            zipped = {"start.y": starts.tolist(), "stop.threshold": THRESHOLDS}
            found.append(Grid({**_axes(kappa, data), **zipped, "stop": rule}, [list(zipped)]))
    run = {"stop": list(RULES[: 3 if profile == "full" else 1]), "stop.threshold": THRESHOLDS, "checkpoints": 1000}
    return found if profile == "cell" else [*found, Grid({**_axes(None, data), **run, "lanes": 4})]  # two cores


def _axes(kappa: float | None, data: Lookup) -> dict[str, Any]:
    """A quadratic of this condition, or logistic regression, at the learning rate 1 / L."""
    run = {"dtype": "float64", "checkpoints": "end", "probes": "off"}
    if kappa:
        bowl = {"model": "quadratic", "surface.xx": LARGEST, "surface.yy": LARGEST / kappa, "start.x": 0.0}
        return {**run, **bowl, "learning_rate": 1 / LARGEST, "steps": int(1.2 * kappa) + 10}
    rate = 1 / logistic.smoothness(data("breast_cancer").x, L2)
    return {**run, "data": "breast_cancer", "model": "logistic", "l2": L2, "learning_rate": rate, "steps": MOST}


def _kappa(run: Any) -> float | None:
    return float(np.round(LARGEST / run["surface.yy"])) if run["model"] == "quadratic" else None


def refine(evidence: Evidence, completed: int) -> Sequence[Grid]:
    """The same descent without a rule, recorded at the steps where it was stopped and at the two before."""
    found, runs = [], [] if completed else evidence.runs.to_dict("records")
    for kappa in dict.fromkeys(map(_kappa, runs)):
        own = [run for run in runs if _kappa(run) == kappa]
        stops = {max(run["steps_taken"] - back, 0) for run in own for back in range(3)}
        starts = {"start.y": [run["start.y"] for run in own]} if kappa else {}
        record = {"checkpoints": [tuple(sorted(stops))], "probes": "parameters"}
        found.append(Grid({**_axes(kappa, evidence.data), **starts, **record}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    stops = list(_stops(evidence))
    first = [now < limit * (1 + 1e-6) and before > limit * (1 - 1e-6) for *_, limit, now, before in stops]
    found = [exact("share of runs that stop at the first step below their threshold", np.mean(first), 1, 0)]
    for rule, tight in zip((*RULES, "none"), (0.95, 0.95, 0.95, None), strict=True):
        ratio = [gap / most for _, name, gap, most, *_ in stops if name == rule]
        found += [bound(f"J - J* / its bound, stopping rule {rule}", ratio, 1, tight, 1e-6)] if ratio else []
    flat = [gap / most for kappa, name, gap, most, *_ in stops if kappa]
    found.append(exact("J - J* / its bound by the rule, flattest direction", flat, 1, 1e-6))
    largest = max(gap / limit for _, name, gap, _, limit, *_ in stops if name == "loss_decrease")
    verdict = "REFUTED" if worst(found) != "PASS" else "CONDITIONAL" if largest > 10 else "SUPPORTED"
    region = "kappa of order 1: where J falls by eps, eps kappa / 2 may be left, and |g|^2 / (2 mu) where g is small"
    return [*found, claim(CLOSE, verdict, largest, 10.0, "largest (J - J*) / eps <= 10 supports", region)]


def _stops(evidence: Evidence) -> Iterator[tuple[Any, ...]]:
    """Per run kappa, its rule, what was left of J, the bound, the threshold, and what was watched, now and before."""
    runs = [run for run in evidence.runs.to_dict("records") if run["stop"] != "none"]
    for free, steps, path in evidence.vector("parameter"):
        kappa, rate = _kappa(free), free.learning_rate
        if kappa:
            h, mu = np.array([LARGEST, LARGEST / kappa]), LARGEST / kappa
            gap, slope = path**2 @ h / 2, np.linalg.norm(path * h, axis=1)
        else:
            gap, slope, mu = logistic.gaps(evidence.table(free).x, evidence.table(free).y, path, L2)
        fall = np.append(np.inf, gap[:-1] - gap[1:])
        seen = {"loss_decrease": fall, "gradient_norm": slope, "update_norm": rate * slope}
        for run in (r for r in runs if _kappa(r) == kappa and (not kappa or r["start.y"] == free["start.y"])):
            at, rule, limit = np.searchsorted(steps, run["steps_taken"]), run["stop"], run["stop.threshold"]
            now, before = seen[rule][at], seen[rule][at - 1] if at else np.inf
            if run["stop_step"] != run["stop_step"]:  # it went on to the last iteration
                yield kappa, "none", gap[at], (1 - rate * mu) ** steps[at] * gap[0], 1.0, 0.0, 1.0
            elif kappa or rule == "loss_decrease" or limit >= 1e-6:  # else the rounding of J hides J - J*
                most = descent.gap_after(now, 1 - rate * mu) if rule == "loss_decrease" else slope[at] ** 2 / (2 * mu)
                yield kappa, rule, gap[at], max(most, 1e-300), limit, now, before


def _same_step(rule: Any) -> Any:
    return rule._replace(reached=lambda series, step, memory, limit: (series - series < limit, memory))


STUDY = Study(
    id="A09",
    name="stopping_rules",
    title="How far from the minimum is descent when a stopping rule ends it?",
    claims=(CLOSE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    refine=refine,
    mutants=(
        Mutant("J_k is compared with itself", bugs.replace("stops", "loss_decrease", _same_step)),
        Mutant("the update is the gradient", bugs.swapped("stops", "update_norm", "gradient_norm")),
    ),
    figures=(Figure("Steps until a rule holds", "runs", "stop.threshold", "steps_taken", "stop", "data", "xy"),),
)
