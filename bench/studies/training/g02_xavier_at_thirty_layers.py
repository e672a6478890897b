"""G02: rectified networks of 22 layers train with Xavier's initialisation, those of 30 layers with He's alone.

Theory: with sigma_w^2 = 1 (Xavier) instead of 2 (He) every rectified layer halves ||delta||^2 (He et al. 2015, eq. 14
and section 2.2), so that the gradient of the first layer is 2^(-L / 2) of He's: 4.9e-4 at 22 layers, 3.1e-5 at 30. A
network trains within T steps where that product of variances is above 1 / T^2: with T = 4000 at 22 layers
(2^-22 > 2^-23.9), and not at 30. He et al. 2015 saw just that in convolutional networks (Figs. 2 and 3). The factor per
layer is the mean over 64 seeds, more layers than E06 needs for EQ(0.02).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, sign
from bench.studies import bugs

THIRTY = Claim(
    "thirty", "22 rectified layers converge with Xavier's initialisation or He's, 30 with He's alone", "He et al. 2015"
)

XAVIER, HE = 1.0, 2.0  # sigma_w^2
RATE, TRAINED = 0.02, 0.5
SEEDS = list(range(8, 16))  # those before chose the rate
STEPS = {"full": 4000, "quick": 800, "cell": 0}
DEPTHS = {"full": (22, 30), "quick": (30,), "cell": (8,)}
TRAINED_DEPTHS = {"full": (22, 30), "quick": (30,), "cell": ()}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "activation": "relu", "init": "lecun", "constant_columns": "keep", "normalize_rows": 1.0}
    gains = {"init.gain": [float(np.sqrt(XAVIER)), float(np.sqrt(HE))]}
    look = {"split": "16/0", "steps": 0, "checkpoints": "end", "probes": "layer_gradients", "width": 256}
    run = {"steps": STEPS[profile], "batch_size": 16, "checkpoints": 100, "learning_rate": RATE, "seed": SEEDS}
    train = {"split": "1400/397", "probes": "off", "width": 64, **run}
    found = [Grid({**net, **gains, **look, "depth": depth, "seed": list(range(64))}) for depth in DEPTHS[profile]]
    return found + [Grid({**net, **gains, **train, "depth": depth}) for depth in TRAINED_DEPTHS[profile]]


def judge(evidence: Evidence) -> Sequence[Finding]:
    trained = list(_trained(evidence))
    held = sum(finding.impl == "PASS" for finding in trained)
    verdict = "SUPPORTED" if held == len(trained) else "CONDITIONAL" if held else "REFUTED"
    rule = "share of the findings on training that hold"
    return [*_factors(evidence), *trained, claim(THIRTY, verdict, held / max(len(trained), 1), 1.0, rule)]


def _factors(evidence: Evidence) -> Iterator[Finding]:
    """The mean factor of ||delta||^2 per layer, from the first pre-activation to the output."""
    samples = defaultdict(list)
    for run, _, norms in evidence.layer("delta_norm"):
        samples[run.depth, run["init.gain"] ** 2].append((norms[0, 0] / norms[0, -1]) ** (2 / run.depth))
    for (depth, variance), factors in samples.items():
        name = f"L = {depth}, sigma_w^2 = {variance:.3g}: factor per layer of ||delta||^2"
        yield equivalent(name, factors, variance / 2, 0.02)


def _trained(evidence: Evidence) -> Iterator[Finding]:
    """Which networks train, by their median over seeds, and after how many steps."""
    ends: dict[tuple[int, float], list[float]] = defaultdict(list)
    reached: dict[tuple[int, float], list[float]] = defaultdict(list)
    length = 0
    for run, steps, values in evidence.curve("test_accuracy") if "test_accuracy" in evidence.curves else ():
        if not steps[-1]:
            continue  # a network that was only looked at
        cell, there = (run.depth, round(run["init.gain"] ** 2)), np.flatnonzero(values > TRAINED)
        ends[cell].append(float(values[-1]))
        reached[cell].append(float(steps[there[0]]) if len(there) else np.inf)
        length = int(steps[-1])
    for depth in sorted({depth for depth, _ in ends}):
        he, xavier = (float(np.median(ends[depth, variance])) for variance in (HE, XAVIER))
        name, many = f"L = {depth}, {length} steps", len(ends[depth, HE])
        yield bound(f"{name}: {TRAINED} / He's median test accuracy", TRAINED / he, 1, tight=None, seeds=many)
        if 2.0**-depth > length**-2.0:
            yield bound(
                f"{name}: {TRAINED} / Xavier's median test accuracy", TRAINED / xavier, 1, tight=None, seeds=many
            )
            sooner = np.subtract(reached[depth, XAVIER], reached[depth, HE])
            yield sign(f"{name}: He's reaches {TRAINED} in fewer steps", sooner)
        else:
            yield bound(
                f"{name}: Xavier's median test accuracy / {TRAINED}", xavier / TRAINED, 1, tight=None, seeds=many
            )


STUDY = Study(
    id="G02",
    name="xavier_at_thirty_layers",
    title="Does Xavier's initialisation stall thirty rectified layers?",
    claims=(THIRTY,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("backpropagation drops phi'", bugs.replace("activations", "relu", bugs.without_derivative)),
        Mutant("the init carries He's factor 2 already", bugs.replace("inits", "lecun", bugs.scaled_init(2**0.5))),
    ),
    figures=(Figure("thirty layers wait", "curves", "step", "test_accuracy", "init.gain", "depth"),),
)
