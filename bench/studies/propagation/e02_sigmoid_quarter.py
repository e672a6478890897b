"""E02: a quarter per layer is the most that a sigmoid passes on at weight 1, not what it passes on.

Theory: in a chain of one sigmoid neuron per layer the gradient is the product of w sigma'(z_l), and sigma' <= 1/4 with
equality at z = 0 alone, so that it is at most (|w| / 4)^L. A factor of at least 1 needs |w| >= 4 and an input within an
interval of width (2 / |w|) ln(|w| (1 + sqrt(1 - 4 / |w|)) / 2 - 1), at most .447743, at |w| = 6.8942 (Nielsen 2015,
chapter 5). With x = 1/2 and bias z - w / 2 the first neuron is at z; at z = 0 all of them are, and the bound is sharp.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, bound, claim, exact
from bench.studies import bugs
from bench.theory import chains

QUARTER = Claim("quarter", "the gradient falls to a quarter with every sigmoid layer", "S0, S3", "CONDITIONAL")

INPUT = 0.5
STARTS = (0.0, 1.0, 2.0, 5.0)  # z of the first neuron
WEIGHTS = {"full": (1.0, 4.0, 6.9, 10.0), "quick": (1.0, 4.0, 6.9, 10.0), "cell": (1.0, 6.9)}
WIDEST = 6.8942  # the weight whose interval is the widest
EDGES = {"full": (5.0, WIDEST, 9.0), "quick": (WIDEST,), "cell": (WIDEST,)}  # weights whose intervals are measured
DEPTHS = {"full": 30, "quick": 30, "cell": 10}
BESIDE = (-1e-2, -5e-7, 5e-7, 1e-2)  # how far from the ends of the interval, relative


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    row = {"data": "line", "data.rows": 1, "data.low": INPUT, "data.slope": 0.0, "scaling": "raw", "dtype": "float64"}
    net = {"model": "mlp", "width": 1, "activation": "sigmoid", "init": "constant", "loss": "half_squared_error"}
    cells = [(weight, z) for weight in WEIGHTS[profile] for z in STARTS]
    ends = [
        (weight, edge * (1 + off)) for weight in EDGES[profile] for edge in chains.interval(weight) for off in BESIDE
    ]
    gains = {"init.gain": [w for w, _ in cells + ends], "init.hidden_bias": [z - w * INPUT for w, z in cells + ends]}
    look = {"depth": DEPTHS[profile], "steps": 0, "checkpoints": "end", "probes": "layer_gradients"}
    return [Grid({**row, **net, **gains, **look}, zipped=[("init.gain", "init.hidden_bias")])]


def judge(evidence: Evidence) -> Sequence[Finding]:
    products: dict[float, dict[float, Any]] = {}  # weight -> z of the first neuron -> products of 1 ... L factors
    for run, _, norms in evidence.layer("delta_norm"):
        weight, first = run["init.gain"], run["init.gain"] * INPUT + run["init.hidden_bias"]
        products.setdefault(weight, {})[first] = norms[0, 0] / norms[0, 1:]
    rates = [_rate(own) for own in products[1.0].values()]
    quarter = [abs(rate / 0.25 - 1) < 0.05 for rate in rates]
    verdict = "SUPPORTED" if all(quarter) else "CONDITIONAL" if any(quarter) else "REFUTED"
    region = "|w| = 1 and every neuron at z = 0; elsewhere the factor is smaller, or larger for |w| > 4"
    return [
        *_chains(products),
        *(finding for weight in products if len(products[weight]) > len(STARTS) for finding in _ends(weight, products)),
        claim(QUARTER, verdict, float(np.mean(rates)), 0.25, "factor per layer at w = 1 within 5 %", region=region),
    ]


def _rate(products: Any) -> float:
    """exp of the slope of ln(product) over the layers: the mean factor per layer."""
    layers = np.arange(1, products.size + 1)
    return float(np.exp(np.polyfit(layers, np.log(products), 1)[0]))


def _chains(products: dict[float, dict[float, Any]]) -> Iterator[Finding]:
    """Products along the chains against the recursion and against their bound."""
    for weight, own in products.items():
        if len(own) > len(STARTS):
            continue
        layers = len(own[0.0])
        limits = (weight / 4) ** np.arange(1, layers + 1)
        for first, found in own.items():
            z = chains.preactivations(weight, first - weight * INPUT, first, layers)
            want = np.cumprod(weight * chains.slope(z))
            yield exact(f"w = {weight:g}, z_1 = {first:g}: gradient through 1 ... {layers} layers", found, want, 1e-9)
        yield bound(f"w = {weight:g}: gradient over (|w| / 4)^L", np.stack(list(own.values())), limits)
        yield bound(f"w = {weight:g}: factor per layer over |w| / 4", [_rate(one) for one in own.values()], weight / 4)


def _ends(weight: float, products: dict[float, dict[float, Any]]) -> Iterator[Finding]:
    """The z where the factor of the first neuron passes 1, on either side, in units of its input."""
    passing = {z: own[0] >= 1 for z, own in products[weight].items()}
    for side, end in zip((-1, 1), chains.interval(weight), strict=True):
        inside = max((side * z for z, ok in passing.items() if ok and side * z > 0), default=np.nan)
        outside = min((side * z for z, ok in passing.items() if not ok and side * z > 0), default=np.nan)
        label = f"w = {weight:g}: {'upper' if side > 0 else 'lower'} half of the inputs with a factor of 1 or more"
        yield bisect(label, inside / weight, outside / weight, abs(end) / weight, 1e-6, seeds=1)


def _of_the_next_layer(activation: Any) -> Any:
    """A sigmoid whose backward pass takes its derivative at what it put out, not at what it was given."""

    def apply(z: Any, constants: Any) -> Any:
        from jax.lax import stop_gradient  # noqa: PLC0415 - listing the studies must not start JAX

        h = stop_gradient(activation.apply(z, constants))
        after = stop_gradient(activation.apply(h, constants))
        return h + (z - stop_gradient(z)) * after * (1 - after)

    return activation._replace(apply=apply)


STUDY = Study(
    id="E02",
    name="sigmoid_quarter",
    title="Does a sigmoid layer divide the gradient by four?",
    claims=(QUARTER,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("sigma' is taken at the next layer", bugs.replace("activations", "sigmoid", _of_the_next_layer)),),
    figures=(
        Figure("no chain is above its bound", "layers", "layer", "delta_norm", "init.hidden_bias", "init.gain", "y"),
    ),
)
