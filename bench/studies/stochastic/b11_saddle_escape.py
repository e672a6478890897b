"""B11: does gradient descent stop at saddles, and does the noise of single samples free it?

Theory: on x^2 / 2 - y^2 / 2 + y^4 / 4 every start with y = 0 goes to the saddle and stays; from y_0 it leaves like
(1 + eta)^k y_0 (Lee et al. 2016). Under gradient noise N(0, s^2) along y, from y = 0, y_k is normal with variance
eta^2 s^2 ((1 + eta)^(2k) - 1) / ((1 + eta)^2 - 1), and half of the chains have left when 0.6745 times its root reaches
the level. Noise across the escape direction frees nothing: not along x, nor in a network with zero weights, whose
first-layer gradients are zero for every sample.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, worst
from bench.studies import bugs
from bench.studies.stochastic_lines import ESCAPE
from bench.theory import saddle

STOPS = Claim("stops", "gradient descent stops at saddles, where the gradient is zero", "S4", "CONDITIONAL")
NOISE = Claim("noise", "the noise of single samples solves the problem of saddles", "S2, S4", "CONDITIONAL")

RATE, LEVEL = 0.1, 0.1  # eta, and the |y| at which a run has left; the surface is nearly quadratic up to there
STARTS = [0.0, 1e-2, 1e-4, 1e-8]  # y_0
LOUD = {"full": [1e-1, 1e-3, 1e-5], "quick": [1e-1, 1e-3], "cell": [1e-1]}  # s
SEEDS, PARTICLES = 20, 1000  # (6.6 * 0.019 / 0.03)^2 = 18 seeds for the loudest noise
STEPS = {"full": 130, "quick": 80, "cell": 30}
MLP_STEPS = 3000
SEEN = {"quantity": "parameter", "index": 2}  # y
REGIONS = {
    "stops": "starts exactly on the stable manifold; any other leaves after ln(y / y_0) / ln(1 + eta) steps",
    "noise": "noise with a part along the escape direction, which zero weights do not have",
}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    run, steps = {"learning_rate": RATE, "dtype": "float64"}, STEPS[profile]
    plain = {**run, "model": "saddle", "start.y": STARTS, "steps": 250, "checkpoints": 1, "probes": "parameters"}
    noisy = {**run, "model": "saddle_particles", "data": "white_noise", "data.rows": steps, "steps": steps}
    noisy |= {"data.features": 2 * PARTICLES, "scaling": "raw", "batch_size": 1, "order": "sequential"}
    noisy |= {"seed": list(range(SEEDS)), "checkpoints": 1, "probes": "sizes", "probe_rows": 1}
    found = [Grid(plain)]
    found += [Grid({**noisy, "surface.noise_y": LOUD[profile]}), Grid({**noisy, "surface.noise_x": 0.1})]
    if profile != "cell":
        net = {"data": "digits", "model": "mlp", "depth": 1, "width": 16, "init": "zeros", "batch_size": 1}
        net |= {"steps": MLP_STEPS, "checkpoints": "end", "probes": "unit_spread", "probe_rows": 8}
        found.append(Grid({**net, "activation": ["tanh", "relu"], "learning_rate": RATE}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    plain = list(evidence.vector("parameter"))
    ends = [theta[-1, 1] for run, _, theta in plain if run["start.y"] == 0]
    on, off = exact("from (1, 0): y after 250 steps", ends, 0, 0), list(_leaves(plain))
    still, freed = list(_never(evidence)), list(_freed(evidence))
    found = []
    for one, held, broken in ((STOPS, [on], off), (NOISE, freed, still)):
        share = sum(finding.impl == "PASS" for finding in broken) / len(broken)
        verdict = "REFUTED" if worst(held) != "PASS" else "CONDITIONAL" if share == 1 else "SUPPORTED"
        found.append(claim(one, verdict, share, 1.0, "share of the counterexamples that hold", REGIONS[one.id]))
    return [on, *off, *freed, *still, *found]


def _crossing(steps: Any, sizes: Any) -> float:
    """When a growing series reaches the level, between steps on a logarithmic scale."""
    first = int(np.argmax(sizes >= LEVEL))
    if first < 2:  # never, or before there was anything to see
        return np.nan
    before, after = np.log(sizes[first - 1 : first + 1])
    return float(steps[first - 1] + (np.log(LEVEL) - before) / (after - before))


def _leaves(paths: Sequence[Any]) -> Iterator[Finding]:
    for run, steps, theta in paths:
        if run["start.y"] > 0:
            want, got = saddle.escape_step(LEVEL, run["start.y"], RATE), _crossing(steps, theta[:, 1])
            yield exact(f"from (1, {run['start.y']:g}): steps to y = {LEVEL:g}", got, want, 0.03)


def _freed(evidence: Evidence) -> Iterator[Finding]:
    """The step at which half of the particles have left, for each loudness."""
    found: dict[float, list[float]] = {}
    for run, steps, median in evidence.vector("median_size"):
        if run["surface.noise_y"] > 0:
            found.setdefault(run["surface.noise_y"], []).append(_crossing(steps, median[:, 1]))
    for noise, got in found.items():
        want = saddle.noise_escape_step(LEVEL, noise, RATE)
        yield equivalent(f"noise {noise:g} along y: steps for half of the chains", got, want, 0.03)


def _never(evidence: Evidence) -> Iterator[Finding]:
    """Noise that cannot free."""
    sizes = [size[-1, 1] for run, _, size in evidence.vector("largest_size") if run["surface.noise_y"] == 0]
    yield exact("noise along x alone: largest |y|", sizes, 0, 0, seeds=SEEDS)
    for run, _, size in evidence.vector("weight_size"):
        yield exact(f"{run.activation} network from zeros: largest weight of its first layer", size[-1], 0, 0)


def _on_position(architecture: Any) -> Any:
    """The noise moves the position itself, eta or not."""

    def make(*given: Any) -> Any:
        model = architecture.make(*given)
        return model._replace(apply=lambda params, x, hyper: model.apply(params, x / hyper["learning_rate"], hyper))

    return architecture._replace(make=make)


STUDY = Study(
    id="B11",
    name="saddle_escape",
    title="Does gradient descent stop at saddles, and does the noise of single samples free it?",
    claims=(STOPS, NOISE),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("noise is added to the position", bugs.replace("models", "saddle_particles", _on_position)),),
    figures=(Figure("y leaves by one factor per step", "values", "step", "value", "start.y", None, "y", SEEN, ESCAPE),),
)
