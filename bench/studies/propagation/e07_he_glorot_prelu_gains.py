"""E07: signals and gradients keep their size where the weights make up for what the activation cuts off, as He's do.

Theory: a leaky rectifier of slope a keeps (1 + a^2) / 2 of the mean square, so that q changes by sigma_w^2 (1 + a^2) /
2 per layer, exactly in the mean at any width: 1 for He's sigma_w^2 = 2 / (1 + a^2), 1/2 for Glorot's on a square layer,
1/6 for PyTorch's default (He et al. 2015, eqs. 10, 14, 15). Where widths differ, the mean of delta^2 changes by n_out /
n_in times as much on its way down, so that not both are kept. The mean singular value of a square layer's Jacobian is
at most 8 / (3 pi) sigma_w, and lower where tanh saturates: Glorot and Bengio 2010, section 4.2.1, report 0.5 for the
standard and 0.8 for their init at five layers. A ratio of one layer has CV (5 / n)^(1/2) = .4 at n = 32, so that 68,000
layers pass EQ(0.01) with p > 1 - 1e-3, and 17,000 EQ(0.02).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent
from bench.studies import bugs
from bench.theory import meanfield, spectra

KEEPS = Claim("gains", "with the init that fits the activation signals neither vanish nor explode", "S0, S3")

SLOPES = {"relu": 0.0, "leaky_relu": 0.2, "prelu": 0.25}
MAIN = (("relu", "he", 0.01), ("relu", "glorot", 0.02))  # activation, init, tolerance
MORE = (("relu", "pytorch", 0.02), ("leaky_relu", "he", 0.02), ("prelu", "he", 0.02))
CELLS = {"full": MAIN + MORE, "quick": MAIN, "cell": ()}
SQUARE = {"width": 32, "depth": 40}
LAYERS = {0.01: 68_000, 0.02: 17_000}
TAPER = (256, 128, 64, 32)
VARIANCES = {**meanfield.SCALED_VARIANCES, "pytorch": lambda fan_in, fan_out: 1 / 3, "glorot_uniform": lambda *_: 1.0}
PUBLISHED = {"pytorch": 0.5, "glorot_uniform": 0.8}  # Glorot and Bengio 2010: standard and normalized
TANH = {"activation": "tanh", "width": 400, "depth": 5}


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "bias": False, "steps": 0, "checkpoints": "end", "probe_rows": 1}
    rows = {"split": "16/0", "constant_columns": "keep", "normalize_rows": 1.0}
    found = []
    for name, init, tolerance in CELLS[profile]:
        gains = {"init.gain": [float((1 + SLOPES[name] ** 2) ** -0.5)]}  # He's gain is for slope 0
        seeds = {"seed": list(range(LAYERS[tolerance] // SQUARE["depth"]))}
        slope = {"activation.slope": SLOPES[name]} if name == "leaky_relu" else {}
        found.append(
            Grid(
                {**net, **rows, **SQUARE, "activation": name, "init": init, **gains, **slope, **seeds, "probes": "full"}
            )
        )
    taper = {"activation": "relu", "width": [TAPER], "depth": len(TAPER), "probes": "full"}
    taper["init"] = ["he", "glorot"] if profile == "full" else "he"
    found.append(Grid({**net, **rows, **taper, "seed": list(range(600))}))
    if profile != "cell":
        row = {"data": "white_noise", "data.rows": 1, "data.features": 400, "scaling": "raw", "normalize_rows": 1.0}
        look = {"loss": "half_squared_error", "probes": "layer_jacobians", "seed": list(range(16))}
        found.append(Grid({**net, **row, **TANH, **look, "init": list(PUBLISHED) if profile == "full" else "pytorch"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    forward, down, findings, kept = defaultdict(list), defaultdict(list), [], {}
    deltas = {run.run: found for run, _, found in evidence.layer("delta_norm")}
    for run, _, found in evidence.layer("preactivation_mean_square"):
        q, cell = found[0, : run.depth], (run.activation, run.init, run.widths)
        forward[cell].append(np.mean(q[1:] / q[:-1]))
        units = np.broadcast_to(TAPER if run.depth == len(TAPER) else SQUARE["width"], run.depth)
        mean = np.log(deltas[run.run][0, : run.depth] ** 2 / units)
        down[cell].append(np.exp((mean[0] - mean[-1]) / (run.depth - 1)))
    for (name, init, widths), ratios in forward.items():
        taper = widths != str(SQUARE["width"])
        cut = (1 + SLOPES[name] ** 2) / 2
        theory = cut * VARIANCES[init](*(2, 1) if taper else (1, 1)) / (1 + SLOPES[name] ** 2)
        tolerance = next((t for *cell, t in CELLS["full"] if cell == [name, init]), 0.02) if not taper else 0.05
        label = f"{name}, {init}, {'tapered' if taper else 'equal'} widths: q changes per layer by"
        findings.append(equivalent(label, ratios, theory, tolerance))
        if taper:
            label = f"{name}, {init}, tapered widths: the mean of delta^2 changes per layer by"
            findings.append(equivalent(label, down[name, init, widths], theory / 2, tolerance))
        else:
            kept[name, init] = abs((findings[-1].measured or 0) - 1) <= 2 * tolerance
    findings += _singular_values(evidence)
    fitting = all(kept[cell] for cell in kept if cell[1] == "he") and not any(kept[c] for c in kept if c[1] != "he")
    rule = "q is kept by He's init for the slope, and not by those that know of no rectifier"
    return [*findings, claim(KEEPS, "SUPPORTED" if fitting else "REFUTED", sum(kept.values()), None, rule)]


def _singular_values(evidence: Evidence) -> Iterator[Finding]:
    """Of dz_5 / dz_4: sigma_w E lambda^(1/2), from the variance that mean-field theory gives layer 4."""
    samples = defaultdict(list)
    for run, _, means in evidence.vector("layer_singular_value_mean"):
        samples[run.init].append(means[0, 4])
    for init, found in samples.items():
        variance, phi = VARIANCES[init](1, 1), meanfield.ACTIVATIONS["tanh"]
        q = float(meanfield.trajectory(phi, 4, variance)[-1])
        label = f"tanh, {init}: mean singular value of dz_5 / dz_4 (published: {PUBLISHED[init]})"
        yield equivalent(label, found, spectra.mean_singular_value(phi, q, variance), 0.02)


def _transposed(init: Any) -> Any:
    return init._replace(weight=lambda draw: init.weight(draw.T).T)


def _truncated(init: Any) -> Any:
    return init._replace(weight=lambda draw: init.weight(draw) * 0.7737**0.5)


STUDY = Study(
    id="E07",
    name="he_glorot_prelu_gains",
    title="Which initialisation keeps signals and gradients at their size?",
    claims=(KEEPS,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("fan_out is taken for fan_in", bugs.replace("inits", "he", _transposed)),
        Mutant("a truncated normal without its variance restored", bugs.replace("inits", "he", _truncated)),
    ),
    figures=(Figure("q on its way up", "layers", "layer", "preactivation_mean_square", "init", "activation", "y"),),
)
