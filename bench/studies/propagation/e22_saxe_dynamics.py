"""E22: from small weights a network of two linear layers waits on a plateau and then learns fast, strong modes first.

Theory: with X^T X / m = I and X^T Y / m = diag(s), each mode of a network that starts balanced (both weights
sqrt(u_0) I) follows du/dt = 2 u (s - u), t = steps times learning rate, and is half learned at ln((s - u_0) / u_0) /
(2 s) (Saxe, McClelland and Ganguli 2014, eq. 8 and 9; gradient descent at learning rates of at most .004 is later by
eta s / 2, 0.6 %). One layer alone follows s (1 - e^-t), half learned at ln 2 and nowhere on a plateau. The flow
conserves W_1^T W_1 - W_2 W_2^T; a step multiplies its j-th entry by 1 - eta^2 (s_j - u_j)^2, which leaves 0 at 0 and
makes another start drift by an amount of order eta by a fixed time.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact
from bench.studies import bugs
from bench.theory import deep_linear

PLATEAU = Claim("plateau", "the loss of a deep network stays on a plateau and then drops fast", "S1, S3")
SLOW = Claim("slow", "deep networks train slowly", "S1, S3")

STRENGTHS = (3.0, 1.5, 0.7)
RATES = {"full": (1e-3, 2e-3, 4e-3), "quick": (2e-3, 4e-3), "cell": (4e-3,)}
STARTS = {"full": [1e-2, 1e-3, 1e-4], "quick": [1e-3], "cell": [1e-3]}  # u_0
TIME, LOOKS = 8.0, 400  # the slowest mode is half learned by 6.4
RATIO = 10.0  # of the layers' weights, at the unbalanced start
AT_HALF = 1 - 0.5**0.5  # what one layer has learned at half of its time to s / 2


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"data": "modes", "scaling": "raw", "dtype": "float64", "probes": [("outputs", "parameters")]}
    net = {"model": "mlp", "activation": "identity", "bias": False, "width": len(STRENGTHS), "init": "identity"}
    balanced, found = [float(np.sqrt(start)) for start in STARTS[profile]], []
    for rate in RATES[profile]:
        steps = round(TIME / rate)
        run = {**rows, **net, "learning_rate": rate, "steps": steps, "checkpoints": steps // LOOKS}
        found.append(Grid({**run, "depth": 1, "init.gain": balanced, "init.output_gain": 1.0}))
        if profile != "cell":
            found.append(Grid({**run, "depth": 0, "init.gain": 0.0}))
            unbalanced = {"init.gain": 0.1, "init.output_gain": RATIO}
            found.append(Grid({**run, **unbalanced, "depth": 1, "checkpoints": "end"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, halves, waits = [], defaultdict(list), []
    for run, steps, outputs in evidence.vector("output"):
        if run["init.output_gain"] == RATIO:
            continue
        time, modes = steps * run.learning_rate, outputs.reshape(len(steps), 3, 3) / np.sqrt(3)
        start, layers = run["init.gain"] ** 2, ("one layer", "two layers")
        for index, strength in enumerate(STRENGTHS):
            u = modes[:, index, index]
            half = float(np.interp(strength / 2, u, time))
            theory = deep_linear.half_time(strength, start) if run.depth else float(np.log(2))
            label = f"{layers[run.depth]}, s = {strength:g}, u_0 = {start:g}, eta = {run.learning_rate:g}:"
            found.append(exact(f"{label} time to s / 2", half, theory, 0.01))
            halves[run.depth, strength].append(half)
            if run.depth:
                waits.append(float(np.interp(half / 2, time, u)) / strength)
    later = [min(halves[1, s]) > max(halves[0, s]) for s in STRENGTHS if (0, s) in halves]
    return [
        *found,
        *_conserved(evidence),
        claim(PLATEAU, "SUPPORTED" if max(waits) < AT_HALF else "REFUTED", max(waits), AT_HALF, "learned at half-way"),
        claim(SLOW, "SUPPORTED" if all(later) else "REFUTED", rule="every mode later at s / 2 than with one layer"),
    ]


def _conserved(evidence: Evidence) -> Iterator[Finding]:
    """W_1^T W_1 - W_2 W_2^T: nothing from a balanced start; from another one its drift goes like the learning rate."""
    balanced, rates, drifts = [], [], []
    for run, _, weights in evidence.vector("parameter"):
        if run.depth == 0:
            continue
        layers = weights.reshape(-1, 2, 3, 3)
        kept = np.swapaxes(layers[:, 0], 1, 2) @ layers[:, 0] - layers[:, 1] @ np.swapaxes(layers[:, 1], 1, 2)
        if run["init.output_gain"] == RATIO:
            rates.append(run.learning_rate)
            drifts.append(float(np.max(np.abs(kept[-1] - kept[0]))))
        else:
            balanced.append(float(np.max(np.abs(kept))))
    yield exact("balanced: W_1^T W_1 - W_2 W_2^T", balanced, 0, 1e-13, scale=max(STRENGTHS))
    if len(rates) > 1:
        order = float(np.polyfit(np.log(rates), np.log(drifts), 1)[0])
        yield exact(f"not balanced: order in eta of its drift by t = {TIME:g}", order, 1, 0.1)


def _unbalanced(architecture: Any) -> Any:
    """A network whose first layer starts at a tenth and whose second at ten times its weights, with one product."""

    def make(*given: Any) -> Any:
        model = architecture.make(*given)

        def init(draw: Any, hyper: Any) -> Any:
            first, *rest = model.init(draw, hyper)
            return [{"weight": first["weight"] / RATIO}, *({"weight": layer["weight"] * RATIO} for layer in rest)]

        return model._replace(init=init)

    return architecture._replace(make=make)


STUDY = Study(
    id="E22",
    name="saxe_dynamics",
    title="Why does the loss of a deep network wait, and then drop?",
    claims=(PLATEAU, SLOW),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("the start is not balanced", bugs.replace("models", "mlp", _unbalanced)),),
    figures=(Figure("plateaus and drops", "curves", "step", "train_loss", "init.gain", "learning_rate"),),
)
