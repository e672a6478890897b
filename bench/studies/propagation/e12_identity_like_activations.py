"""E12: the nearer an activation is to the identity, the better signals and gradients keep their size at sigma_w = 1.

Theory: a leaky rectifier of slope a changes the mean squares of signal and gradient by (1 + a^2) / 2 per layer (He et
al. 2015), the identity not at all. tanh(eps z) / eps on signals of size 1 is tanh on signals of size eps, so that rows
of mean square eps^2 stand for it: chi = 1 - 2 eps^2 q + ... (Schoenholz et al. 2017). SELU has the fixed point q* = 1
(Klambauer et al. 2017), where the gradient grows by chi = 1.0716. A ratio of one layer of 64 leaky units has a CV of at
most (5 / n)^(1/2) = .28, so that 35,000 layers pass EQ(0.01); gradients of the others are log-ratios as in E03.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent
from bench.studies import bugs, lines
from bench.theory import meanfield

DOWN = "delta on its way down"
NEAR = Claim("near-identity", "an activation near the identity keeps signals and gradients stable with depth", "S0")

SLOPES = [0.0, 0.5, 0.9, 1.0]
SCALES = {"full": (1.0, 0.3, 0.1), "quick": (0.1,), "cell": ()}  # eps
LEAKY = {"width": 64, "depth": 50}
SMOOTH = {"width": 256, "depth": 16}
SEEDS = {"full": 700, "quick": 700, "cell": 0}  # of leaky networks


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "16/0", "constant_columns": "keep", "normalize_rows": 1.0, "probe_rows": 1}
    net = {"model": "mlp", "init": "lecun", "bias": False, "steps": 0, "checkpoints": "end", "probes": "full"}
    selu = {"seed": list(range(64)), "activation": "selu", **SMOOTH}
    found = [Grid({**rows, **net, **selu})]
    for scale in SCALES[profile]:
        found.append(Grid({**rows, **net, **selu, "activation": "tanh", "normalize_rows": scale**2}))
    if SEEDS[profile]:
        leaky = {"activation": "leaky_relu", "activation.slope": SLOPES, "seed": list(range(SEEDS[profile]))}
        found.append(Grid({**rows, **net, **LEAKY, **leaky}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    signals, gradients = defaultdict(list), defaultdict(list)
    for run, _, squares in evidence.layer("preactivation_mean_square"):
        q = squares[0, : run.depth]
        signals[_cell(run)].append(np.mean(q[1:] / q[:-1]) if run.activation == "leaky_relu" else q)
    for run, _, norms in evidence.layer("delta_norm"):
        d = norms[0, : run.depth] ** 2
        mean = np.mean(d[:-1] / d[1:]) if run.activation == "leaky_relu" else (d[0] / d[-1]) ** (1 / (run.depth - 1))
        gradients[_cell(run)].append(mean)
    found, away = [], defaultdict(list)
    for (name, constant), samples in signals.items():
        if name == "leaky_relu":
            label, theory = f"leaky ReLU of slope {constant:g}", (1 + constant**2) / 2
            found.append(equivalent(f"{label}: q changes per layer by", samples, theory, 0.01))
        else:
            label = f"tanh(eps z) / eps, eps = {constant:g}" if name == "tanh" else "SELU"
            phi = meanfield.ACTIVATIONS[name]
            q = meanfield.trajectory(phi, SMOOTH["depth"], 1.0, input_square=constant**2)
            theory = float(np.exp(np.mean(np.log(meanfield.backward_factors(phi, q, 1.0)[:-1]))))
            last = np.asarray(samples)[:, -1] / constant**2
            found.append(equivalent(f"{label}: q at the top", last, q[-1] / constant**2, 0.15))
        found.append(equivalent(f"{label}: ||delta||^2 changes per layer by", gradients[name, constant], theory, 0.02))
        away[name].append((abs(constant - (name == "leaky_relu")), abs((found[-1].measured or np.nan) - 1)))
    ordered = [[gap for _, gap in sorted(own)] for own in away.values()]
    stable = all(gaps[0] < 0.08 and gaps == sorted(gaps) for gaps in ordered)
    rule = "the factor of ||delta||^2 per layer nears 1 as the activation nears the identity"
    nearest = max(gaps[0] for gaps in ordered)
    return [*found, claim(NEAR, "SUPPORTED" if stable else "REFUTED", nearest, 0.0, rule)]


def _cell(run: Any) -> tuple[str, float]:
    """The activation and its slope, or the scale of the signals that stands for eps."""
    leaky = run.activation == "leaky_relu"
    return run.activation, float(run["activation.slope"] if leaky else round(run.normalize_rows**0.5, 6))


def _unscaled(activation: Any) -> Any:
    return activation._replace(apply=lambda z, constants: activation.apply(z, constants) / 1.0507009873554805)


STUDY = Study(
    id="E12",
    name="identity_like_activations",
    title="Does an activation near the identity keep signals and gradients stable?",
    claims=(NEAR,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("SELU without its scale", bugs.replace("activations", "selu", _unscaled)),
        Mutant("backpropagation drops phi'", bugs.replace("activations", "selu", bugs.without_derivative)),
    ),
    figures=(Figure(DOWN, "layers", "layer", "delta_norm", "activation.slope", "activation", "y", {}, lines.DELTA),),
)
