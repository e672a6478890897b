"""E15: narrow deep ReLU networks are often dead before they have seen a gradient.

Theory: without biases a layer of N units that receives one signal is all zero with probability 2^-N, so that a network
of L layers is dead on one input with probability 1 - (1 - 2^-N)^L. On several inputs it is dead less often, as one that
passes keeps it alive: the same number is an upper bound (Lu et al. 2019, theorem 3.3; Rister and Rubin 2020). A network
counts as dead where the gradient of all its weights is exactly 0 at the start, which it then is for ever. BIN with
p >= 1e-4 in each cell.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bound, claim, worst
from bench.studies import bugs
from bench.theory import dead

BORN = Claim("born", "deep ReLU networks can be dead at birth", "Lu et al. 2019")

SHAPES = {  # units per layer, layers
    "full": ((2, 5), (2, 10), (3, 10), (4, 20), (5, 30)),
    "quick": ((2, 10),),
    "cell": ((2, 5),),
}
NETWORKS = {"full": 20_000, "quick": 20_000, "cell": 1000}
LEVEL = 1e-4  # p-value of one cell
INPUTS = 64


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "activation": "relu", "init": "he", "bias": False, "seed": list(range(NETWORKS[profile]))}
    look = {"loss": "half_squared_error", "steps": 0, "checkpoints": "end", "probes": "gradient_norm"}
    one = {"data": "line", "data.rows": 1, "data.low": 1.0, "data.slope": 0.0, "data.offset": 1.0, "scaling": "raw"}
    many = {"split": f"{INPUTS}/0", "constant_columns": "keep", "normalize_rows": 1.0}
    found = [Grid({**net, **look, **one, "width": n, "depth": layers}) for n, layers in SHAPES[profile]]
    if profile == "full":
        found.append(Grid({**net, **look, **many, "width": 3, "depth": 10, "seed": list(range(2000))}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    still = evidence.curves.set_index("run")["gradient_norm"] == 0
    runs: Any = evidence.runs.assign(dead=evidence.runs["run"].map(still))
    found, shares = [], []
    for (source, width, depth), own in runs.groupby(["data", "width", "depth"], observed=True, sort=False):
        count, trials, theory = int(own["dead"].sum()), len(own), dead.born(int(width), int(depth))
        label = f"{width} units, {depth} layers"
        if source == "line":
            found.append(binomial(f"{label}: dead on one input", count, trials, theory, alpha=LEVEL))
            shares.append(count / trials)
        else:
            label = f"{label}: dead on {INPUTS} inputs over dead on one"
            found.append(bound(label, count / trials, theory, tight=None, seeds=trials))
    born = worst(found) == "PASS" and max(shares) > 0.5
    rule = "as often as predicted, and in some shape for most networks"
    return [*found, claim(BORN, "SUPPORTED" if born else "REFUTED", float(np.max(shares)), None, rule)]


def _shifted(activation: Any) -> Any:
    """ReLU of z + 0.1: what a positive bias does."""
    return activation._replace(apply=lambda z, constants: activation.apply(z + 0.1, constants))


STUDY = Study(
    id="E15",
    name="born_dead_networks",
    title="How often is a narrow deep ReLU network dead from the start?",
    claims=(BORN,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("biases start above 0", bugs.replace("activations", "relu", _shifted)),),
    figures=(Figure("networks dead at birth", "findings", "quantity", "measured"),),
)
