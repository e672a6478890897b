"""E04: sigmoid layers shrink the gradient at the usual weights, keep it at sigma_w = 10.149, and let it explode above.

Theory: chi(q_l) = sigma_w^2 E sigma'(sqrt(q_l) z)^2 along q_{l+1} = sigma_w^2 E sigma(sqrt(q_l) z)^2 (Schoenholz et al.
2017): .0557 per layer in norm^2 at sigma_w = 1, .3989 at 4, .6010 at 6, .7948 at 8, 1 at 10.14926, 1.1756 at 12 and
1.4592 at 15. One log-ratio per seed, from layer 5, where q has settled, to the last hidden layer; its standard error
over 128 seeds is below .3 %, so that EQ(.02) fails a correct network with p < 1e-3. The rows are 16: few units of a
saturated layer pass anything, so that the norm of the gradient of few rows scatters, which lowers a mean of logarithms.
The crossing is bracketed by weights 1.7 % apart, which is 1.6 % in the factor.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, claim, equivalent
from bench.studies import bugs, lines
from bench.theory import meanfield

SPREADS = "from vanishing to exploding"
CAUSE = Claim("cause", "the root cause of vanishing gradients is the sigmoid itself", "S3", "REFUTED")

CRITICAL = 10.14926  # sigma_w with chi = 1
AROUND = [9.98, CRITICAL, 10.32]
GAINS = {"full": [1.0, 2.0, 4.0, 6.0, 8.0, *AROUND, 12.0, 15.0], "quick": [1.0, CRITICAL, 15.0], "cell": [1.0]}
DEPTHS = {"full": 16, "quick": 6, "cell": 6}
FIRST = {16: 5, 6: 2}  # the layer where the log-ratio starts
SEEDS = list(range(128))
SIGMOID = meanfield.ACTIVATIONS["sigmoid"]


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "16/0", "constant_columns": "keep", "normalize_rows": 1.0}
    net = {"model": "mlp", "width": 256, "depth": DEPTHS[profile], "activation": "sigmoid", "init": "lecun"}
    look = {
        "steps": 0,
        "checkpoints": "end",
        "probes": "layer_gradients",
        "seed": SEEDS if profile != "cell" else SEEDS[:32],
    }
    return [Grid({**rows, **net, **look, "init.gain": GAINS[profile]})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    samples: dict[float, list[float]] = defaultdict(list)
    theory: dict[float, float] = {}
    for run, _, norms in evidence.layer("delta_norm"):
        first, last, gain = FIRST[run.depth] - 1, run.depth - 1, run["init.gain"]
        samples[gain].append((norms[0, first] / norms[0, last]) ** (2 / (last - first)))
        q = meanfield.trajectory(SIGMOID, last, gain**2)[first:] if gain not in theory else np.ones(0)
        if q.size:
            theory[gain] = float(np.exp(np.mean(np.log(meanfield.backward_factors(SIGMOID, q, gain**2)))))
    factors = {
        gain: equivalent(f"sigma_w = {gain:g}: factor per layer of ||delta||^2", samples[gain], theory[gain], 0.02)
        for gain in sorted(samples)
    }
    measured = {gain: found.measured or np.nan for gain, found in factors.items()}
    found = list(factors.values())
    if set(AROUND) <= set(measured):
        low = max((gain for gain, factor in measured.items() if factor < 1), default=np.nan)
        high = min((gain for gain, factor in measured.items() if factor >= 1), default=np.nan)
        found.append(bisect("sigma_w where gradients neither vanish nor explode", low, high, CRITICAL, 0.02))
    kept = [(one.low or 0) > 0.95 for one in factors.values()]
    verdict = "REFUTED" if any(kept) else "SUPPORTED"
    rule = "at no sigma_w a factor of at least 0.95"
    return [*found, claim(CAUSE, verdict, max(measured.values()), 1.0, rule)]


STUDY = Study(
    id="E04",
    name="sigmoid_not_doomed",
    title="Must gradients vanish in sigmoid networks?",
    claims=(CAUSE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("backpropagation drops phi'", bugs.replace("activations", "sigmoid", bugs.without_derivative)),
        Mutant("sigma_w is divided by fan_in, not by its root", bugs.replace("inits", "lecun", bugs.by_fan_in)),
    ),
    figures=(Figure(SPREADS, "layers", "layer", "delta_norm", "init.gain", "activation", "y", {}, lines.DELTA),),
)
