"""E17: sigmoid layers learn the slower the lower they are; ReLU layers without biases all learn at one speed.

Theory: ||delta_l|| changes by sqrt(chi(q_l)) per layer (Schoenholz et al. 2017), and ||dJ/dW_l|| of one row is
||delta_l|| ||h_{l-1}||, the latter constant over sigmoid layers: its logarithm rises by -ln(chi) / 2 = 1.4437 per layer
at sigma_w = 1. With a positively homogeneous activation and no biases <W_l, dJ/dW_l> is the same for every layer, as
the forward signal shrinks as the backward one grows: ||dJ/dW_l|| is level while ||delta_l|| rises by ln(2) / 2 = .3466
per layer at sigma_w^2 = 1. The slopes are of least squares over the hidden layers from the second on, for one row: in a
sum over rows these cancel the more, the more alike their signals become with depth. The seeds put every tolerance at 4
standard errors (p < 1e-3).
"""

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, sign
from bench.theory import meanfield

SPEEDS = Claim("speeds", "top layers train well and bottom layers hardly", "S0, S1, S3", "CONDITIONAL")

DEPTHS = {"full": [4, 8, 12], "quick": [12], "cell": [12]}
NAMES = {"full": ["sigmoid", "tanh", "relu"], "quick": ["sigmoid", "relu"], "cell": ["sigmoid"]}
LAYERS = {"sigmoid": 96, "tanh": 192, "relu": 768}  # seeds x layers of a cell
LEVEL, WITHIN = 0.02, 0.05  # how far a level slope may be from 0, and a steep one from theory, relative
TRAINED = {"depth": 12, "width": 32}
APART = 10.0  # ratio of the relative update of the last hidden layer to that of the second


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "init": "lecun", "bias": False, "constant_columns": "keep", "normalize_rows": 1.0}
    look = {"split": "16/0", "probe_rows": 1, "steps": 0, "checkpoints": "end", "probes": "layer_gradients"}
    found = []
    for name, depth in itertools.product(NAMES[profile], DEPTHS[profile]):
        seeds = list(range(LAYERS[name] // depth))
        found.append(Grid({**net, **look, "activation": name, "width": 256, "depth": depth, "seed": seeds}))
    if profile == "full":
        train = {"split": "512/0", "steps": 100, "batch_size": 64, "checkpoints": "end", "probes": "layer_state"}
        found.append(Grid({**net, **train, **TRAINED, "activation": ["sigmoid", "relu"], "seed": list(range(8))}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, unequal = [], {}
    weights, deltas = _slopes(evidence, "weight_gradient_norm"), _slopes(evidence, "delta_norm")
    for (name, depth), slopes in weights.items():
        label = f"{name}, L = {depth}: rise per layer of ln"
        phi = meanfield.ACTIVATIONS[name]
        chi = meanfield.backward_factors(phi, meanfield.trajectory(phi, depth, 1.0), 1.0)
        if name == "sigmoid":
            steep = -float(np.log(chi[-1])) / 2
            found.append(_near(f"{label} ||dJ/dW||", slopes, steep, WITHIN))
        elif name == "relu":
            found.append(_near(f"{label} ||dJ/dW||", slopes, 0, LEVEL))
            found.append(_near(f"{label} ||delta||", deltas[name, depth], np.log(2) / 2, WITHIN))
        else:
            steep = float(np.polyfit(range(2, depth + 1), -np.cumsum(np.log(chi))[:-1] / 2, 1)[0])
            found.append(_near(f"{label} ||delta||", deltas[name, depth], steep, LEVEL / steep))
        unequal[name, depth] = float(np.mean(slopes)) > np.log(APART) / depth
    verdict = "SUPPORTED" if all(unequal.values()) else "CONDITIONAL" if any(unequal.values()) else "REFUTED"
    rule = f"||dJ/dW|| at least {APART:g} times as large at the top as at the bottom"
    region = "sigmoid; the layers of a ReLU network without biases learn at one speed, which may be low"
    share = float(np.mean(list(unequal.values())))
    return [*found, *_trained(evidence), claim(SPEEDS, verdict, share, None, rule, region=region)]


def _slopes(evidence: Evidence, column: str) -> dict[tuple[str, int], list[float]]:
    """Per network of the grid at the start, the rise per layer of ln(norm), one for each seed."""
    found = defaultdict(list)
    for run, _, norms in evidence.layer(column):
        if run.steps == 0:
            hidden = np.log(norms[0, 1 : run.depth])
            found[run.activation, run.depth].append(float(np.polyfit(range(2, run.depth + 1), hidden, 1)[0]))
    return found


def _near(label: str, slopes: Sequence[float], theory: float, tolerance: float) -> Finding:
    """The mean of the slopes, with its 99 % interval; an absolute tolerance where theory is 0."""
    mean, error = np.mean(slopes), stats.sem(slopes)
    half = stats.t.ppf(0.995, len(slopes) - 1) * error
    interval = {"low": float(mean - half), "high": float(mean + half), "seeds": len(slopes)}
    return exact(label, mean, theory, tolerance, scale=abs(theory) or 1.0, **interval)


def _trained(evidence: Evidence) -> Iterator[Finding]:
    """After 100 steps, how much more of itself the last hidden layer changes per step than the second does."""
    ratios = defaultdict(list)
    for run, steps, updates in evidence.layer("update_ratio") if "update_ratio" in evidence.layers else ():
        if steps[-1] > 0:
            ratios[run.activation].append(np.log(updates[-1, run.depth - 1] / updates[-1, 1]) / np.log(APART))
    for name, own in ratios.items():
        apart = np.asarray(own) - 1 if name == "sigmoid" else 1 - np.abs(own)
        what = "more than" if name == "sigmoid" else "within"
        yield sign(f"{name}, 100 steps: relative updates of top and bottom {what} {APART:g} times apart", apart)


def _reversed(evidence: Evidence) -> Evidence:
    return dataclasses.replace(evidence, layers=evidence.layers.iloc[::-1])


STUDY = Study(
    id="E17",
    name="layerwise_learning_speed",
    title="Do the lower layers of a deep network learn more slowly?",
    claims=(SPEEDS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("layers are counted from the output", evidence=_reversed),),
    figures=(
        Figure("gradients of the weights", "layers", "layer", "weight_gradient_norm", "depth", "activation", "y"),
    ),
)
