"""F13: on a deep autoencoder momentum of .9 beats plain descent and .99 beats .9, in the classical form and Nesterov's.

Theory: along a direction of curvature lambda momentum mu works like the rate eta / (1 - mu), so that the many flat
directions of an autoencoder profit (Sutskever et al. 2013, section 2). Their table 1 has squared errors of 2.1 (plain),
1.0 and .73 (Nesterov's, mu at most .9 and .99), 1.0 and .77 (classical) on MNIST. Here it is digits / 16 through
64-48-24-8-24-48-64 sigmoid units with a linear code, sparse initial weights, cross-entropy, mu_t by their eq. 5 on a
clock that is as much faster as the run is shorter, and at most .9 at the end. On a quadratic both forms follow their
recursions, v <- mu_t v - eta lambda (theta + mu_t v) for Nesterov's.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign
from bench.studies import bugs

FASTER = Claim("faster", "momentum speeds up the training of deep networks", "S4; Sutskever et al. 2013, table 1")
NESTEROV = Claim("nesterov", "Nesterov's form does at least as well", "Sutskever et al. 2013, table 1", "CONDITIONAL")

PLAIN, CLASSICAL, AHEAD = "sgd", "growing_momentum", "growing_nesterov"
STEPS, SEEDS, LEAST, LARGEST = 2000, 8, 7, [0.9, 0.99]
CLOCK = {"optimizer.period": STEPS / 24, "optimizer.settle_at": STEPS * 11.0 / 12}  # of 250 and 5,500 in 6,000 steps
WELL = {"model": "quadratic", "surface.xx": 0.4, "surface.yy": 0.02, "learning_rate": 0.5, "dtype": "float64"}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {
        "steps": 60,
        "checkpoints": 1,
        "probes": "parameters",
        "optimizer.period": 10.0,
        "optimizer.settle_at": 50.0,
    }
    found = [Grid({**WELL, **look, "optimizer": name, "optimizer.momentum": LARGEST}) for name in (CLASSICAL, AHEAD)]
    if profile == "cell":
        return found
    rows = {"data": "digits", "data.target": "inputs", "scaling": "raw", "batch_size": 100, "steps": STEPS}
    net = {"model": "autoencoder", "depth": 5, "width": [[48, 24, 8, 24, 48]], "activation": "sigmoid"}
    run = {"checkpoints": 500, "probes": "sigmoid_error", "probe_rows": "all", "seed": list(range(SEEDS))}
    axes = {**rows, **net, **run, "learning_rate": [0.05, 0.1] if profile == "full" else [0.05]}
    found += [Grid({**axes, **CLOCK, "optimizer": name, "optimizer.momentum": LARGEST}) for name in (CLASSICAL, AHEAD)]
    return [*found, Grid({**axes, "optimizer": PLAIN})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, ends = list(_recursions(evidence)), _errors(evidence)
    if not ends:
        return found
    plain, helps, ratios = ends[PLAIN, 0.0], [], {}
    for (name, momentum), own in ends.items():
        if name != PLAIN:
            text = f"{name} {momentum:g}: squared error less than that of"
            helps.append(sign(f"{text} plain descent", plain - own, least=LEAST))
            ratios[name, momentum] = float(np.median(plain / own))
            if (name, 0.9) in ends and momentum > 0.9:
                helps.append(sign(f"{text} momentum 0.9", ends[name, 0.9] - own, least=LEAST))
    best = ratios[AHEAD, 0.99]
    helps.append(bound(f"1.5 / median ratio of errors, plain to {AHEAD} 0.99", 1.5, best, tight=None, seeds=SEEDS))
    faster = "SUPPORTED" if min(ratios.values()) > 1 else "CONDITIONAL" if max(ratios.values()) > 1 else "REFUTED"
    found += [*helps, claim(FASTER, faster, best, 2.9, "median ratio of errors, plain to Nesterov's with .99")]
    wins = [np.mean(ends[AHEAD, mu] <= ends[CLASSICAL, mu]) for name, mu in ends if name == AHEAD]
    need, share = LEAST / SEEDS, float(np.mean(wins))
    nesterov = "SUPPORTED" if min(wins) >= need else "REFUTED" if max(wins) <= 0 else "CONDITIONAL"
    rule, region = "share of seeds at which it does", "momentum of .99; at .9 the classical form is as good or better"
    return [*found, claim(NESTEROV, nesterov, share, 1.0, rule, region)]


def _errors(evidence: Evidence) -> dict[tuple[str, float], Any]:
    """Squared error at the end at each seed's best rate, (seeds,)."""
    found: Any = defaultdict(lambda: defaultdict(lambda: np.inf))
    for run, _, error in evidence.vector("sigmoid_squared_error"):
        own = found[run.optimizer, 0.0 if run.optimizer == PLAIN else float(run["optimizer.momentum"])]
        own[run.seed] = min(own[run.seed], error[-1, 0])
    return {cell: np.array([*own.values()]) for cell, own in found.items()}


def _recursions(evidence: Evidence) -> Iterator[Finding]:
    """Every point of both forms on a bowl; Nesterov's is recorded where its gradient is taken."""
    slope, rate = np.array([WELL["surface.xx"], WELL["surface.yy"]]), WELL["learning_rate"]
    for run, steps, path in evidence.vector("parameter"):
        grown = 1 - 0.5 / (np.floor(np.arange(len(steps)) / 10) + 1)
        mu = np.minimum(grown, np.where(np.arange(len(steps)) < 50, run["optimizer.momentum"], 0.9))
        theta, velocity, want = np.ones(2), np.zeros(2), []
        for now in mu:
            ahead = theta + now * velocity if run.optimizer == AHEAD else theta
            want.append(ahead)
            velocity = now * velocity - rate * slope * ahead
            theta = theta + velocity
        yield exact(f"{run.optimizer} {run['optimizer.momentum']:g} on a bowl: every step", path, want, 1e-10, scale=1)


STUDY = Study(
    id="F13",
    name="momentum_on_autoencoder",
    title="Does momentum help to train a deep autoencoder, and does Nesterov's form help more?",
    claims=(FASTER, NESTEROV),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("Nesterov's form is the classical one", bugs.swapped("methods", AHEAD, CLASSICAL)),),
    figures=(Figure("cross-entropy", "curves", "step", "train_loss", "optimizer.momentum", "optimizer", "y"),),
)
