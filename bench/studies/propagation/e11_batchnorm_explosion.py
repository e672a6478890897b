"""E11: with batch normalisation gradients at initialisation never vanish, but grow at a rate that no gain can change.

Theory: ||dL/dz||^2 grows on its way down by E phi'^2 / Var phi per layer, at least 1: pi / (pi - 1) = 1.467 for ReLU
and large batches, more for small ones, (B - 2) / (B - 3) for the identity, at any sigma_w alike (Yang et al. 2019).
One log-ratio per seed between layers 5 and L - 5; at width 256 its standard deviation per layer is below 2 % at B = 8,
and less for larger batches, so that EQ(0.02) fails a correct network with p < 1e-3. tanh and sigmoid are held against
the limit of large batches, EQ(0.05).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact
from bench.studies import bugs
from bench.theory import batchnorm, meanfield

RESCUES = Claim("batch-norm", "batch normalisation reduces vanishing gradients", "S0", "CONDITIONAL")

CELLS = {  # activation -> rows of a batch
    "full": {"relu": (8, 32, 64, 256), "identity": (8,), "tanh": (256,), "sigmoid": (256,)},
    "quick": {"relu": (8,), "identity": (8,)},
    "cell": {"relu": (8,)},
}
DEPTHS = {"full": 24, "quick": 24, "cell": 16}
WIDTH = 256
VARIANCES = (0.1, 1.0, 2.0)  # sigma_w^2
FINITE = {"relu": batchnorm.relu_factor, "identity": batchnorm.linear_factor}  # exact at any B
EDGE = 5  # layers left out at either end


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "gaussian", "data.features": 256, "scaling": "raw", "probe_rows": "all"}
    net = {"model": "batch_normalised", "bias": False, "init": "lecun", "normalisation.epsilon": 0.0}
    net |= {"depth": DEPTHS[profile], "width": WIDTH}
    look = {"steps": 0, "checkpoints": "end", "probes": "layer_gradients"}
    gains = {"init.gain": [float(np.sqrt(variance)) for variance in VARIANCES]}
    return [
        Grid({**rows, **net, **look, **gains, "activation": name, "data.rows": batch, "seed": _seeds(batch)})
        for name, batches in CELLS[profile].items()
        for batch in batches
    ]


def _seeds(batch: int) -> list[int]:
    return list(range(32 if batch <= 16 else 16 if batch <= 64 else 8))


def judge(evidence: Evidence) -> Sequence[Finding]:
    samples = defaultdict(lambda: defaultdict(list))
    for run, _, norms in evidence.layer("delta_norm"):
        first, last = EDGE - 1, run.depth - EDGE - 1
        ratio = (norms[0, first] / norms[0, last]) ** (2 / (last - first))
        samples[run.activation, int(run["data.rows"])][round(run["init.gain"] ** 2, 6)].append(ratio)
    found, factors = [], []
    for (name, batch), own in samples.items():
        label = f"{name}, B = {batch}: factor per layer of ||delta||^2"
        found.append(equivalent(label, own[1.0], _theory(name, batch), 0.02 if name in FINITE else 0.05))
        factors.append(found[-1].measured or np.nan)
        means = np.asarray([np.mean(own[variance]) for variance in VARIANCES])
        found.append(exact(f"{label}, at any sigma_w over that at 1", means / means[1], 1.0, 0.01))
    vanish, grow = any(f < 0.98 for f in factors), any(f > 1.4 for f in factors)
    verdict = "REFUTED" if vanish else "CONDITIONAL" if grow else "SUPPORTED"
    region = "it never vanishes, but explodes with depth unless the activation is nearly linear"
    rule = "no factor below .98; some above 1.4"
    return [*found, claim(RESCUES, verdict, max(factors), None, rule, region=region)]


def _theory(name: str, batch: int) -> float:
    return FINITE[name](batch) if name in FINITE else batchnorm.factor(meanfield.ACTIVATIONS[name])


def _unnormalised(architecture: Any) -> Any:
    off = architecture.make.keywords["normalisation"]._replace(apply=lambda z, epsilon, fitted: z)
    return architecture._replace(make=lambda *given: architecture.make(*given, normalisation=off))


STUDY = Study(
    id="E11",
    name="batchnorm_explosion",
    title="Does batch normalisation keep gradients from vanishing?",
    claims=(RESCUES,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("statistics count as constants", bugs.replace("models", "batch_normalised", bugs.detached_statistics)),
        Mutant("pre-activations are not normalised", bugs.replace("models", "batch_normalised", _unnormalised)),
    ),
    figures=(Figure("delta on its way down", "layers", "layer", "delta_norm", "data.rows", "activation", "y"),),
)
