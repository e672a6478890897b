"""F17: two units learn the exclusive or from some starts only; more units from every start, and so do restarts.

Theory: where units saturate, several of the four points share an output, whose best value is the mean of their labels:
the cross-entropy of g points with mean p is (g / 4) H(p). Two points of different labels cost ln(2) / 2, three 3 / 4
H(1/3), all four ln 2; every start that does not solve the problem ends at one of these levels. Independent starts that
each succeed with probability p succeed at least once in n with 1 - (1 - p)^n.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bound, claim, exact
from bench.studies import bugs

RESTARTS = Claim("restarts", "random restarts lead past local optima", "S2")
FEW = Claim("few", "networks have few local optima that matter", "S4", "CONDITIONAL")

WIDTHS = {"full": [3, 8, 32], "quick": [8], "cell": []}
STARTS, NARROW, WIDE = {"full": 3600, "quick": 3600, "cell": 100}, 2, 8
ESTIMATED = 3000  # starts that estimate p; the others are the restarts
SOLVED, TRIES = 0.02, (2, 3)
LEVELS = np.array([np.log(2) / 2, 0.75 * (np.log(3) - 2 / 3 * np.log(2)), np.log(2)])


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "xor", "data.rows": 4, "data.noise": 0.0, "scaling": "raw", "loss": "binary_cross_entropy"}
    net = {"model": "mlp", "depth": 1, "activation": "tanh", "init": "normal", "batch_size": "full"}
    run = {"steps": 4000, "learning_rate": 0.5, "checkpoints": "end", "probes": "off"}
    widths = [(NARROW, STARTS[profile]), *((width, 400) for width in WIDTHS[profile])]
    return [Grid({**rows, **net, **run, "width": width, "seed": list(range(starts))}) for width, starts in widths]


def judge(evidence: Evidence) -> Sequence[Finding]:
    first, last = _losses(evidence)
    distinct = len(np.unique(first[NARROW])) / len(first[NARROW])
    stuck = last[NARROW][last[NARROW] > SOLVED]
    nearest = LEVELS[np.argmin(np.abs(stuck[:, None] - LEVELS), axis=1)]
    found = [
        exact("starts that differ in their first loss, share", distinct, 1.0, 0.02, seeds=len(first[NARROW])),
        exact("loss of the starts that are stuck / that of its level", stuck / nearest, 1.0, 0.02, seeds=len(stuck)),
    ]
    if WIDE not in last:
        return found
    shares = {width: float(np.mean(loss <= SOLVED)) for width, loss in sorted(last.items())}
    for narrow, wide in zip(list(shares)[:-1], list(shares)[1:], strict=True):
        text = f"share solved by {narrow} units / by {wide}"
        found.append(bound(text, shares[narrow], shares[wide], tight=None, seeds=len(last[wide])))
    found.append(bound(f"0.99 / share solved by {WIDE} units", 0.99, shares[WIDE], tight=None, seeds=len(last[WIDE])))
    found += _restarts(last[NARROW] <= SOLVED)
    few = "SUPPORTED" if shares[NARROW] > 0.99 else "CONDITIONAL" if shares[WIDE] > 0.99 else "REFUTED"
    restarts = "SUPPORTED" if all(finding.impl == "PASS" for finding in found[-len(TRIES) :]) else "REFUTED"
    region = "more units than needed: " + ", ".join(f"{share:.1%} of {h} units" for h, share in shares.items())
    return [
        *found,
        claim(RESTARTS, restarts, found[-1].measured, 1.0, f"share of {TRIES[-1]} restarts of which one succeeds"),
        claim(FEW, few, 1 - shares[NARROW], 0.0, f"share of starts of {NARROW} units that are stuck", region),
    ]


def _losses(evidence: Evidence) -> tuple[dict[int, Any], dict[int, Any]]:
    """First and last loss by width, (starts,)."""
    first: dict[int, list[float]] = {}
    last: dict[int, list[float]] = {}
    for run, _, loss in evidence.curve("train_loss"):
        first.setdefault(int(run.width), []).append(loss[0])
        last.setdefault(int(run.width), []).append(loss[-1])
    return {w: np.array(own) for w, own in first.items()}, {w: np.array(own) for w, own in last.items()}


def _restarts(solved: Any) -> Iterator[Finding]:
    """p has a standard error of .008, which adds less than 6 % to the scatter of the counts."""
    p, fresh = float(np.mean(solved[:ESTIMATED])), solved[ESTIMATED:]
    for n in TRIES:
        groups = fresh[: len(fresh) // n * n].reshape(-1, n).any(axis=1)
        text = f"{NARROW} units, p = {p:.3f}: at least one of {n} starts succeeds"
        yield binomial(text, int(groups.sum()), len(groups), 1 - (1 - p) ** n, cells=len(TRIES))


def _one_start(architecture: Any) -> Any:
    def make(*given: Any) -> Any:
        model = architecture.make(*given)
        same = np.random.default_rng(0).standard_normal(model.draws)
        return model._replace(init=lambda draw, hyper: model.init(0 * draw + same.astype(draw.dtype), hyper))

    return architecture._replace(make=make)


STUDY = Study(
    id="F17",
    name="multi_seed_local_optima_mlp",
    title="Do small networks get stuck, and do restarts or more units help?",
    claims=(RESTARTS, FEW),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("every start has the same weights", bugs.replace("models", "mlp", _one_start)),),
    figures=(Figure("levels of the loss", "runs", "seed", "final_train_loss", "width"),),
)
