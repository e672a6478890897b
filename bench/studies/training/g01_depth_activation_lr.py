"""G01: the headline grid. How deep a network trains, by activation, learning rate and form of descent, on real digits.

Theory: at its start a layer's backward signal shrinks by sqrt(chi) on its way down, chi = sigma_w^2 E[phi'(z)^2] along
the finite-depth trajectory of the signal's variance (Schoenholz et al. 2017, eqs. 3 and 8). Glorot's sigmoid has
sqrt(chi) = 0.236: eight layers down nothing arrives, and no learning rate mends that. He's relu has sqrt(chi) = 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact
from bench.studies import bugs, lines
from bench.theory import meanfield

SIGMOID = Claim("sigmoid-stops", "with sigmoid units two or three layers train; deeper nets stay at chance", "S3, S0")
OTHERS = Claim("others-train", "swapping the activation (tanh, relu) lets eight layers train", "S3, S0")

INITS = {"sigmoid": "glorot", "tanh": "glorot", "relu": "he", "leaky_relu": "he"}
INITS |= {"elu": "he", "softplus": "glorot", "gelu": "he", "silu": "he"}
DEPTHS = {"full": [1, 2, 4, 8, 16], "quick": [8], "cell": [8]}
ACTIVATIONS = {"full": list(INITS), "quick": ["sigmoid", "tanh", "relu"], "cell": ["sigmoid", "tanh"]}
BATCHES = {"full": ["full", 1, 32], "quick": [32], "cell": [32]}
RATES = {"full": np.logspace(-3, 0.5, 16), "quick": np.logspace(-3, 0.5, 16)[::2], "cell": [0.1]}
CHANCE = 0.15  # a tenth of the rows is right by chance; three standard deviations of 360 test rows are .047
TRAINED = 0.9
PROBED = 128  # rows the probes look at


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    axes = {
        "data": "digits",
        "split": "1437/360",
        "model": "mlp",
        "width": 32,
        "depth": DEPTHS[profile],
        "activation": ACTIVATIONS[profile],
        "init": [INITS[name] for name in ACTIVATIONS[profile]],
        "batch_size": BATCHES[profile],
        "learning_rate": RATES[profile],
        "seed": [0, 1, 2, 3],
        "epochs": 10,
    }
    return [Grid(axes, zipped=[("activation", "init")])]


def judge(evidence: Evidence) -> Sequence[Finding]:
    return [*_shrinkage(evidence), *_verdicts(evidence)]


def _shrinkage(evidence: Evidence) -> Iterator[Finding]:
    """||dL/dz_1|| / ||dL/dz_L|| at the start, geometric mean over seeds, as a factor per layer."""
    rows = evidence.data("digits", split="1437/360").x[:PROBED]
    for (activation, depth), own in evidence.runs.groupby(["activation", "depth"], observed=True):
        if depth < 8:
            continue
        start = evidence.layers[(evidence.layers["step"] == 0) & evidence.layers["run"].isin(own["run"])]
        norms = start.groupby(["seed", "layer"], observed=True)["delta_norm"].first().unstack("layer").to_numpy()
        ratios = (norms[:, 0] / norms[:, int(depth) - 1]) ** (1 / (depth - 1))
        theory = meanfield.network_factor(activation, INITS[activation], rows, int(depth), 32)
        # Width 32 scatters ln||delta||^2 by about 5/32 per layer: 6 standard deviations of four seeds stay within .2.
        quantity = f"{activation}, depth {depth}: ||dL/dz|| falls per layer by"
        more = {"seeds": len(ratios), "low": ratios.min(), "high": ratios.max(), "source": "Schoenholz et al. 2017"}
        yield exact(quantity, np.exp(np.log(ratios).mean()), theory, 0.2, **more)


def _verdicts(evidence: Evidence) -> Iterator[Finding]:
    cells = ["activation", "depth", "regime"]
    best = evidence.runs.groupby([*cells, "learning_rate"], observed=True)["final_test_accuracy"].mean()
    best = best.groupby(cells, observed=True).max().reset_index()
    loss = evidence.runs.query("activation == 'sigmoid' and depth >= 8")["final_train_loss"].min()
    yield exact("sigmoid, depth 8 and more: lowest train loss at any rate", loss, np.log(10), 0.02)
    deep = best.query("activation == 'sigmoid' and depth >= 8")["final_test_accuracy"].max()
    verdict = "SUPPORTED" if deep < CHANCE else "REFUTED"
    rule = f"best learning rate, every regime: accuracy < {CHANCE}"
    yield claim(SIGMOID, verdict, deep, 0.1, rule, region="depth 8 and more")
    eight = best.query("activation in ['tanh', 'relu'] and depth == 8 and regime != 'batch'")
    worst = eight["final_test_accuracy"].min()
    verdict = "SUPPORTED" if worst > TRAINED else "REFUTED"
    rule = f"best learning rate, stochastic and mini-batch: accuracy > {TRAINED}"
    region = "stochastic and mini-batch descent; ten full-batch steps are too few"
    yield claim(OTHERS, verdict, worst, 1.0, rule, region=region)


def _upside_down(evidence: Evidence) -> Evidence:
    layers = evidence.layers.copy()
    layers["layer"] = layers["layer"].max() + 1 - layers["layer"]
    return replace(evidence, layers=layers)


DEAD = "Deep sigmoid nets stay at ln 10 at any rate"
MAP = "Where networks train"
FADES = "The backward signal fades layer by layer"

STUDY = Study(
    id="G01",
    name="depth_activation_lr",
    title="Which depths, activations and learning rates train, in all three forms of descent?",
    claims=(SIGMOID, OTHERS),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("weights are scaled by the fan-in, not its root", bugs.replace("inits", "glorot", bugs.by_fan_in)),
        Mutant("layers are counted from the top", evidence=_upside_down),
    ),
    figures=(
        Figure(DEAD, "runs", "learning_rate", "final_train_loss", "depth", "activation", "xy"),
        Figure(FADES, "layers", "layer", "delta_norm", "activation", "depth", "y", {"step": 0}, lines.DELTA),
        Figure(MAP, "runs", "learning_rate", "depth", "final_test_accuracy", "activation", "xy", heat=True),
    ),
)
