"""C06: with sigmoid outputs, does the cross-entropy certainly train better than the squared error?

Theory: where an output's bias is b, the first gradient of the squared error is sigma'(b) times that of the
cross-entropy: 0.25, 0.105, 0.0177 and 0.000335 at b = 0, 2, 4 and 8 (Nielsen 2015, chapter 3). A learning rate tuned
for each loss makes up for 0.25 but not for 0.000335, so that the start decides (compare Hui and Belkin 2021).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Parts, Profile, Study
from bench.stats import claim, equivalent, exact, sign
from bench.studies import losses_figures

CERTAIN = Claim("certain", "with sigmoid outputs the cross-entropy is certainly better", "S3", "CONDITIONAL")
REGION = "outputs that start saturated; from bias 0 the squared error is as accurate at its own learning rate"

SQUARED, ENTROPY = "half_sigmoid_squared_error", "binary_cross_entropy"
BIASES = (0.0, 2.0, -2.0, 4.0, -4.0, 8.0)
TRAINED = {"full": (0.0, 4.0, 8.0), "quick": (0.0, 8.0)}
RATES = {"full": [0.1, 0.3, 1.0, 3.0, 10.0], "quick": [1.0, 3.0]}
SEEDS, STEPS = 12, 400
CHECKPOINTS = (5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, STEPS)

TRAINS = "Test accuracy after training, for each bias of the outputs at the start"


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"data": "digits", "split": "1400/397", "model": "mlp", "depth": 1, "width": 64, "loss": [SQUARED, ENTROPY]}
    first = {"init": "zeros", "steps": 0, "dtype": "float64", "probes": [("outputs", "output_gradient")]}
    found = [Grid({**net, **first, "init.output_bias": list(BIASES), "probe_rows": 16})]
    if profile == "cell":
        return found
    train = {"batch_size": 64, "steps": STEPS, "checkpoints": [CHECKPOINTS], "probes": "off"}
    axes = {"init.output_bias": list(TRAINED[profile]), "learning_rate": RATES[profile], "seed": list(range(SEEDS))}
    return [*found, Grid({**net, **train, **axes})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    factors, accuracy, steps = [*_factors(evidence)], *_tuned(evidence)
    if not accuracy:
        return factors
    tie = equivalent("bias 0: 1 + accuracy, cross-entropy - squared error", 1 + _lead(accuracy, 0.0), 1, 0.01)
    late = sign("bias 8: steps to 90 %, squared error - cross-entropy", -_lead(steps, 8.0), least=SEEDS)
    better = sign("bias 0: accuracy, cross-entropy - squared error", _lead(accuracy, 0.0))
    verdict = "REFUTED" if late.impl == "FAIL" else "SUPPORTED" if better.impl == "PASS" else "CONDITIONAL"
    rule = "share of seeds in which the cross-entropy is more accurate from bias 0"
    return [*factors, tie, late, claim(CERTAIN, verdict, better.measured, 1.0, rule, REGION)]


def _factors(evidence: Evidence) -> Iterator[Finding]:
    """From zero weights every output is its bias, so that the two gradients differ by sigma' of it alone."""
    deltas = {(run.loss, run["init.output_bias"]): d[0] for run, _, d in evidence.vector("output_delta")}
    for b in BIASES:
        want = expit(b) * expit(-b)
        yield exact(
            f"bias {b:g}: first gradient, squared error / cross-entropy",
            deltas[SQUARED, b] / deltas[ENTROPY, b],
            want,
            1e-10,
        )


def _tuned(evidence: Evidence) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """(loss, bias) -> per seed the final test accuracy, and the steps to 90 %, each at its own best learning rate."""
    cells: dict[Any, Any] = defaultdict(lambda: defaultdict(list))
    for run, steps, accuracy in evidence.curve("test_accuracy"):
        if steps[-1] == STEPS:
            reached = steps[accuracy >= 0.9]
            ends = (accuracy[-1], float(reached[0]) if len(reached) else 2.0 * STEPS)
            cells[run.loss, run["init.output_bias"]][run.learning_rate].append(ends)
    best = {cell: max(rates.values(), key=lambda ends: np.mean(ends, axis=0)[0]) for cell, rates in cells.items()}
    fast = {cell: min(rates.values(), key=lambda ends: np.mean(ends, axis=0)[1]) for cell, rates in cells.items()}
    return {cell: np.array(e)[:, 0] for cell, e in best.items()}, {cell: np.array(e)[:, 1] for cell, e in fast.items()}


def _lead(quantity: dict[Any, Any], bias: float) -> Any:
    return quantity[ENTROPY, bias] - quantity[SQUARED, bias]


def _not_halved(parts: Parts) -> Parts:
    return parts.replaced("losses", SQUARED, lambda _: parts.losses["sigmoid_squared_error"])


STUDY = Study(
    id="C06",
    name="ce_vs_mse_training",
    title="With sigmoid outputs, does the cross-entropy certainly train better than the squared error?",
    claims=(CERTAIN,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the squared error lacks its factor 1/2", _not_halved),),
    figures=(
        losses_figures.first_gradients(SQUARED, ENTROPY),
        Figure(TRAINS, "curves", "learning_rate", "test_accuracy", "loss", "init.output_bias", "x", {"step": STEPS}),
    ),
)
