"""F04: skips let deep networks train whose gradient would vanish, if the branches are scaled down with the depth.

Theory: h_l = h_{l-1} + a relu(z_l) with He's weights adds branches that are all positive, so that at a = 1 the mean
square of h grows by a factor that tends to 2.9041 per block (the recursion of mean and mean square, as in Hanin and
Rolnick 2018; Zhang, Dauphin and Ma 2019), and by exp(O(L^(1/2))) in all at a = L^(-1/2). Weight gradients near the top
are proportional to h, and those below are no larger: ln ||dJ/dtheta|| grows by ln(2.9041) / 2 = .533 per block, to 4e5
at 20 blocks, where no rate of 0.001 or more keeps the first steps finite. Slopes scatter by .04.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, sign
from bench.studies import bugs
from bench.theory import residual

SKIPS = Claim("skips", "residual connections reduce vanishing gradients", "S0", "CONDITIONAL")

BLOCKS = {"full": (10, 20, 40), "quick": (20,), "cell": ()}
LOOKED = {"full": (20, 40), "quick": (10, 20), "cell": (10, 20)}  # blocks at the start
FULL, SCALED, DEEP = 0.0, 0.5, 20  # a = L^-decay; blocks from which a = 1 fails
FAILS, TRAINED = 0.2, 0.8  # accuracies
STEM = np.pi**-0.5  # mean over root mean square behind the first layer, of rectifiers


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "1400/397", "constant_columns": "keep", "normalize_rows": 1.0, "checkpoints": "end", "width": 64}
    decays = {"residual.decay": [FULL, SCALED] if profile != "cell" else [FULL]}
    relu = {"model": "residual", "activation": "relu", "init": "he", **decays}
    look = {"split": "64/16", "steps": 0, "probes": "gradient_norm", "seed": list(range(128))}
    run = {"batch_size": 64, "steps": 300, "probes": "off", "seed": list(range(12))}
    found = [Grid({**rows, **relu, **look, "depth": 1 + blocks}) for blocks in LOOKED[profile]]
    small, large = ([0.001, 0.02], [0.1, 0.3]) if profile == "full" else ([0.02], [0.3])
    found += [Grid({**rows, **relu, **run, "learning_rate": small, "depth": 1 + n}) for n in BLOCKS[profile]]
    if profile != "cell":
        run |= {"activation": "sigmoid", "init": "lecun", "depth": 1 + DEEP, "learning_rate": large}
        found.append(Grid({**rows, **run, "model": "mlp"}))
        found.append(Grid({**rows, **run, "model": "residual", "residual.decay": [SCALED]}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, accuracy = [*_start(evidence)], _accuracies(evidence)
    if not accuracy:
        return found
    relu = {blocks: own for (name, blocks), own in accuracy.items() if name == "relu"}
    for blocks, own in sorted(relu.items()):
        scaled, full = (own["residual", decay].max(axis=0) for decay in (SCALED, FULL))
        label = f"ReLU, L = {blocks}"
        if blocks >= DEEP:
            found.append(sign(f"{label}: accuracy at a = L^(-1/2) less that at a = 1", scaled - full))
            found.append(bound(f"{label}, a = 1: accuracy at any rate, / {FAILS}", full, FAILS, tight=None, seeds=12))
        text = f"{label}, a = L^(-1/2): {TRAINED} / accuracy"
        found.append(bound(text, TRAINED / np.median(scaled), 1.0, tight=None, seeds=12))
    skipped, plain = (own.max(axis=0) for _, own in sorted(accuracy["sigmoid", DEEP].items(), reverse=True))
    found.append(sign(f"sigmoid, L = {DEEP}: accuracy with skips less that without", skipped - plain))
    rescued = np.median(plain) < FAILS and np.median(skipped) > TRAINED
    lost = [blocks for blocks, own in relu.items() if np.median(own["residual", FULL].max(axis=0)) < FAILS]
    verdict = "REFUTED" if not rescued else "CONDITIONAL" if lost else "SUPPORTED"
    rule, region = "sigmoid is rescued; share of depths at which a = 1 explodes", "a falls like L^(-1/2)"
    return [*found, claim(SKIPS, verdict, len(lost) / len(relu), 0.0, rule, region=region)]


def _start(evidence: Evidence) -> Iterator[Finding]:
    """Growth of ln ||dJ/dtheta|| per block between two depths, before the first step."""
    logs: dict[float, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run, _, norm in evidence.curve("gradient_norm"):
        if not run.steps:
            logs[run["residual.decay"]][run.depth - 1].append(np.log(norm[0]))
    for decay, own in logs.items():
        less, more = sorted(own)
        ends = [np.log(residual.rectified(n, n**-decay, 2.0, STEM, 64).signal[n]) / 2 for n in (less, more)]
        slopes = np.subtract(own[more], own[less]) / (more - less)
        name, theory = f"a = L^-{decay:g}, L from {less} to {more}", (ends[1] - ends[0]) / (more - less)
        yield equivalent(f"{name}: 1 + growth of ln ||dJ/dtheta|| per block", 1 + slopes, 1 + theory, 0.02)


def _accuracies(evidence: Evidence) -> dict[tuple[str, int], dict[tuple[str, Any], Any]]:
    """(activation, blocks) -> (model, decay) -> final test accuracies, (rates, seeds)."""
    found: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for run, _, accuracy in evidence.curve("test_accuracy"):
        if run.steps:
            decay = run["residual.decay"] if run.model == "residual" else None
            found[run.activation, run.depth - 1][run.model, decay][run.learning_rate].append(accuracy[-1])
    return {c: {k: np.array([*rates.values()]) for k, rates in own.items()} for c, own in found.items()}


def _every_other(architecture: Any) -> Any:
    """Every other block is its branch alone."""

    def make(shape: Any, options: Any, init: Any, activation: Any) -> Any:
        model = architecture.make(shape, options, init, activation)

        def inspect(groups: Any, x: Any, hyper: Any, shift: Any) -> Any:
            layers, h = model.ungroup(groups), x
            for index, layer in enumerate(layers):
                z = h @ layer["weight"] + layer["bias"][None, :]
                h = (index % 2) * h + activation.apply(z, {}) if index < len(layers) - 1 else z
            return h, model.inspect(groups, x, hyper, shift)[1]

        return model._replace(inspect=inspect)

    return architecture._replace(make=make)


STUDY = Study(
    id="F04",
    name="residual_training",
    title="Do skips let deep networks train?",
    claims=(SKIPS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("every other block has no skip", bugs.replace("models", "residual", _every_other)),),
    figures=(Figure("accuracy", "runs", "learning_rate", "final_test_accuracy", "residual.decay", "depth", "x"),),
)
