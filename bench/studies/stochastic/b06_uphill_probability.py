"""B06: how often does a step of stochastic descent lead uphill?

Theory: for one Gaussian row at distance r from the minimiser P(<g_i, grad J> < 0) is arccos(r / hypot(r, sigma)) / pi,
which is 1/2 at the minimiser; a step of finite length also overshoots, so that more of them raise J, all of them at the
minimiser. Both follow from the joint normal distribution of <x, w - w*> and the residual.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Frame, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, claim, exact, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.studies.lines import rows
from bench.theory import noise

WANDERS = Claim(
    "wanders", "a step of stochastic descent need not descend: it wanders, but overall it goes downhill", "S2"
)

FEATURES, ROWS, SEEDS, STEPS = 10, 20_000, 12, 300
DISTANCES = {"full": (2.0, 1.0, 0.3, 0.1, 0.03, 0.0), "quick": (2.0, 1.0, 0.1, 0.0), "cell": (1.0, 0.0)}
RATES = (0.0, 0.01, 0.1)  # 0 stands for an infinitesimal step
CELLS = len(RATES) * 5


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "pool", "data.rows": ROWS, "data.features": FEATURES, "scaling": "raw", "split": "own"}
    run = {**rows, "model": "linear", "bias": False, "dtype": "float64"}
    starts = [distance / np.sqrt(FEATURES) for distance in DISTANCES[profile]]
    look = {"steps": 0, "checkpoints": "end", "probes": "row_gradients", "probe_rows": "all"}
    path = {"data.rows": 1000, "batch_size": 1, "order": "replacement", "steps": STEPS, "checkpoints": 1}
    descent = {**run, **path, "learning_rate": 0.01, "seed": list(range(SEEDS)), "probes": "off"}
    return [
        Grid({**run, **look, "start.weight": starts}),
        Grid({**descent, "start.weight": 2 / np.sqrt(FEATURES)}),
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    found = list(_shares(evidence))
    paths = [loss for run, _, loss in evidence.curve("test_loss") if run.steps]
    found.append(sign(f"r = 2, eta = 0.01: J is lower after {STEPS} steps", [path[0] - path[-1] for path in paths]))
    share = float(np.mean([np.diff(path) > 0 for path in paths]))
    verdict = "REFUTED" if worst(found) != "PASS" else "SUPPORTED" if share > 0 else "CONDITIONAL"
    return [*found, claim(WANDERS, verdict, share, 0.0, "share of uphill steps on the way > 0")]


def _raised(evidence: Evidence) -> Iterator[tuple[float, float, int]]:
    """Rows whose gradient leads uphill; on J = ||w - w*||^2 / 2 a step changes J by -eta <g, G> + eta^2 ||g||^2 / 2."""
    norms = {run.run: norm[0] for run, _, norm in evidence.vector("row_gradient_norm")}
    for run, _, slope in evidence.vector("row_slope"):
        for rate in RATES:
            raised = int(np.sum(slope[0] < rate * norms[run.run] ** 2 / 2))
            yield run["start.weight"] * np.sqrt(FEATURES), rate, raised


def _shares(evidence: Evidence) -> Iterator[Finding]:
    for distance, rate, raised in _raised(evidence):
        label = f"r = {distance:g}, eta = {rate:g}: share of rows that raise J"
        if distance > 0:
            yield binomial(label, raised, ROWS, noise.uphill(distance, FEATURES, rate), CELLS)
        elif rate > 0:
            yield exact(label, raised / ROWS, 1, 0, seeds=ROWS)


UPHILL = "Near the minimiser half of the steps lead uphill, or more"
SHOWN = "distance from the minimiser", "learning_rate", "share of steps that raise J"


def _seen(evidence: Evidence) -> Frame:
    return rows(SHOWN, [(r, rate, raised / ROWS) for r, rate, raised in _raised(evidence) if r + rate > 0])


def _predicted(evidence: Evidence) -> Frame:
    near = np.concatenate([[0.003, 0.01, 0.03, 0.06], np.linspace(0.1, 2, 20)])
    return rows(SHOWN, [(r, rate, noise.uphill(r, FEATURES, rate)) for rate in RATES for r in near])


def _noiseless(source: Any) -> Any:
    return dataclasses.replace(source, make=lambda seed, options: source.make(seed, {**options, "data.noise": 0.0}))


def _narrow(source: Any) -> Any:
    return dataclasses.replace(source, make=lambda seed, options: source.make(seed, {**options, "data.noise": 0.9}))


STUDY = Study(
    id="B06",
    name="uphill_probability",
    title="How often does a step of stochastic descent lead uphill?",
    claims=(WANDERS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("labels have no noise", bugs.replace("data", "pool", _noiseless)),
        Mutant("a tenth of the noise is missing", bugs.replace("data", "pool", _narrow)),
    ),
    figures=(
        Figure(UPHILL, _seen, SHOWN[0], SHOWN[2], SHOWN[1], theory=_predicted),
        Figure(
            "J wanders, but falls", "curves", "step", "test_loss", "seed", None, "y", {"steps": STEPS}, lines.WANDERING
        ),
    ),
)
