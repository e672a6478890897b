"""H01: gradients by automatic differentiation agree with finite differences and with backpropagation by hand.

Theory: along a direction v, (J(theta + h v) - J(theta)) / h errs by h |J''| / 2 and (J(theta + h v) - J(theta - h v)) /
(2 h) by h^2 |J'''| / 6, until rounding, of size epsilon |J| / h, takes over: slopes 1 and 2 in log h, and a relative
error below 1e-7 near the best step epsilon^(1/3) = 6e-6 (Nocedal and Wright 2006, section 8.1). The median over seeds
is judged: a seed in which a step crosses the kink of a ReLU, or whose J'' or J''' vanishes along v, does not count.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact, worst
from bench.studies import bugs
from bench.theory import backprop, meanfield

ERRORS = {"quantity": ["forward_difference_error", "central_difference_error"]}  # shown
CHECKED = Claim("checked", "analytic gradients can be checked by finite differences", "S2")
AVERAGED = Claim("averaged", "backpropagation averages over the rows in the gradients of the parameters", "S0")

AFFINE = ({"model": "linear", "data": "diabetes"}, {"model": "logistic", "data": "breast_cancer"}, {"model": "softmax"})
NETWORKS = {"full": tuple(meanfield.ACTIVATIONS), "quick": ("tanh", "relu"), "cell": ("tanh",)}
STEPS = 10.0 ** -np.arange(1, 11)  # h of the probe
"""Decades of h over which the truncation error rules: at 1e-3 to 1e-5 forward, at 1e-2 to 1e-3 central."""
FORWARD, CENTRAL, BEST = slice(2, 5), slice(1, 3), 4
EXACT_CUBIC = ("linear",)  # J is quadratic: the central difference has no truncation error


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "16/0", "dtype": "float64", "probe_rows": "all"}
    look = {"steps": 0, "checkpoints": "end", "probes": [("gradient_check", "parameters", "gradient")]}
    seeds = {"seed": list(range(16)), "init.bias": 0.5}
    affine = AFFINE[1:2] if profile == "cell" else AFFINE
    found = [Grid({**one, **rows, **look, **seeds, "init": "normal", "init.gain": 0.3}) for one in affine]
    net = {"model": "mlp", "activation": list(NETWORKS[profile]), "depth": 2, "width": 4, "init": "lecun"}
    return [*found, Grid({**net, **rows, **look, **seeds, "init.gain": 1.5})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    by_hand, differences = list(_by_hand(evidence)), list(_differences(evidence))
    return [
        *differences,
        *by_hand,
        claim(CHECKED, "SUPPORTED" if worst(differences) == "PASS" else "REFUTED", rule="slopes 1 and 2"),
        claim(
            AVERAGED, "SUPPORTED" if worst(by_hand) == "PASS" else "REFUTED", rule="equal to backpropagation by hand"
        ),
    ]


def _differences(evidence: Evidence) -> Iterator[Finding]:
    """Slopes of the two truncation errors, and the error at the best step."""
    errors: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for kind in ("forward", "central"):
        for run, _, error in evidence.vector(f"{kind}_difference_error"):
            errors[_name(run)][kind].append(error[0])
    for name, own in errors.items():
        forward, central = np.asarray(own["forward"]), np.asarray(own["central"])
        yield exact(f"{name}: slope of the forward difference's error", _slope(forward, FORWARD), 1, 0.05, seeds=16)
        if name not in EXACT_CUBIC:
            yield exact(
                f"{name}: slope of the central difference's error", _slope(central, CENTRAL), 2, 0.025, seeds=16
            )
        label = f"{name}: relative error of the central difference at h = 1e-5"
        yield bound(label, np.median(central[:, BEST]), 1e-7, tight=None, seeds=16)


def _slope(errors: Any, window: slice) -> float:
    """Median over seeds of the slope of log error over log h, errors (seeds, steps)."""
    logs = np.log10(np.maximum(errors[:, window], 1e-300))
    return float(np.median(np.polyfit(np.log10(STEPS[window]), logs.T, 1)[0]))


def _by_hand(evidence: Evidence) -> Iterator[Finding]:
    """The gradient of every parameter against backpropagation written out, relative to the largest entry."""
    gradients = {run.run: gradient[0] for run, _, gradient in evidence.vector("gradient")}
    worst_of: dict[str, float] = defaultdict(float)
    for run, _, theta in evidence.vector("parameter"):
        table = evidence.table(run)
        hidden = [int(run.width)] * int(run.depth) if run.model == "mlp" else []
        outputs = table.classes if table.classes > 2 else 1
        sizes = (table.x.shape[1], *hidden, outputs)
        if run.activation == "prelu":
            continue  # its slope is a parameter, which these equations do not have
        phi = meanfield.ACTIVATIONS[run.activation if hidden else "identity"]
        right = backprop.flat(backprop.gradient(backprop.split(theta[0], sizes), table.x, table.y, phi, run.loss)[1])
        error = float(np.max(np.abs(gradients[run.run] - right)) / np.max(np.abs(right)))
        worst_of[_name(run)] = max(worst_of[_name(run)], error)
    for name, error in worst_of.items():
        yield exact(f"{name}: gradient by hand", 1 + error, 1, 1e-10, seeds=16)


def _name(run: Any) -> str:
    return f"{run.activation} network" if run.model == "mlp" else run.model


STUDY = Study(
    id="H01",
    name="gradient_check",
    title="Are the gradients right?",
    claims=(CHECKED, AVERAGED),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("backpropagation drops phi'", bugs.replace("activations", "tanh", bugs.without_derivative)),
        Mutant(
            "the loss is summed, not averaged, over the rows",
            bugs.replace("losses", "binary_cross_entropy", bugs.summed),
        ),
    ),
    figures=(
        Figure("the error falls like h, and like h^2", "values", "index", "value", "quantity", "model", "y", ERRORS),
    ),
)
