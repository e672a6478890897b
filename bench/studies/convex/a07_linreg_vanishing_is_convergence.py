"""A07: does the gradient of linear regression vanish, or has it converged?

Theory: 2 mu (J - J*) <= ||g||^2 <= 2 L (J - J*) for least squares (Polyak-Lojasiewicz and smoothness; Karimi et al.
2016, section 2): a small gradient means a small loss, relative to mu. The first steps remove the modes with
eta lambda near 1, then ||g|| falls like the slowest mode. In a deep sigmoid network the gradient of the first layer is
tiny while the loss stays near ln 10, so that no constant mu above 1e-6 can hold.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, worst
from bench.studies import bugs, lines
from bench.theory import quadratics

FALLS, ONLY = "||g|| falls with J", {"model": "linear"}
VANISHES = Claim("vanishes", "the gradient of linear regression vanishes after the first epoch", "S0", "CONDITIONAL")

SPEEDS = {"full": (1.0, 0.1), "quick": (1.0, 0.1), "cell": (1.0,)}  # eta L
SCALINGS = {"full": ("standard", "raw"), "quick": ("standard",), "cell": ("standard",)}
EPOCHS = 200
PL_CONSTANT = 1e-6


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    record = {"checkpoints": 1, "dtype": "float64", "probe_rows": "all", "probes": "gradient_norm"}
    found = []
    for scaling in SCALINGS[profile]:
        _, largest = quadratics.extremes(data("diabetes", scaling=scaling).x)
        axes = {"data": "diabetes", "scaling": scaling, "model": "linear", "steps": EPOCHS}
        found.append(Grid({**axes, **record, "learning_rate": [speed / largest for speed in SPEEDS[profile]]}))
    found += _along_modes(data)
    if profile != "cell":
        net = {"data": "digits", "model": "mlp", "depth": 8, "width": 32, "activation": "sigmoid", "init": "lecun"}
        run = {"steps": 10, "checkpoints": "end", "batch_size": 64, "probes": "layer_gradients"}
        found.append(Grid({**net, **run, "seed": list(range(4))}))
    return found


def _along_modes(data: Lookup) -> list[Grid]:
    """Bowls with the extreme curvatures of standardised diabetes, started along either axis: there the bounds hold."""
    mu, largest = quadratics.extremes(data("diabetes").x)
    bowl = {"model": "quadratic", "surface.xx": mu, "surface.yy": largest, "learning_rate": 0.1 / largest}
    starts = {"start.x": [1.0, 0.0], "start.y": [0.0, 1.0]}
    record = {"steps": EPOCHS, "checkpoints": 1, "dtype": "float64", "probes": "gradient_norm"}
    return [Grid({**bowl, **starts, **record}, zipped=[("start.x", "start.y")])]


def judge(evidence: Evidence) -> Sequence[Finding]:
    losses = {run.run: loss for run, _, loss in evidence.curve("train_loss")}
    runs = [(run, norm, losses[run.run]) for run, _, norm in evidence.curve("gradient_norm")]
    found = list(_sandwich(evidence, [run for run in runs if run[0].model != "mlp"]))
    fall = [norm[10] / norm[0] for run, norm, _ in runs if run.model == "linear" and run.scaling == "standard"]
    deep = list(_deep(evidence))
    # The gradient does become small, but then J is small too: convergence, unlike in the deep network.
    small = "CONDITIONAL" if worst([*found, *deep]) == "PASS" else "SUPPORTED"
    region = "it gets small because J - J* does; in deep sigmoid networks it is small while J is not"
    return [*found, *deep, claim(VANISHES, small, min(fall), 1.0, "||g|| after 10 epochs / ||g|| at the start", region)]


def _sandwich(evidence: Evidence, runs: Sequence[Any]) -> Iterator[Finding]:
    """Both bounds at every step whose J - J* is above the rounding of J; tight along the extreme modes."""
    lower, upper = [], []
    for run, norm, loss in runs:
        if run.model == "quadratic":
            (mu, largest), least = sorted((run["surface.xx"], run["surface.yy"])), 0.0
        else:
            table = evidence.table(run)
            mu, largest = quadratics.extremes(table.x)
            least = quadratics.loss(table.x, table.y, quadratics.minimiser(table.x, table.y))
        gap = loss - least
        kept = gap > 1e-6 * least
        lower.append(2 * mu * gap[kept] / norm[kept] ** 2)
        upper.append(norm[kept] ** 2 / (2 * largest * gap[kept]))
    yield bound("2 mu (J - J*) / ||g||^2", np.concatenate(lower), 1)
    yield bound("||g||^2 / (2 L (J - J*))", np.concatenate(upper), 1)


def _deep(evidence: Evidence) -> Iterator[Finding]:
    """8 sigmoid layers: the constant that the gradient of the first layer would allow."""
    if evidence.layers.empty:
        return
    losses = {run.run: loss for run, _, loss in evidence.curve("train_loss")}
    runs = [(losses[run.run], norm[:, 0]) for run, _, norm in evidence.layer("weight_gradient_norm")]
    ratios = [norm**2 / (2 * loss) for loss, norm in runs]
    name = "8 sigmoid layers: ||dJ/dW_1||^2 / (2 J) / 1e-6"
    yield bound(name, np.asarray(ratios) / PL_CONSTANT, 1, tight=None, seeds=len(ratios))


STUDY = Study(
    id="A07",
    name="linreg_vanishing_is_convergence",
    title="Does the gradient of linear regression vanish, or has it converged?",
    claims=(VANISHES,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("the gradient is that of the summed loss", bugs.replace("losses", "half_squared_error", bugs.summed)),
    ),
    figures=(Figure(FALLS, "curves", "step", "gradient_norm", "learning_rate", "scaling", "y", ONLY, lines.SLOPE),),
)
