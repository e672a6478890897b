"""F10: full-batch descent drives the curvature to the edge of stability and stays there; its loss falls, not steadily.

Theory: along an eigenvector of the Hessian descent with momentum beta is stable while the eigenvalue is below
(2 + 2 beta) / eta (Polyak 1964). A network's largest eigenvalue, its sharpness, grows while the loss falls until it
reaches that value, and then hovers there: each overshoot throws the weights to where the loss is flatter, and the loss
falls over many steps without falling at every one (Cohen et al. 2021, section 3 and equation 1).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, exact
from bench.studies import bugs, lines

MONOTONE = Claim("monotone", "batch gradient descent lowers the loss at every step", "S2", "CONDITIONAL")
DIVERGES = Claim("diverges", "too large a learning rate makes descent diverge", "S2")

SEEDS, MOMENTUM = 8, (0.6, 0.5)  # rate and beta
RATES, SMALL, HUGE = {"full": [0.33, 0.4, 0.5], "quick": [0.5]}, 0.2, 3.0
STEPS, EVERY = {"full": 3000, "quick": 1500, "cell": 900}, 25
ROWS = {"split": "300/0", "constant_columns": "keep", "loss": "half_squared_error", "batch_size": "full"}
NET = {"model": "mlp", "depth": 2, "width": 32, "activation": "tanh", "init": "pytorch"}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    steps = STEPS[profile]
    last = range(2 * steps // 3, steps + 1, EVERY if profile != "cell" else 2 * EVERY)
    run = {"steps": steps, "checkpoints": [tuple(last)], "probes": "sharpness", "probe_rows": "all"}
    axes = {**ROWS, **NET, **run, "seed": list(range(SEEDS)), "lanes": SEEDS // 2}  # a chunk for each of two cores
    fast = {"optimizer": "momentum", "learning_rate": MOMENTUM[0], "optimizer.momentum": MOMENTUM[1]}
    if profile == "cell":
        return [Grid({**axes, **fast})]
    small = {"steps": 1000, "checkpoints": EVERY, "probes": "off", "learning_rate": [SMALL, HUGE]}
    found = [Grid({**axes, "learning_rate": RATES[profile]}), Grid({**axes, **small})]
    return [*found, Grid({**axes, **fast})] if profile == "full" else found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, rises = [*_sharpness(evidence)], _rises(evidence)
    if SMALL not in rises:
        return found
    edge = {rate: share for rate, share in rises.items() if rate > SMALL}
    found.append(exact(f"rate {SMALL:g}: share of stretches of {EVERY} steps that raise the loss", rises[SMALL], 0, 0))
    for rate, share in edge.items():
        text = f"rate {rate:g}: 5 % / share of stretches of {EVERY} steps that raise the loss"
        found.append(bound(text, 0.05, share, tight=None, seeds=SEEDS))
    huge = evidence.runs[evidence.runs["learning_rate"] == HUGE]
    diverged = float((huge["status"] == "diverged").mean())
    least, most = min(edge.values()), max(rises.values())
    monotone = "SUPPORTED" if most == 0 else "CONDITIONAL" if rises[SMALL] == 0 else "REFUTED"
    region = f"rates whose edge 2 / eta the sharpness does not reach, such as {SMALL:g}"
    rule = "least share of stretches with a higher loss, at the edge"
    every = f"share of runs at rate {HUGE:g} that diverge"
    return [
        *found,
        claim(MONOTONE, monotone, least, 0.0, rule, region, seeds=SEEDS),
        claim(DIVERGES, "SUPPORTED" if diverged == 1 else "REFUTED", diverged, 1.0, every, seeds=SEEDS),
    ]


def _edge(run: Any) -> tuple[str, float]:
    beta = run["optimizer.momentum"] if run.optimizer == "momentum" else 0.0
    return f"rate {run.learning_rate:g}, momentum {beta:g}", (2 + 2 * beta) / run.learning_rate


def _sharpness(evidence: Evidence) -> Iterator[Finding]:
    """The mean over the last third of the steps; the seeds scatter by about 1 %, and hover 1 % above."""
    means: dict[tuple[str, float], list[float]] = defaultdict(list)
    for run, steps, sharpness in evidence.curve("sharpness"):
        if run.probes == "sharpness":
            means[_edge(run)].append(float(np.mean(sharpness[steps > 0])))
    for (name, edge), own in means.items():
        yield equivalent(f"{name}: mean sharpness over the last third", own, edge, 0.03, source="Cohen et al. 2021")


def _rises(evidence: Evidence) -> dict[float, float]:
    """Share of the stretches between checkpoints, the first left out, over which the training loss rises."""
    shares: dict[float, list[float]] = defaultdict(list)
    for run, steps, loss in evidence.curve("train_loss"):
        if run.learning_rate < HUGE and len(steps) > 2:
            shares[run.learning_rate].append(float(np.mean(np.diff(loss[1:]) > 0)))
    return {rate: float(np.mean(own)) for rate, own in shares.items()}


def _of_few_rows(probe: Any) -> Any:
    def measure(snapshot: Any) -> Any:
        few = snapshot.batch._replace(x=snapshot.batch.x[:32], y=snapshot.batch.y[:32])
        return probe.measure(snapshot._replace(batch=few))

    return probe._replace(measure=measure)


def _doubled(probe: Any) -> Any:
    return probe._replace(measure=lambda snapshot: {"sharpness": 2 * probe.measure(snapshot)["sharpness"]})


PREDICTED = lines.curve("sharpness", lambda _, run, steps, measured: np.full(measured.shape, _edge(run)[1]))

STUDY = Study(
    id="F10",
    name="edge_of_stability",
    title="Does batch gradient descent lower the loss at every step?",
    claims=(MONOTONE, DIVERGES),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the sharpness is that of 32 rows", bugs.replace("probes", "sharpness", _of_few_rows)),
        Mutant("the sharpness is that of the loss without its 1/2", bugs.replace("probes", "sharpness", _doubled)),
    ),
    figures=(
        Figure("2 / eta", "curves", "step", "sharpness", "learning_rate", "optimizer.momentum", theory=PREDICTED),
    ),
)
