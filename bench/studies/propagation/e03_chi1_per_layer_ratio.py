"""E03: at initialisation the gradient shrinks or grows by a factor per layer that the activation and sigma_w decide.

Theory: with Var W = sigma_w^2 / fan_in, E ||delta_l||^2 = chi(q_l) E ||delta_{l+1}||^2 with chi(q) = sigma_w^2
E phi'(sqrt(q) z)^2, along the trajectory q_{l+1} = sigma_w^2 E phi(sqrt(q_l) z)^2 + sigma_b^2 (Poole et al. 2016;
Schoenholz et al. 2017). One log-ratio per seed, from the first pre-activation to the output, gives the mean factor; at
width 256 its bias stays below 0.6 % and its standard error over 64 seeds below 0.3 %, so that EQ(0.02) fails a correct
network with p < 1e-3. Networks that amplify an error of their own variance (GELU and SiLU near q = 2) are left out, and
softplus at sigma_w^2 = 2, where signals grow while gradients shrink until a width of 256 is no longer wide.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, worst
from bench.studies import bugs, lines
from bench.theory import meanfield

SPREADS = "delta falls or rises geometrically"
FACTOR = Claim("factor", "gradients shrink or grow by a factor per layer that depends on the activation", "S0, S1, S3")

SEEDS = list(range(64))
DEPTHS = {"full": 16, "quick": 8, "cell": 6}  # of the main activations; 12 for the others
COMMON = ((1 / 3, 0.0), (1.0, 0.0), (2.0, 0.0), (4.0, 0.0), (1.0, 0.01), (2.0, 0.01))  # sigma_w^2, sigma_b^2
CRITICAL = ((16.0, 0.0), (10.14926**2, 0.0), (225.0, 0.0))  # of the sigmoid: it vanishes, is critical, explodes
NAMES = ("identity", "softsign", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "softplus")
MAIN: dict[str, Sequence[tuple[float, float]]] = {"sigmoid": COMMON + CRITICAL, "tanh": COMMON, "relu": COMMON}
CELLS: dict[str, dict[str, Sequence[tuple[float, float]]]] = {
    "full": MAIN | dict.fromkeys(NAMES, COMMON[1:3]) | {"softplus": COMMON[1:2]},
    "quick": {"sigmoid": ((1.0, 0.0), CRITICAL[1]), "tanh": ((1.0, 0.0), (4.0, 0.01))},
    "cell": {"tanh": ((1.0, 0.01), (4.0, 0.0))},
}
MOST_SENSITIVE = 2.0  # d ln q_l / d ln q_1 above which a network amplifies its own scatter


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "16/0", "constant_columns": "keep", "normalize_rows": 1.0}
    net = {"model": "mlp", "width": 256, "init": "lecun"}
    look = {"steps": 0, "checkpoints": "end", "probes": "layer_gradients", "seed": SEEDS}
    found = []
    for name, cells in CELLS[profile].items():
        gains = {
            "init.gain": [float(np.sqrt(weight)) for weight, _ in cells],
            "init.bias": [float(np.sqrt(bias)) for _, bias in cells],
        }
        depth = DEPTHS[profile] if name in MAIN else 12
        slopes = {"activation.slope": [0.01, 0.2]} if name == "leaky_relu" else {}
        axes = {**rows, **net, "activation": name, "depth": depth, **gains, **slopes, **look}
        found.append(Grid(axes, zipped=[("init.gain", "init.bias")]))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    samples = defaultdict(list)
    for run, _, norms in evidence.layer("delta_norm"):
        cell = (run.activation, _slope(run), run["init.gain"] ** 2, run["init.bias"] ** 2, run.depth)
        samples[cell].append(2 * np.log(norms[0, 0] / norms[0, -1]) / run.depth)
    found, factors = [], defaultdict(dict)
    for (name, slope, weight, bias, depth), logs in samples.items():
        phi = meanfield.ACTIVATIONS[name] if np.isnan(slope) else meanfield.leaky_relu(slope)
        if meanfield.sensitivity(phi, depth, weight, bias) > MOST_SENSITIVE:
            continue
        q = meanfield.trajectory(phi, depth, weight, bias)
        theory = np.exp(np.mean(np.log(meanfield.backward_factors(phi, q, weight))))
        own = name if name != "leaky_relu" else f"leaky ReLU {slope:g}"
        label = f"{own}, sigma_w^2 = {weight:.4g}, sigma_b^2 = {bias:.3g}: factor per layer of ||delta||^2"
        found.append(equivalent(label, np.exp(logs), float(theory), 0.02))
        factors[(weight, bias)][own] = found[-1]
    return [*found, claim(FACTOR, _verdict(found, factors), rule="every factor as predicted, and not the same for all")]


def _verdict(found: Sequence[Finding], factors: dict[Any, dict[str, Finding]]) -> Any:
    """Supported if the factors are those of the theory and, at equal sigma_w, activations can be told apart."""
    if worst(found) != "PASS":
        return "REFUTED"
    values = [f.measured or np.nan for f in found]
    apart = [np.ptp([f.measured or np.nan for f in same.values()]) > 0.05 for same in factors.values() if len(same) > 1]
    return "SUPPORTED" if np.ptp(values) > 0.05 and (any(apart) or not apart) else "REFUTED"


def _slope(run: Any) -> float:
    """The slope of a leaky ReLU, NaN for the others; PReLU starts at its default."""
    return run["activation.slope"] if run.activation == "leaky_relu" else np.nan


STUDY = Study(
    id="E03",
    name="chi1_per_layer_ratio",
    title="By which factor does a layer shrink or grow the gradient at initialisation?",
    claims=(FACTOR,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("backpropagation drops phi'", bugs.replace("activations", "tanh", bugs.without_derivative)),
        Mutant("sigma_w is divided by fan_in, not by its root", bugs.replace("inits", "lecun", bugs.by_fan_in)),
    ),
    figures=(Figure(SPREADS, "layers", "layer", "delta_norm", "init.gain", "activation", "y", {}, lines.DELTA),),
)
