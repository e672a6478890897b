"""F09: too large a learning rate kills ReLU units while they train; a slope below 0 keeps units alive, not the network.

Theory: a unit is dead where max over rows of z <= 0: its slope, and with it the gradient of its weights, is 0 on every
row, and only a change of the layers below can bring it back (Lu et al. 2020; Maas et al. 2013). A step that is too long
can push z below 0 on all rows. Leaky ReLU and PReLU have a slope below 0 and cannot die; but the dead units of a ReLU
network are what ends its growth, so that the others may diverge where ReLU dies. Pixels are scaled to [0, 1].
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, sign
from bench.studies import bugs

DYING = Claim("dying", "training pushes ReLU units to death where the learning rate is large", "S0, S3")
OTHERS = Claim("others", "leaky ReLU, PReLU and ELU mitigate the death of units", "S0, S3", "CONDITIONAL")

RATES, GENTLE, DEADLY = [0.5, 0.9, 1.0, 1.3, 2.0], 0.5, 1.2
TRAINED = 0.5  # loss; chance is ln 10
NAMES = {"full": ["relu", "leaky_relu", "elu", "prelu"], "quick": ["relu", "leaky_relu"], "cell": ["relu"]}
Cells = dict[tuple[str, float], Any]  # by activation and rate, per seed


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "scaling": "minmax", "batch_size": 64, "probe_rows": "all"}
    net = {"model": "mlp", "depth": 2, "width": 64, "init": "he", "activation": NAMES[profile]}
    run = {"steps": 300, "checkpoints": "end", "probes": "layer_state"}
    all_rates = Grid({**rows, **net, **run, "seed": list(range(12)), "learning_rate": RATES})
    if profile == "cell":
        return [Grid({**rows, **net, **run, "seed": list(range(12)), "learning_rate": GENTLE})]
    # ReLU beats leaky ReLU in the loss of about 28 % of the seeds: the rule of signs needs this many.
    # Without probes: a program of its own, as lanes of seeds with one rate and with five do not fill one chunk.
    pair = {"activation": NAMES["quick"], "seed": list(range(1000, 1192)), "learning_rate": DEADLY, "probes": "off"}
    return [all_rates, Grid({**rows, **net, **run, **pair})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    dead, losses = _cells(evidence)
    gentle = f"ReLU, rate {GENTLE:g}: mean share of dead units of layer 2, / 5 %"
    found = [bound(gentle, dead["relu", GENTLE].mean(), 0.05, tight=None, seeds=12)]
    if ("relu", RATES[-1]) not in dead:
        return found
    order = float(np.corrcoef(stats.rankdata([dead["relu", rate].mean() for rate in RATES]), range(len(RATES)))[0, 1])
    text = "ReLU: least rank correlation, 0.9, / that of the rate and the dead units of layer 2"
    found.append(bound(text, 0.9, order, tight=None, seeds=12))
    killed = dead["relu", RATES[-1]] - dead["relu", GENTLE]
    found.append(sign(f"ReLU: dead units at rate {RATES[-1]:g} less those at {GENTLE:g}", killed))
    for name in sorted({name for name, _ in dead} & {"leaky_relu", "prelu"}):
        every = np.concatenate([own for (other, _), own in dead.items() if other == name])
        found.append(exact(f"{name}: share of dead units at any rate", every, 0.0, 0.0, seeds=12))
    died = "SUPPORTED" if found[1].impl == found[2].impl == "PASS" else "REFUTED"
    found.append(claim(DYING, died, order, 1.0, "rank correlation of rate and death"))
    return [*found, *_mitigated(losses)] if ("relu", DEADLY) in losses else found


def _mitigated(losses: Cells) -> Iterator[Finding]:
    """Leaky ReLU against ReLU, and which of the others train at rate 1, where a quarter of the ReLU units die."""
    less = losses["relu", DEADLY] > losses["leaky_relu", DEADLY]
    leaky = sign(f"rate {DEADLY:g}: loss of ReLU above that of leaky ReLU", less - 0.5)
    trains = {name: float(np.mean(own < TRAINED)) for (name, rate), own in losses.items() if rate == 1}
    better = [name for name in trains if name != "relu" and trains[name] > trains["relu"]]
    verdict = (
        "SUPPORTED" if len(better) == len(trains) - 1 > 1 else "CONDITIONAL" if leaky.impl == "PASS" else "REFUTED"
    )
    shares = ", ".join(f"{name} {share:.0%}" for name, share in trains.items())
    region = f"leaky ReLU; share of networks that train at rate 1: {shares}"
    yield leaky
    yield claim(OTHERS, verdict, leaky.measured, 0.5, "share of seeds with a smaller loss than ReLU", region)


def _cells(evidence: Evidence) -> tuple[Cells, Cells]:
    """The dead share of layer 2 after training, and the last training loss, infinite where it diverged."""
    dead, losses = defaultdict(list), defaultdict(list)
    for run, _, found in evidence.layer("dead_fraction"):
        dead[run.activation, run.learning_rate].append(found[-1, 1])
    for run in evidence.runs.to_dict("records"):
        loss = run["final_train_loss"]
        losses[run["activation"], run["learning_rate"]].append(loss if np.isfinite(loss) else np.inf)
    return {cell: np.array(own) for cell, own in dead.items()}, {cell: np.array(own) for cell, own in losses.items()}


def _per_row(probe: Any) -> Any:
    def measure(snapshot: Any) -> Any:
        slopes = snapshot.model.slopes(snapshot.groups, snapshot.taps.pre, snapshot.hyper)
        found = probe.measure(snapshot)
        share = (slopes[-1] == 0).mean(dtype=found["dead_fraction"].dtype)
        return {**found, "dead_fraction": 0 * found["dead_fraction"] + share}

    return probe._replace(measure=measure)


STUDY = Study(
    id="F09",
    name="dying_in_training",
    title="Does training kill ReLU units, and do units with a slope below 0 stay alive?",
    claims=(DYING, OTHERS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("rows are counted as dead, not units", bugs.replace("probes", "layer_state", _per_row)),),
    figures=(Figure("units die", "layers", "learning_rate", "dead_fraction", "activation", "layer", "x"),),
)
