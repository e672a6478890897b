"""E10: skips keep gradients from vanishing and, unless the branches are scaled down with depth, make them explode.

Theory: with He's weights z_l = z_{l-1} + a relu(z_{l-1}) W_l multiplies the mean squares of signal and gradient by 1 +
a^2 per block: 2^L at a = 1, at most e at a = L^(-1/2), and 1 + 1 / L at a = 1 / L (Hanin and Rolnick 2018; Zhang,
Dauphin and Ma 2019). The other form, h_l = h_{l-1} + a relu(h_{l-1} W_l), adds signals that are all positive: the mean
of h grows with its root mean square, and at a = 1 the mean square by 2.9041 per block after the first few; its gradient
grows by 2 per block and a cross term of order 1 / n. The output weights are scaled to almost nothing, so that dL/dz of
the output layer does not depend on the signal. Growth is held against theory in the mean over networks: within 5 % for
scaled branches (10 % where the cross term matters), and for a = 1 within 2 % of its logarithm at 10 blocks.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent
from bench.studies import bugs
from bench.theory import residual

CURES = Claim("skips", "residual connections reduce vanishing gradients", "S0", "CONDITIONAL")

DEPTHS = {"full": (10, 40), "quick": (10,), "cell": (4,)}  # blocks
SIZES = {4: (64, 1400), 10: (128, 700), 40: (64, 1400)}  # blocks -> units, networks
FORMS = ("preactivation_residual", "residual")
DECAYS = [0.0, 0.5, 1.0]  # a = L^-decay
CELLS = {"full": (DECAYS, FORMS), "quick": (DECAYS, FORMS[:1]), "cell": ([0.5], FORMS[1:])}
STEM = np.pi**-0.5  # mean over root mean square behind the first layer, of rectifiers


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    rows = {"split": "16/0", "constant_columns": "keep", "normalize_rows": 1.0, "probe_rows": 1}
    net = {"activation": "relu", "init": "he", "init.output_gain": 1e-12, "bias": False}
    look = {"steps": 0, "checkpoints": "end", "probes": "full"}
    net["residual.decay"], forms = CELLS[profile]
    found = []
    for blocks in DEPTHS[profile]:
        width, networks = SIZES[blocks]
        size = {"depth": 1 + blocks, "width": width, "seed": list(range(networks))}
        found += [Grid({**rows, **net, **look, **size, "model": form}) for form in forms]
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    up, down = defaultdict(list), defaultdict(list)  # squares at either end of the blocks, where they start first
    for run, _, norms in evidence.layer("delta_norm"):
        end = 0 if run.model == FORMS[0] else 1  # dL/dz of the stem is no gradient of a block's output in this form
        down[_cell(run)].append(np.square([norms[0, run.depth - 1], norms[0, end]]))
    for form, column in zip(FORMS, ("preactivation_mean_square", "activation_mean_square"), strict=True):
        for run, _, squares in evidence.layer(column):
            if run.model == form:
                up[_cell(run)].append(squares[0, [0, run.depth - 1]])
    found, growths = [], {}
    for cell, squares in up.items():
        form, blocks, decay = cell
        signal, gradient = _theory(form, blocks, float(blocks**-decay))
        label = f"{'z + a relu(z) W' if form == FORMS[0] else 'h + a relu(h W)'}, L = {blocks}, a = L^-{decay:g}"
        if decay or blocks <= 10:  # else the distribution of growth is too heavy-tailed for a mean
            found.append(_compare(f"{label}: signal", squares, signal, 0.05 if decay else 0.02 * np.log(signal)))
        # Where the cross term of the second form has grown, it differs too much between networks for a mean.
        if (decay if form == FORMS[0] or blocks == 10 else decay == 1) or (form == FORMS[0] and blocks <= 10):
            tolerance = 0.02 * np.log(gradient) if not decay else 0.05 if form == FORMS[0] else 0.1
            found.append(_compare(f"{label}: gradient", down[cell], gradient, tolerance))
        growths[cell] = float(np.mean([np.log(end / start) for start, end in down[cell]]))
    vanish = any(growth < np.log(0.5) for growth in growths.values())
    explode = [growth > np.log(100) for growth in growths.values()]
    verdict = "REFUTED" if vanish else "CONDITIONAL" if any(explode) else "SUPPORTED"
    rule = "no gradient falls below half; at a = 1 it grows a hundredfold"
    return [*found, claim(CURES, verdict, np.exp(max(growths.values())), None, rule, region="a falls like L^(-1/2)")]


def _cell(run: Any) -> tuple[str, int, float]:
    return run.model, run.depth - 1, run["residual.decay"]


def _theory(form: str, blocks: int, scale: float) -> tuple[float, float]:
    """The growth of mean squares over the blocks, of signals upwards and of gradients downwards."""
    if form == FORMS[0]:
        both = residual.preactivation_factor(scale, 2.0) ** blocks
        return both, both
    growth = residual.rectified(blocks, scale, 2.0, STEM, SIZES[blocks][0])
    return growth.signal[-1], growth.gradient[1]


def _compare(label: str, squares: Any, theory: float, tolerance: float) -> Finding:
    """The ratio of the mean over networks at the end to that at the start."""
    start, end = np.transpose(squares)
    return equivalent(f"{label} grows by", end / start.mean(), theory, float(tolerance))


def _unscaled(architecture: Any) -> Any:
    """Branches are added in full, whatever the depth."""

    def make(*given: Any) -> Any:
        model = architecture.make(*given)

        def inspect(groups: Any, x: Any, hyper: Any, shift: Any) -> Any:
            return model.inspect(groups, x, {**hyper, "residual.decay": 0 * hyper["residual.decay"]}, shift)

        return model._replace(inspect=inspect)

    return architecture._replace(make=make)


STUDY = Study(
    id="E10",
    name="residual_scaling",
    title="Do residual connections cure vanishing gradients?",
    claims=(CURES,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("branches are not scaled down", bugs.replace("models", "residual", _unscaled)),
        Mutant("the activation is inside the branch", bugs.swapped("models", "residual", "preactivation_residual")),
    ),
    figures=(Figure("delta on its way down", "layers", "layer", "delta_norm", "residual.decay", "model", "y"),),
)
