"""C05: does the squared error make a sigmoid neuron learn slowly where it is badly wrong, and the cross-entropy not?

Theory: dC/dz is (a - y) sigma'(z) for the squared error and a - y for the cross-entropy; for input 1 and target 0 both
paths and their gradient flows are known. Nielsen 2015, chapter 3 publishes the squared error at learning rate 0.15:
an output of 0.82 falls to 0.09 in 300 epochs, one of 0.98 to 0.20.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Parts, Profile, Study
from bench.stats import claim, exact, sign, worst
from bench.studies.lines import NEURON
from bench.theory import neuron

SLOW = Claim("squared-slow", "with a sigmoid output the squared error learns slowly where it is badly wrong", "S0, S3")
FAST = Claim("entropy-fast", "the cross-entropy has no factor sigma' and learns fast where it is badly wrong", "S0, S3")

SQUARED, ENTROPY = "half_sigmoid_squared_error", "binary_cross_entropy"
RATE, EPOCHS = 0.15, 300
FLOW_RATE, FLOW_STEPS = 0.015, 3000  # the same time in smaller steps, close to gradient flow
PUBLISHED = {(0.6, 0.9): (0.82, 0.09), (2.0, 2.0): (0.98, 0.20)}  # (weight, bias) -> first and last output
OTHERS = [(-1, 0), (0, 0), (0.5, 0), (1, 0), (1, 1), (1.5, 1), (2, 1), (2.5, 2), (3, 2), (3, 3)]
STARTS = [*PUBLISHED, *((float(weight), float(bias)) for weight, bias in OTHERS)]
SHOWN = {"learning_rate": RATE, "start.bias": [0.9, 2.0], "step": range(EPOCHS + 1)}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    look = {"loss": [SQUARED, ENTROPY], "probes": [("outputs", "output_gradient")], "dtype": "float64"}
    starts = {"start.weight": [weight for weight, _ in STARTS], "start.bias": [bias for _, bias in STARTS]}
    run = {"learning_rate": [RATE, FLOW_RATE], "steps": FLOW_STEPS, "checkpoints": [tuple(range(EPOCHS + 1))]}
    one = {"data": "neuron", "scaling": "raw", "model": "logistic"}
    found = [Grid({**one, **look, **starts, **run}, zipped=[("start.weight", "start.bias")])]
    if profile == "full":
        layer = {"data": "digits", "model": "logistic", "init": "normal", "init.gain": 0.3, "steps": 0}
        found.append(Grid({**layer, **look, "seed": list(range(4))}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = {_key(run): z[:, 0] for run, _, z in evidence.vector("output") if run.data == "neuron"}
    deltas = {_key(run): d[:, 0] for run, _, d in evidence.vector("output_delta") if run.data == "neuron"}
    outputs = {key: expit(z) for key, z in paths.items()}
    slopes = [*_slopes(paths, deltas), *_layer(evidence)]
    ends = [*_paths(outputs), *_published(outputs)]
    lead = [outputs[SQUARED, RATE, start][EPOCHS] - outputs[ENTROPY, RATE, start][EPOCHS] for start in STARTS]
    wins = sign("cross-entropy ends closer to the target than the squared error, by start", lead)
    near, far = PUBLISHED
    ratios = {loss: deltas[loss, RATE, far][0] / deltas[loss, RATE, near][0] for loss in (SQUARED, ENTROPY)}
    rule = "first gradient at output 0.98 / at 0.82"
    slow = worst([*slopes, *ends]) == "PASS" and ratios[SQUARED] < 1
    fast = worst([*slopes, wins]) == "PASS" and ratios[ENTROPY] > 1
    return [
        *slopes,
        *ends,
        wins,
        claim(SLOW, "SUPPORTED" if slow else "REFUTED", ratios[SQUARED], 1.0, f"{rule} < 1"),
        claim(FAST, "SUPPORTED" if fast else "REFUTED", ratios[ENTROPY], 1.0, f"{rule} > 1"),
    ]


def _key(run: Any) -> Any:
    return run.loss, run.learning_rate, (run["start.weight"], run["start.bias"])


def _slopes(paths: dict[Any, Any], deltas: dict[Any, Any]) -> Iterator[Finding]:
    """dC/dz along all paths, and what the squared error loses to the cross-entropy at the start."""
    for loss in (SQUARED, ENTROPY):
        own = [key for key in paths if key[0] == loss]
        want = [neuron.delta(paths[key], loss == SQUARED) for key in own]
        yield exact(f"{loss}: dC/dz along the path", [deltas[key] for key in own], want, 1e-10)
    got = [deltas[SQUARED, RATE, start][0] / deltas[ENTROPY, RATE, start][0] for start in STARTS]
    a = expit(np.sum(STARTS, axis=1))
    yield exact("first gradient, squared error / cross-entropy, is sigma'(z)", got, a * (1 - a), 1e-10)


def _layer(evidence: Evidence) -> Iterator[Finding]:
    """The same on ten outputs and real rows."""
    outputs = {(run.loss, run.seed): z[0] for run, _, z in evidence.vector("output") if run.data == "digits"}
    for run, _, found in evidence.vector("output_delta"):
        if run.data == "digits":
            z, y = outputs[run.loss, run.seed].reshape(-1, 10), evidence.table(run).y
            want = neuron.delta(z, run.loss == SQUARED, np.eye(10)[y[: len(z)]]).ravel()
            yield exact(f"digits, {run.loss}, seed {run.seed}: dC/dz", found[0], want, 1e-10, np.abs(want).max())


def _paths(outputs: dict[Any, Any]) -> Iterator[Finding]:
    for loss in (SQUARED, ENTROPY):
        want = [neuron.path(sum(start), RATE, EPOCHS, loss == SQUARED) for start in STARTS]
        got = [outputs[loss, RATE, start][: EPOCHS + 1] for start in STARTS]
        yield exact(f"{loss}: output after every epoch", got, want, 1e-10)
        flow = [neuron.flow(sum(start), FLOW_RATE * FLOW_STEPS, loss == SQUARED) for start in STARTS]
        yield exact(f"{loss}: output of gradient flow", [outputs[loss, FLOW_RATE, s][-1] for s in STARTS], flow, 0.01)


def _published(outputs: dict[Any, Any]) -> Iterator[Finding]:
    for start, figures in PUBLISHED.items():
        label = f"published outputs from weight {start[0]:g}, bias {start[1]:g}, to two digits"
        got = outputs[SQUARED, RATE, start][[0, EPOCHS]]
        yield exact(label, got, figures, 0.005, 1, source="Nielsen 2015, chapter 3")


def _entropy_instead(parts: Parts) -> Parts:
    return parts.replaced("losses", SQUARED, lambda _: parts.losses[ENTROPY])


STUDY = Study(
    id="C05",
    name="sigma_prime_factor",
    title="Does the squared error slow a sigmoid neuron down where the cross-entropy does not?",
    claims=(SLOW, FAST),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the squared error's gradient lacks sigma'", _entropy_instead),),
    figures=(Figure("The cost per epoch", "curves", "step", "train_loss", "start.weight", "loss", "x", SHOWN, NEURON),),
)
