"""E06: ReLU passes gradients undamped only where the weights double the variance that the rectifier halves.

Theory: phi' is 0 or 1, each for half of the units, so that chi = sigma_w^2 / 2 at any variance (He et al. 2015, eq. 10
and 14): ||delta|| changes by .4082 per layer at sigma_w^2 = 1/3 (the default of torch.nn.Linear), .7071 at 1 (Glorot),
1 at 2 (He), 1.2247 at 3. Deep networks below 2 do not train, as ||delta_1|| ~ (sigma_w^2 / 2)^(L / 2), and stay at
chance. The factor is one log-ratio per seed, 640 layers in all; its bias at width 256 is below 0.6 % and its standard
error below 0.3 %, so that EQ(0.02) fails a correct network with p < 1e-3.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, claim, equivalent, sign
from bench.studies import bugs, lines
from bench.theory import meanfield

FLAT = "delta is flat at sigma_w^2 = 2 alone"
UNDAMPED = Claim(
    "undamped",
    "the derivative of ReLU is 0 or 1, so gradients pass undamped and do not vanish",
    "S0, S3",
    "CONDITIONAL",
)
EXPLODES = Claim("explodes", "the product of the transposed weights can explode under ReLU", "S1")

VARIANCES = {"full": (1 / 3, 1.0, 2.0, 2.5, 3.0), "quick": (1 / 3, 2.0, 3.0), "cell": (1 / 3, 3.0)}  # sigma_w^2
DEPTHS = {"full": (10, 20, 40), "quick": (10,), "cell": (6,)}
TRAINED = {"full": (4, 10, 20), "quick": (10,), "cell": ()}
RATES = {"full": [0.03, 0.1], "quick": [0.1], "cell": [0.1]}
TOLERANCE = 0.02
CHANCE = 0.1


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "activation": "relu", "init": "lecun", "constant_columns": "keep", "normalize_rows": 1.0}
    look = {"split": "16/0", "steps": 0, "checkpoints": "end", "probes": "layer_gradients"}
    gains = {"init.gain": [float(np.sqrt(variance)) for variance in VARIANCES[profile]]}
    found = [
        Grid({**net, **look, **gains, "width": 256, "depth": depth, "seed": list(range(640 // depth))})
        for depth in DEPTHS[profile]
    ]
    train = {"split": "1400/397", "steps": 300, "batch_size": 64, "checkpoints": "end", "probes": "off"}
    rates = {
        "learning_rate": RATES[profile],
        "init.gain": [float(np.sqrt(1 / 3)), float(np.sqrt(2))],
        "seed": list(range(8)),
    }
    found += [Grid({**net, **train, **rates, "width": 64, "depth": depth}) for depth in TRAINED[profile]]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    factors = list(_factors(evidence))
    found = [*factors, *_accuracies(evidence)]
    passes = [(f.low or 0) >= 1 - TOLERANCE for f in factors]
    grows = [(f.low or 0) > 1 + TOLERANCE for f in factors]
    undamped = "SUPPORTED" if all(passes) else "CONDITIONAL" if any(passes) else "REFUTED"
    explodes = "SUPPORTED" if any(grows) else "REFUTED"
    rule = f"factor of ||delta||^2 per layer at least {1 - TOLERANCE:g}"
    return [
        *found,
        claim(UNDAMPED, undamped, sum(passes) / len(passes), 1.0, rule, region="sigma_w^2 >= 2; below, delta vanishes"),
        claim(EXPLODES, explodes, max(f.measured or 0 for f in factors), rule=f"a factor above {1 + TOLERANCE:g}"),
    ]


def _factors(evidence: Evidence) -> Iterator[Finding]:
    """The mean factor per layer, from the first pre-activation to the output."""
    samples = defaultdict(list)
    for run, _, norms in evidence.layer("delta_norm"):
        samples[run.depth, run["init.gain"] ** 2].append((norms[0, 0] / norms[0, -1]) ** (2 / run.depth))
    for (depth, variance), ratios in samples.items():
        theory = meanfield.chi(meanfield.ACTIVATIONS["relu"], 1.0, variance)
        label = f"L = {depth}, sigma_w^2 = {variance:.4g}: factor per layer of ||delta||^2"
        yield equivalent(label, ratios, theory, TOLERANCE)


def _accuracies(evidence: Evidence) -> Iterator[Finding]:
    """Deep networks with PyTorch's default stay at chance at any rate, with He's they train at the best one."""
    accuracy: dict[int, dict[float, dict[int, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for run, steps, values in evidence.curve("test_accuracy") if "test_accuracy" in evidence.curves else ():
        if steps[-1] > 0:
            best = accuracy[run.depth][round(run["init.gain"] ** 2, 6)]
            best[run.seed] = max(best[run.seed], float(values[-1]))
    for depth, own in accuracy.items():
        low, he = (np.asarray(list(own[variance].values())) for variance in sorted(own))
        if depth >= 10:
            hits = round(float(np.median(low)) * 397)
            yield binomial(f"L = {depth}, sigma_w^2 = 1/3: test accuracy of the median run", hits, 397, CHANCE)
            yield sign(f"L = {depth}: He's test accuracy is higher by .3", he - low - 0.3)
        else:
            yield sign(f"L = {depth}, sigma_w^2 = 1/3: test accuracy above .5", low - 0.5)


STUDY = Study(
    id="E06",
    name="relu_vanish_explode",
    title="Does ReLU keep gradients from vanishing?",
    claims=(UNDAMPED, EXPLODES),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("backpropagation drops phi'", bugs.replace("activations", "relu", bugs.without_derivative)),
        Mutant("the init carries He's factor 2 already", bugs.replace("inits", "lecun", bugs.scaled_init(2**0.5))),
    ),
    figures=(Figure(FLAT, "layers", "layer", "delta_norm", "init.gain", "depth", "y", {}, lines.DELTA),),
)
