"""B16: does the floor of stochastic descent depend on the learning rate and the batch size through their ratio alone?

Theory: for small eta the excess of J is about eta tr(N) / (4 B), N the covariance of the rows' gradients, so that cells
of equal eta / B agree and halving eta halves it; where S of B03, about eta tr(H) / (2 B), is not small it is more
(Mandt et al. 2017, eq. 12). A penalty makes every mode forget its start within the burn-in.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines

TRADE = Claim(
    "trade-off", "a smaller rate or a larger batch lowers the level on which stochastic descent fluctuates", "S2"
)

SEEDS, SMALL = list(range(32)), 2  # how many of the rates are small: S <= .03, which tilts the slope by .012
PROBLEMS: dict[str, tuple[dict[str, Any], list[float], float, float]] = {  # axes, rates, rate of full batches, eta k
    # the least curvature is l2 / m = .1 and .5: half of a run leaves e^(-eta k l2 / m) of what the start adds to J
    "diabetes": ({"model": "linear", "l2": 44.2}, [0.005, 0.01, 0.08], 0.4, 100.0),
    "digits": ({"model": "softmax", "scaling": "minmax", "l2": 898.5}, [0.01, 0.02], 0.5, 40.0),
}
SIZES = {
    "full": {"diabetes": (2, 4, 8), "digits": (4, 8, 16)},
    "quick": {"diabetes": (2, 8)},
    "cell": {"diabetes": (2, 8)},
}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    found = []
    for name, sizes in SIZES[profile].items():
        axes, rates, fast, time = PROBLEMS[name]
        steps = int(time / rates[0])
        run = {**axes, "data": name, "order": "replacement", "probes": "off"}
        found.append(Grid({**run, "learning_rate": fast, "steps": 500, "checkpoints": "end"}))
        many = {"learning_rate": rates, "steps": steps, "checkpoints": steps // 50, "seed": SEEDS}
        found += [Grid({**run, **many, "batch_size": size}) for size in sizes]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    best, floors = {}, {}
    for run, steps, loss in evidence.curve("train_loss"):
        if run.regime == "batch":
            best[run.data] = loss[-1]
        else:
            cell = (run.data, run.learning_rate, int(run.batch_size))
            floors.setdefault(cell, []).append(loss[steps > steps[-1] / 2].mean())
    floors = {cell: np.array(values) - best[cell[0]] for cell, values in floors.items()}
    found: list[Finding] = []
    for name in best:
        rates = PROBLEMS[name][1]
        own = {(rate, size): v for (data, rate, size), v in floors.items() if data == name}
        small = {cell: v.mean() for cell, v in own.items() if cell[0] in rates[:SMALL]}
        ratio = {cell: round(np.log2(cell[0] / cell[1] / rates[0])) for cell in small}
        for power in sorted(set(ratio.values())):
            group = [small[cell] for cell in small if ratio[cell] == power]
            if len(group) > 1:
                spread = np.std(group, ddof=1) / np.mean(group)
                label = f"{name}: spread of the floor over {len(group)} cells of eta / B = {rates[0] * 2.0**power:g}"
                found.append(bound(label, spread, 0.05, None, seeds=len(SEEDS)))
        slope = np.polyfit(list(ratio.values()), np.log2(list(small.values())), 1)[0]
        found.append(
            exact(f"{name}: slope of log floor over log (eta / B), small rates", slope, 1, 0.05, seeds=len(SEEDS))
        )
        if name == "diabetes":
            excess = own[rates[-1], 2] / rates[-1] - own[rates[0], 2] / rates[0]
            found.append(sign(f"{name}, B = 2: floor / eta is larger at the largest rate than at the least", excess))
    slope = min(f.measured or 0.0 for f in found if "slope" in f.quantity)
    verdict = "SUPPORTED" if worst(found) == "PASS" else "CONDITIONAL" if slope > 0 else "REFUTED"
    rule = "slope of log floor over log (eta / B)"
    return [*found, claim(TRADE, verdict, slope, 1.0, rule, "eta below the reciprocal of the curvature")]


STUDY = Study(
    id="B16",
    name="noise_floor",
    title="Does the noise floor depend on the learning rate and the batch size through their ratio alone?",
    claims=(TRADE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the gradient is a sum over the batch", bugs.replace("losses", "half_squared_error", bugs.summed)),
        Mutant(
            "the step goes with the root of the rate",
            bugs.replace("methods", "sgd", bugs.on_rate(lambda rate: 0.1 * rate**0.5)),
        ),
    ),
    figures=(
        Figure(
            "The floor rises with the rate and falls with the batch; as dashed while rates are small",
            "runs",
            "learning_rate",
            "final_train_loss",
            "batch_size",
            log="x",
            where={"data": "diabetes", "regime": "minibatch"},
            theory=lines.small_rate_floor,
        ),
    ),
)
