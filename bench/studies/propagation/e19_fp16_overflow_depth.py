"""E19: in half precision signals that grow by 1.5 a layer overflow within 30 layers, and small gradients become 0.

Theory: g^L leaves the format at an L that follows from its rounding alone (inf for g = 1.5 at 28 in fp16, 220 in bf16,
219 in fp32; 0 for g = 1/4 at 13, 64, 64, as XLA's code for CPUs flushes subnormals of all but fp16). In a ReLU network
with sigma_w^2 = 4.5 signals grow by 1.5 a layer from sqrt(2) and the largest of N entries is about sqrt(2 ln N) times
their root mean square. Sigmoid layers at sigma_w = 1 divide the gradient by 4.236; a loss scaled by 2^k keeps it from
underflow for k / log2(4.236) layers more (Micikevicius et al. 2018). 2^16 is itself inf in fp16, so k ends at 15.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, exact
from bench.studies import bugs
from bench.theory import formats, meanfield

RANGE = Claim("range", "values that explode exceed the range of half precision", "S1")

FACTORS = [0.25, 0.5, 0.7071, 0.8, 2**0.5, 1.5, 2.0]
POWERS = {"full": {"float16": 120, "bfloat16": 260, "float32": 260}, "quick": {"float16": 80}, "cell": {}}
TYPES = {"full": ["float16", "bfloat16", "float32"], "quick": ["float16"], "cell": ["float16"]}
GROWTH, WIDTH, ROWS, DEPTH = 1.5, 128, 16, 32
LAYERS, SHARE = 3, 0.9  # how far a network may be off, and how many of them must not be
SCALES = {"full": [0, 8, 12, 15], "quick": [0, 12], "cell": []}  # k
SEEDS = {"full": 32, "quick": 32, "cell": 8}
SIGMOID = meanfield.ACTIVATIONS["sigmoid"]


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    point = {"data": "line", "data.rows": 1, "data.low": 1.0, "data.high": 1.0, "scaling": "raw", "bias": False}
    chain = {"model": "mlp", "activation": "identity", "width": 1, "init": "constant", "init.gain": FACTORS}
    look = {"steps": 0, "checkpoints": "end", "probes": "ranges"}
    found = [Grid({**point, **chain, **look, "dtype": name, "depth": depth}) for name, depth in POWERS[profile].items()]
    rows = {"split": f"{ROWS}/0", "constant_columns": "keep", "normalize_rows": 1.0}
    net = {"model": "mlp", "width": WIDTH, "init": "lecun", "seed": list(range(SEEDS[profile]))}
    relu = {"activation": "relu", "init.gain": float(GROWTH * np.sqrt(2)), "depth": DEPTH, "dtype": TYPES[profile]}
    found.append(Grid({**rows, **net, **relu, **look}))
    if SCALES[profile]:
        powers = [2.0**k for k in SCALES[profile]]  # as a rate, too: the update is then the scaled gradient
        scaled = {"optimizer": "loss_scaled_sgd", "optimizer.loss_scale": powers, "learning_rate": powers}
        sigmoid = {"activation": "sigmoid", "depth": 24, "dtype": "float16", "probe_rows": 1}
        axes = {**rows, **net, **sigmoid, **scaled, **look, "probes": "vanished_updates"}
        found.append(Grid(axes, zipped=[("optimizer.loss_scale", "learning_rate")]))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    found, depths = list(_powers(evidence)), defaultdict(list)
    for run, _, largest in evidence.vector("preactivation_largest"):
        if run.activation == "relu":
            depths[run.dtype].append(_first(~np.isfinite(largest[0])))
    for name, own in depths.items():
        want = formats.overflow_depth(GROWTH, WIDTH * ROWS, formats.FORMATS[name], start=2**0.5)
        near = [abs(depth - want) <= LAYERS or min(depth, want) > DEPTH + 1 for depth in own]
        label = f"{name}: share of networks that overflow within {LAYERS} layers of {want}, at least {SHARE:g}"
        found.append(bound(label, SHARE, max(float(np.mean(near)), 1e-9), tight=None, seeds=len(own)))
    half = float(np.mean(np.isfinite(depths["float16"])))
    verdict = "SUPPORTED" if half >= SHARE else "REFUTED"
    return [*found, *_scaled(evidence), claim(RANGE, verdict, half, 1.0, "share of networks that overflow in fp16")]


def _first(flags: Any) -> float:
    """The first layer that is flagged, from 1; inf where none is."""
    hits = np.flatnonzero(flags)
    return float(hits[0] + 1) if hits.size else np.inf


def _powers(evidence: Evidence) -> Iterator[Finding]:
    """g, g^2, ... as a network of one unit computes them: every value, and where they leave the format."""
    for run, _, largest in evidence.vector("preactivation_largest"):
        if run.activation != "identity":
            continue
        got = largest[0, : run.depth]
        want = formats.powers(run["init.gain"], run.depth, formats.FORMATS[run.dtype])
        label, inside = f"{run.dtype}, g = {run['init.gain']:g}:", np.isfinite(want)
        yield exact(f"{label} powers of g", np.where(inside, got, 0), np.where(inside, want, 0), 0)
        end, theory = (_first(~np.isfinite(values) | (values == 0)) for values in (got, want))
        if np.isfinite(theory):
            yield exact(f"{label} first L at which g^L is 0 or inf", end, theory, 0)


def _scaled(evidence: Evidence) -> Iterator[Finding]:
    """How many layers more get an update under a loss scale."""
    dead: dict[float, dict[int, int]] = defaultdict(dict)
    for run, _, zeros in evidence.vector("update_zero_fraction"):
        dead[run["optimizer.loss_scale"]][run.seed] = int(np.sum(zeros[0] == 1))
    q = meanfield.trajectory(SIGMOID, 24, 1.0)[-1]
    fold = -np.log2(meanfield.chi(SIGMOID, float(q), 1.0)) / 2
    for scale, own in dead.items():
        if scale > 1:
            gained = [dead[1.0][seed] - layers for seed, layers in own.items()]
            label = f"sigmoid, fp16, loss scale {scale:g}: layers more with an update"
            yield exact(label, np.mean(gained), np.log2(scale) / fold, 1.0, scale=1.0, seeds=len(gained))


def _in_single_precision(architecture: Any) -> Any:
    wide = bugs.leafwise(lambda array: array.astype("float32"))

    def make(*given: Any) -> Any:
        model = architecture.make(*given)
        return model._replace(inspect=lambda groups, x, hyper, shift: model.inspect(*wide((groups, x, hyper, shift))))

    return architecture._replace(make=make)


STUDY = Study(
    id="E19",
    name="fp16_overflow_depth",
    title="At which depth do signals and gradients leave half precision?",
    claims=(RANGE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("activations are kept in fp32", bugs.replace("models", "mlp", _in_single_precision)),),
    figures=(Figure("the largest signal of a layer", "values", "index", "value", "dtype", "activation", "y"),),
)
