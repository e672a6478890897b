"""F15: half precision overflows in deep networks, swallows small updates, and can be helped by scaling the loss.

Theory: in a ReLU network with sigma_w^2 = 4.5 signals grow by 1.5 a layer and leave fp16 at the depth of E19: the loss
of deeper networks is not finite before the first step. A step below half a unit of a weight's last place changes
nothing: with steps of one size (sign descent) that is every |w| >= 2^e, 2^(e - digits) > step, of normal weights a
share of 2 (1 - Phi(2^e / sd)). Gradients below 2^-24 are 0 in fp16; scaling the loss by 2^10 brings those below eight
sigmoid layers back (Micikevicius et al. 2018, sections 3.1 and 3.2). What remains points where fp32's gradient does.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import binomial, bound, claim, exact
from bench.studies import bugs
from bench.theory import formats

RANGE = Claim("range", "exploding values exceed the range of fp16 and training yields NaN", "S1")

TYPES = ["float16", "bfloat16", "float32"]
GROWTH, WIDTH, ROWS, SEEDS = 1.5, 64, 64, 8
DEPTHS, LAYERS = {"full": [10, 20, 30], "quick": [30]}, {"full": [2, 4, 8], "quick": [8]}
KEPT = {"full": TYPES, "quick": ["float16", "float32"], "cell": TYPES[:1]}
OVERFLOW = {n: formats.overflow_depth(GROWTH, WIDTH * ROWS, formats.FORMATS[n], start=2**0.5) for n in TYPES}
UNITS, STEP, SCALE = 32, 1.5 * 2.0**-15, 2.0**10  # fan-in of every layer, size of every step, of the loss


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {"model": "mlp", "init": "lecun", "bias": False, "seed": list(range(SEEDS)), "dtype": KEPT[profile]}
    made = {"data": "classes", "data.rows": ROWS, "data.features": UNITS, "scaling": "raw", "width": UNITS}
    sign = {"optimizer": "sign_sgd", "learning_rate": STEP, "steps": 1, "checkpoints": 1, "probes": "parameters"}
    found = [Grid({**net, **made, **sign, "activation": "tanh"})]
    if profile == "cell":
        return found
    rows: dict[str, Any] = {"split": f"{ROWS}/0", "normalize_rows": 1.0, "width": WIDTH, "probe_rows": ROWS}
    relu = {"activation": "relu", "init.gain": float(GROWTH * np.sqrt(2)), "learning_rate": 1e-6, "probes": "ranges"}
    found += [Grid({**net, **rows, **relu, "steps": 5, "checkpoints": 5, "depth": d}) for d in DEPTHS[profile]]
    still = {"activation": "sigmoid", "steps": 0, "checkpoints": "end", "depth": LAYERS[profile]}
    scaled = {"optimizer": "loss_scaled_sgd", "optimizer.loss_scale": [1.0, SCALE], "learning_rate": [1.0, SCALE]}
    pair = [("optimizer.loss_scale", "learning_rate")]  # such a rate makes the update the scaled gradient
    found.append(Grid({**net, **rows, **still, **scaled, "probes": "vanished_updates"}, pair))
    found.append(Grid({**net, **rows, **still, "depth": 2, "probes": "gradient"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, bad = [*_swallowed(evidence)], defaultdict(list)
    for run in evidence.runs.to_dict("records"):
        if run["activation"] == "relu":
            bad[run["dtype"], run["depth"]].append(run["first_bad_step"] == 0)
    if not bad:
        return found
    for (name, depth), own in bad.items():
        text = f"{name}, L = {depth}: share of ReLU networks whose loss is not finite at step 0"
        found.append(exact(text, np.mean(own), OVERFLOW[name] <= depth, 0, scale=1, seeds=len(own)))
    found += [_depth(evidence), *_scaled(evidence), *_directions(evidence)]
    rule, half = "share of networks of 30 layers without a finite loss in fp16", float(np.mean(bad["float16", 30]))
    verdict = "SUPPORTED" if half > 0.5 > np.mean(bad["float32", 30]) else "REFUTED"
    return [*found, claim(RANGE, verdict, half, 1.0, rule)]


def _depth(evidence: Evidence) -> Finding:
    signals = [largest[0] for run, _, largest in evidence.vector("preactivation_largest") if run.dtype == "float16"]
    layers = [np.argmin(np.isfinite(own)) + 1 for own in signals if not np.isfinite(own).all()]
    return exact("fp16: first layer that overflows, median", np.median(layers), OVERFLOW["float16"], 1, scale=1)


def _swallowed(evidence: Evidence) -> Iterator[Finding]:
    """Weights that one step of a known size leaves as they are."""
    same: dict[str, list[Any]] = defaultdict(list)
    for run, _, theta in evidence.vector("parameter"):
        same[run.dtype].append(theta[0] == theta[1])
    for name, own in same.items():
        count, trials = int(np.sum(own)), int(np.size(own))
        share = 2 * float(stats.norm.sf(formats.swallows(STEP, formats.FORMATS[name]) * np.sqrt(UNITS)))
        yield binomial(f"{name}: share of weights that a step of {STEP:.3g} leaves", count, trials, share, len(TYPES))


def _scaled(evidence: Evidence) -> Iterator[Finding]:
    zeros: dict[Any, list[float]] = defaultdict(list)
    for run, _, share in evidence.vector("update_zero_fraction"):
        zeros[run.dtype, run["optimizer.loss_scale"], run.depth].append(float(share[0, 0]))
    alive = {key: 1 - float(np.mean(own)) for key, own in zeros.items()}
    for depth in sorted({depth for _, _, depth in alive}):
        text = f"sigmoid, L = {depth}, fp16, loss scale {SCALE:g}: share of dJ/dW_1 that is not 0"
        yield exact(text, alive["float16", SCALE, depth], alive["float32", 1.0, depth], 0.02, scale=1, seeds=SEEDS)
    lost = max(alive["float32", 1.0, 8] - alive["float16", 1.0, 8], 1e-9)
    yield bound("sigmoid, L = 8, fp16: 2 % / share of dJ/dW_1 lost without a loss scale", 0.02, lost, tight=None)


def _directions(evidence: Evidence) -> Iterator[Finding]:
    slopes = {(run.dtype, run.seed): gradient[0] for run, _, gradient in evidence.vector("gradient")}
    units = {key: gradient / np.linalg.norm(gradient) for key, gradient in slopes.items()}
    for name in dict.fromkeys(name for name, _ in units if name != "float32"):
        cosine = min(unit @ units["float32", seed] for (own, seed), unit in units.items() if own == name)
        yield bound(f"{name}: .99 / least cosine with fp32's gradient", 0.99, cosine, tight=None, seeds=SEEDS)


def _master_weights(architecture: Any) -> Any:
    wide = lambda model: model._replace(init=lambda draw, h: model.init(draw.astype("float32"), h))  # noqa: E731
    return architecture._replace(make=lambda *given: wide(architecture.make(*given)))


STUDY = Study(
    id="F15",
    name="dtype_training",
    title="What goes wrong when networks are trained in half precision?",
    claims=(RANGE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("master weights are kept in fp32", bugs.replace("models", "mlp", _master_weights)),),
    figures=(Figure("signals leave fp16", "values", "index", "value", "dtype", "depth", "y"),),
)
