"""A11: is minus the gradient the direction of steepest descent, and gradient descent therefore greedy?

Theory: J(x + h u) - J(x) = h <grad J, u> + O(h^2), so that among unit vectors u = -grad J / ||grad J|| falls fastest as
h -> 0, and the slope seen over h errs in proportion to h. The best of n random directions in d dimensions has a cosine
of about sqrt(2 ln n / d) with it. In another norm another direction is steepest, -H^-1 grad J in that of H (Boyd and
Vandenberghe 2004, section 9.4): on a bowl it leads to the minimum at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, exact, worst
from bench.studies import bugs
from bench.theory import directions, quadratics

STEEPEST = Claim("steepest", "minus the gradient is the direction in which J falls fastest", "S2", "CONDITIONAL")
GREEDY = Claim("greedy", "gradient descent is greedy: it takes the best step nearby, not the best in the end", "S4")

NETWORK: dict[str, Any] = {"data": "digits", "model": "mlp", "depth": 1, "width": 32}
MODELS = ({"data": "breast_cancer", "model": "logistic"}, NETWORK, {"data": "diabetes", "model": "linear"})
PROFILES = {"full": MODELS, "quick": MODELS[:1], "cell": MODELS[:1]}
SEEDS = 16
COUNT, LENGTHS = 4096, np.array([1e-2, 1e-3, 1e-4])  # of the probe
SHORT = 1e-4
FALLS = ["steepest_fall", "random_fall"]
BOWL, START = np.diag([1.0, 1000.0]), np.array([1000.0, 1.0])  # where descent along the gradient is slowest
SLOPE = BOWL @ START
WAYS = {"sgd": SLOPE, "newton": np.linalg.solve(BOWL, SLOPE)}
RATES = {  # steps of one Euclidean length, of one length in the norm of H, and to the minimum along the line
    name: (SHORT / np.linalg.norm(d), SHORT / np.sqrt(d @ BOWL @ d), float(SLOPE @ d / (d @ BOWL @ d)))
    for name, d in WAYS.items()
}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {"steps": 0, "checkpoints": "end", "probes": [("surroundings", "parameters")], "seed": list(range(SEEDS))}
    start = {"probe_rows": 32, "init": "lecun", "dtype": "float64"}
    looks = [Grid({**start, **model, **look}) for model in PROFILES[profile]]
    bowl = {"model": "quadratic", "surface.xx": BOWL[0, 0], "surface.yy": BOWL[1, 1], "dtype": "float64"}
    walk = {**bowl, "start.x": START[0], "start.y": START[1], "steps": 1, "checkpoints": 1, "probes": "off"}
    walks = [Grid({**walk, "optimizer": name, "learning_rate": list(rates)}) for name, rates in RATES.items()]
    return looks if profile == "cell" else [*looks, *walks]


def judge(evidence: Evidence) -> Sequence[Finding]:
    looks = list(_looks(evidence))
    falls = {(run.optimizer, run.learning_rate): loss for run, _, loss in evidence.curve("train_loss") if run.steps}
    if not falls:
        return looks
    found, short, whole = [], {}, {}
    norms = {"Euclidean length": np.eye(2), "length in the norm of H": BOWL}
    for name, d in WAYS.items():
        for (norm, metric), rate in zip(norms.items(), RATES[name], strict=False):
            loss = falls[name, rate]
            short[name, norm[0]] = (loss[0] - loss[1]) / SHORT
            want = directions.fall(SLOPE, -d, metric)
            found.append(exact(f"bowl, {name}: fall per {norm}", short[name, norm[0]], want, 1e-4))
        whole[name] = falls[name, RATES[name][2]][1] / falls[name, RATES[name][2]][0]
    shrink = quadratics.spectral_radius(1, 1000, quadratics.best_rate(1, 1000)) ** 2
    found.append(exact("bowl, sgd: J after the best step / J before", whole["sgd"], shrink, 1e-9))
    found.append(exact("bowl, newton: the same", whole["newton"], 0, 1e-12, 1))
    ratio = short["newton", "l"] / short["sgd", "l"]
    near = worst(looks) == "PASS" and short["sgd", "E"] > short["newton", "E"]
    verdict = "REFUTED" if not near else "CONDITIONAL" if ratio > 1 else "SUPPORTED"
    rule = "fall per length in the norm of H: along Newton's direction / along minus the gradient"
    greedy = "SUPPORTED" if near and whole["newton"] < whole["sgd"] else "REFUTED"
    return [
        *looks,
        *found,
        claim(STEEPEST, verdict, ratio, 1.0, rule, "lengths measured by the Euclidean norm"),
        claim(
            GREEDY, greedy, whole["sgd"], whole["newton"], "share of J left after the whole step: more than Newton's"
        ),
    ]


def _looks(evidence: Evidence) -> Iterator[Finding]:
    seen: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for quantity in (*FALLS, "slope_error", "largest_cosine"):
        for run, _, values in evidence.vector(quantity):
            seen[run.model][quantity].append(values[0])
    sizes = {run.model: theta.shape[1] for run, _, theta in evidence.vector("parameter")}
    for model, own in seen.items():
        steepest, other, error = (np.array(own[name]) for name in (*FALLS, "slope_error"))
        label = f"{model}: best of {COUNT} random directions / minus the gradient, h = 1e-4"
        yield bound(label, other[:, 2] / steepest[:, 2], 1, tight=None, seeds=SEEDS)
        slopes = np.polyfit(np.log(LENGTHS), np.log(error).T, 1)[0]
        yield exact(f"{model}: slope of the error over h, in logarithms", slopes, 1, 0.05, seeds=SEEDS)
        want = directions.largest_cosine(sizes[model], COUNT)
        cosines = np.ravel(own["largest_cosine"])
        yield equivalent(f"{model}: largest cosine of {COUNT} random directions", cosines, want, 0.15)


def _forgetful(probe: Any) -> Any:
    def measure(snapshot: Any) -> Any:
        first, *rest = snapshot.gradients
        return probe.measure(snapshot._replace(gradients=[{**first, "weight": 0 * first["weight"]}, *rest]))

    return probe._replace(measure=measure)


STUDY = Study(
    id="A11",
    name="steepest_and_greedy",
    title="Is minus the gradient the direction of steepest descent?",
    claims=(STEEPEST, GREEDY),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the gradient lacks a layer", bugs.replace("probes", "surroundings", _forgetful)),),
    figures=(
        Figure(
            "Falls of J for h = .01, .001, .0001", "values", "index", "value", "quantity", where={"quantity": FALLS}
        ),
    ),
)
