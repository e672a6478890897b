"""B15: what does Adam's division by the size of past gradients give, and what does it cost?

Theory: with epsilon -> 0 a step of Adam does not depend on the scale of the loss, and, its moments being corrected for
their start at zero, the first step is -eta sign(g) (Kingma and Ba 2015, algorithm 1 and section 2.1). On [-1, 1], under
f_t(x) = 1010 x for t = 1 (mod 101) and -10 x otherwise, the best point is -1; with beta2 = 0.99 and rates eta / sqrt(t)
Adam forgets the one large gradient and goes to +1, while AMSGrad, which divides by the largest second moment so far,
goes to -1 (Reddi, Kale and Kumar 2018, theorem 1 and figure 1; bias-corrected here, which makes AMSGrad slower).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.theory import quadratics, updates

SCALE = Claim("scale", "adaptive rates make up for the scale of the gradients", "S2; Kingma and Ba 2015")
WORST = Claim("worst", "Adam can end at the worst point of a convex problem, and AMSGrad does not", "Reddi et al. 2018")

PERIOD, PHASE, SEEDS = 101, 50, 4  # x is looked at halfway between two large gradients
PERIODS = {"full": 4950, "quick": 990, "cell": 200}  # 500,000, 100,040 and 20,250 steps
CASES = {"full": ((0.5, 0.0), (0.1, 0.0), (0.1, 0.9)), "quick": ((0.5, 0.0), (0.1, 0.0)), "cell": ((0.5, 0.0),)}
RATE, CONSTANTS = 0.01, {"beta1": 0.9, "beta2": 0.999, "epsilon": 0.0}

ENDS = "x: Adam goes to the worst point, 1, and AMSGrad towards the best, -1"
PLAIN = {"data": "rare_gradient", "optimizer.beta1": 0.0}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    record, last = {"scaling": "raw", "bias": False, "dtype": "float64", "probes": "parameters"}, PERIODS[profile]
    looks = PERIOD * np.unique(np.geomspace(last / 20, last, 30).astype(int)) + PHASE
    online = {"data": "rare_gradient", "model": "linear", "loss": "linear", "batch_size": 1, "order": "sequential"}
    online |= {"schedule": "power", "steps": int(looks[-1]), "checkpoints": [tuple(looks.tolist())]}
    online |= {"optimizer": ["projected_adam", "projected_amsgrad"], "optimizer.beta2": 0.99}
    rates, decays = zip(*CASES[profile], strict=True)
    online |= {"learning_rate": list(rates), "optimizer.beta1": list(decays)}
    bowl = {"data": "ellipsoid", "data.features": 64, "data.largest": [1.0, 1e3], "model": "linear"}
    bowl |= {"optimizer": "adam", "optimizer.epsilon": 0.0, "learning_rate": RATE, "seed": list(range(SEEDS))}
    bowl |= {"steps": 100, "checkpoints": 1}
    return [Grid({**record, **online}, zipped=[("learning_rate", "optimizer.beta1")]), Grid({**record, **bowl})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = list(evidence.vector("parameter"))
    scale = list(_scale(evidence, [item for item in paths if item[0].data == "ellipsoid"]))
    ends = [_end(item) for item in paths if item[0].data == "rare_gradient"]
    found = [finding for own in ends for finding in own]
    verdicts = ((SCALE, scale), (WORST, found))
    return [*scale, *found, *(claim(c, "SUPPORTED" if worst(own) == "PASS" else "REFUTED") for c, own in verdicts)]


def _scale(evidence: Evidence, paths: Sequence[Any]) -> Iterator[Finding]:
    """The first step, the steps after it, and the same under a loss a thousand times as large."""
    first, signs, wanted = [], [], []
    paths = sorted(paths, key=lambda item: (item[0]["data.largest"], item[0].seed))
    for run, _, theta in paths:
        table = evidence.table(run)

        def gradient(point: Any, table: Any = table) -> Any:
            return quadratics.gradient(table.x, table.y, point, bias=False)

        first.append(theta[1] - theta[0])
        signs.append(-RATE * np.sign(gradient(theta[0])))
        wanted.append(updates.adam(theta[0], gradient, RATE, len(theta) - 1, CONSTANTS))
    yield exact("first step against -eta sign(g)", first, signs, 1e-6, seeds=SEEDS)
    got = np.stack([theta for *_, theta in paths])
    yield exact("100 steps against the formula", got, wanted, 1e-6, 1, seeds=SEEDS)
    small, large = np.split(got, 2)
    yield exact("100 steps of a loss 1000 times as large", large, small, 1e-6, 1, seeds=SEEDS)


def _end(item: Any) -> list[Finding]:
    """Where an online run ends on [-1, 1], and which way it goes."""
    run, _, theta = item
    x, label = theta[:, 0], f"rate {run.learning_rate:g}, beta1 {run['optimizer.beta1']:g}"
    if run.optimizer == "projected_adam":
        return [bound(f"Adam, {label}: 1 - x, the distance to the worst point, / 0.1", 1 - x[-1], 0.1, None)]
    away = bound(f"AMSGrad, {label}: 1 + x < 1, on the side of the best point", 1 + x[-1], 1, None)
    falls = sign(f"AMSGrad, {label}: x falls from look to look", -np.diff(x[1:]), least=len(x) - 2)
    return [away, falls]


def _uncorrected(method: Any) -> Any:
    """Adam whose moments are not corrected for their start at zero (exact where epsilon is 0)."""

    def make(hyper: Any) -> Any:
        right, b1, b2 = method.make(hyper), hyper["optimizer.beta1"], hyper["optimizer.beta2"]

        def update(g: Any, state: Any, params: Any = None, **_: Any) -> Any:
            step, state = right.update(g, state, params)
            count = state[0].count
            return bugs.leafwise(lambda s: s * (1 - b1**count) / (1 - b2**count) ** 0.5)(step), state

        return right._replace(update=update)

    return method._replace(make=make)


STUDY = Study(
    id="B15",
    name="adam_facts",
    title="What does Adam's division by the size of past gradients give, and what does it cost?",
    claims=(SCALE, WORST),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the bias correction is dropped", bugs.replace("methods", "adam", _uncorrected)),
        Mutant("AMSGrad is Adam", bugs.swapped("methods", "projected_amsgrad", "projected_adam")),
    ),
    figures=(Figure(ENDS, "values", "step", "value", "optimizer", "learning_rate", "x", PLAIN, lines.ONLINE),),
)
