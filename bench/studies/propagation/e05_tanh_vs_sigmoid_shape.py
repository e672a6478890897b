"""E05: tanh is a stretched sigmoid, and in its tails it is the flatter of the two.

Theory: tanh(z) = 2 sigma(2 z) - 1, so tanh'(z) = 4 sigma'(2 z), which is 4 e^(-2 |z|) in the tails against e^(-|z|).
The two slopes are equal where 4 sigma'(2 z) = sigma'(z), at |z| = 1.662886, common value .133975; the half-widths of
the slopes are .8814 and 1.7627 (scipy.optimize.brentq on scipy.special.expit).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bisect, bound, claim, exact, worst
from bench.studies import bugs
from bench.theory import chains, meanfield

IDENTITY = Claim("identity", "tanh(z) = 2 sigma(2 z) - 1, and its values lie within [-1, 1]", "S0, S3")
FLATTER = Claim("flatter", "for large z tanh flattens less than the sigmoid", "S3", "REFUTED")

NAMES = ["tanh", "sigmoid"]
DTYPES = {"full": ["float64", "float32"], "quick": ["float64"], "cell": ["float64"]}
EXACT = {"float64": 1e-10, "float32": 2e-5}
CROSSING: Any = brentq(lambda z: 4 * chains.slope(2 * z) - chains.slope(z), 1, 3, xtol=1e-14)


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    row = {"data": "line", "data.rows": 4001, "data.low": -20.0, "data.high": 20.0, "scaling": "raw"}
    net = {"model": "mlp", "depth": 1, "width": 1, "init": "constant", "activation": NAMES, "dtype": DTYPES[profile]}
    look = {"steps": 0, "checkpoints": "end", "probes": "units", "probe_rows": "all"}
    return [Grid({**row, **net, **look})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    seen: dict[str, dict[str, dict[str, NDArray[Any]]]] = {}  # dtype -> activation -> z, phi, phi'
    for name in ("preactivation", "activation", "slope"):
        for run, _, found in evidence.vector(f"unit_{name}"):
            seen.setdefault(run.dtype, {}).setdefault(run.activation, {})[name] = found[0]
    shapes = [finding for dtype, own in seen.items() for finding in _shape(dtype, own)]
    slopes = {name: seen["float64"][name] for name in NAMES}
    z = slopes["tanh"]["preactivation"]
    steeper = slopes["tanh"]["slope"] > slopes["sigmoid"]["slope"]
    crossing = bisect(
        "|z| where tanh' falls below sigma'",
        float(np.max(np.abs(z[steeper]), initial=0)),
        float(np.min(np.abs(z[~steeper]), initial=np.inf)),
        CROSSING,
        0.01,
        seeds=1,
    )
    large = np.abs(z) > 3
    flatter = "SUPPORTED" if steeper[large].all() else "CONDITIONAL" if steeper[large].any() else "REFUTED"
    return [
        *shapes,
        crossing,
        *_widths(z, {name: own["slope"] for name, own in slopes.items()}),
        claim(IDENTITY, "SUPPORTED" if worst(shapes) == "PASS" else "REFUTED", rule="every point of the grid"),
        claim(FLATTER, flatter, float(np.mean(steeper[large])), 0.0, "share of |z| > 3 where tanh' > sigma'"),
    ]


def _shape(dtype: str, own: dict[str, dict[str, NDArray[Any]]]) -> Iterator[Finding]:
    """Values and slopes against scipy, and tanh against the sigmoid at 2 z, also on the grid."""
    for name, found in own.items():
        phi, z = meanfield.ACTIVATIONS[name], found["preactivation"].astype(float)
        yield exact(f"{dtype}, {name}", found["activation"], phi.value(z), EXACT[dtype], scale=1, seeds=1)
        yield exact(f"{dtype}, {name}'", found["slope"], phi.slope(z), EXACT[dtype], scale=1, seeds=1)
    middle = len(own["tanh"]["activation"]) // 2
    inner = own["tanh"]["activation"][middle // 2 : middle + middle // 2 + 1]  # |z| <= 10
    doubled = own["sigmoid"]["activation"][::2]
    yield exact(f"{dtype}, tanh(z) against 2 sigma(2 z) - 1", inner, 2 * doubled - 1, EXACT[dtype], scale=1, seeds=1)
    slope = own["tanh"]["slope"][middle // 2 : middle + middle // 2 + 1]
    yield exact(f"{dtype}, tanh'(z) against 4 sigma'(2 z)", slope, 4 * own["sigmoid"]["slope"][::2], EXACT[dtype], 1)
    yield bound(f"{dtype}, |tanh|", np.abs(own["tanh"]["activation"]), 1.0, seeds=1)


def _widths(z: NDArray[Any], slopes: dict[str, NDArray[Any]]) -> Iterator[Finding]:
    """Where a slope has fallen to half of its largest value."""
    for name, slope in slopes.items():
        above = slope >= slope.max() / 2
        theory = np.arccosh(np.sqrt(2.0)) * (1 if name == "tanh" else 2)
        inside, outside = np.max(np.abs(z[above])), np.min(np.abs(z[~above]))
        yield bisect(f"half-width of {name}'", float(inside), float(outside), float(theory), 0.02, seeds=1)


def _one_minus_tanh(activation: Any) -> Any:
    def apply(z: Any, constants: Any) -> Any:
        from jax.lax import stop_gradient  # noqa: PLC0415 - listing the studies must not start JAX

        h = stop_gradient(activation.apply(z, constants))
        return h + (z - stop_gradient(z)) * (1 - h)

    return activation._replace(apply=apply)


STUDY = Study(
    id="E05",
    name="tanh_vs_sigmoid_shape",
    title="Which of tanh and the sigmoid saturates sooner?",
    claims=(IDENTITY, FLATTER),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("tanh' is taken as 1 - tanh", bugs.replace("activations", "tanh", _one_minus_tanh)),),
    figures=(Figure("slopes of the two", "values", "index", "value", "activation", "quantity", "y"),),
)
