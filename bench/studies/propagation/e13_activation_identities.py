"""E13: every activation is the function that its name promises, in value and slope, near 0 and far out.

Theory: softplus' = sigma, sigma' = sigma (1 - sigma), tanh' = 1 - tanh^2, softplus(z) - relu(z) = ln(1 + e^-|z|); ELU,
leaky ReLU and PReLU by definition (Clevert et al. 2016, eq. 15; He et al. 2015, eq. 1), the slope of PReLU with the
gradient sum delta min(z, 0) (ibid., eq. 8-9). Reference values by scipy; points at a kink have no slope to compare.
Biases alone make the pre-activations, so that they are the chosen points exactly. Half and single precision may be off
by a few units in the last place of the largest of value and 1.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, worst
from bench.studies import bugs
from bench.theory import meanfield

SLOPES = Claim("slopes", "the derivative of softplus is the sigmoid, that of the sigmoid sigma (1 - sigma)", "S0, S3")
DEFINED = Claim("defined", "ReLU is zero for z < 0; ELU, leaky ReLU and PReLU are not", "S0, S3")

POINTS = [0.0, *(sign * size for size in (1.0, 5.0, 50.0, 1e4) for sign in (1.0, -1.0))]
NAMES = {"full": list(meanfield.ACTIVATIONS), "quick": ["sigmoid", "softplus", "relu", "elu"], "cell": ["softplus"]}
KINKS = {"relu": (0,), "leaky_relu": (0,), "prelu": (0,), "selu": (0,), "hard_tanh": (-1, 1)}
NARROW = {"full": ["sigmoid", "tanh", "softplus", "elu"], "quick": ["softplus"], "cell": []}  # float16 and float32 too
EXACT = {"float64": 1e-12, "float32": 1e-6, "float16": 8e-3}
LEARNED = 0.25  # the slope at which PReLU starts


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    row = {"data": "line", "data.rows": 1, "data.low": 1.0, "data.slope": 0.0, "data.offset": 1.0, "scaling": "raw"}
    net = {"model": "mlp", "depth": 1, "width": 1, "init": "zeros", "steps": 0, "checkpoints": "end"}
    look = {"probes": "units", "init.hidden_bias": POINTS}
    found = [Grid({**row, **net, **look, "activation": NAMES[profile], "dtype": "float64"})]
    if NARROW[profile]:
        narrow = {"activation": NARROW[profile], "dtype": ["float16", "float32"]}
        found.append(Grid({**row, **net, **look, **narrow}))
    if profile == "full":
        ones = {"init": "constant", "probes": "gradient", "activation": "prelu", "dtype": "float64"}
        found.append(Grid({**row, **net, **ones, "init.hidden_bias": [z - 1 for z in POINTS]}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    seen: dict[tuple[str, str], dict[str, dict[float, float]]] = {}  # (dtype, activation) -> phi or phi' -> z -> value
    for name in ("activation", "slope"):
        for run, _, found in evidence.vector(f"unit_{name}"):
            own = seen.setdefault((run.dtype, run.activation), {}).setdefault(name, {})
            own[run["init.hidden_bias"]] = float(found[0, 0])
    found = [finding for cell, own in seen.items() for finding in _values(*cell, own)]
    found += _identities({name: own for (dtype, name), own in seen.items() if dtype == "float64"})
    found += _learned(evidence)
    negative = [z for z in POINTS if z < 0]
    double = {name: own["activation"] for (dtype, name), own in seen.items() if dtype == "float64"}
    leaky = [n for n in ("elu", "leaky_relu", "prelu") if n in double]
    zero = "relu" not in double or not any(double["relu"][z] for z in negative)
    defined = zero and all(double[name][z] < 0 for name in leaky for z in negative)
    right = worst(found) == "PASS"
    return [
        *found,
        claim(SLOPES, "SUPPORTED" if right else "REFUTED", rule="values and slopes at every point"),
        claim(DEFINED, "SUPPORTED" if defined else "REFUTED", rule="at every z < 0"),
    ]


def _values(dtype: str, name: str, own: dict[str, dict[float, float]]) -> Iterator[Finding]:
    """Value and slope against the reference, relative to the larger of the value and 1."""
    phi, z = meanfield.ACTIVATIONS[name], np.asarray(list(own["activation"]))
    want = phi.value(z)
    scale, values = np.maximum(np.abs(want), 1), list(own["activation"].values())
    yield exact(f"{dtype}, {name}", values, want, EXACT[dtype], scale=scale, seeds=1)
    smooth = ~np.isin(z, KINKS.get(name, ()))
    slopes = np.asarray(list(own["slope"].values()))
    yield exact(f"{dtype}, {name}'", slopes[smooth], phi.slope(z[smooth]), EXACT[dtype], scale=1, seeds=1)


def _identities(own: dict[str, dict[str, dict[float, float]]]) -> Iterator[Finding]:
    """Activations against each other, at the same points."""
    at = {(name, what): np.asarray(list(found.values())) for name, both in own.items() for what, found in both.items()}
    z = np.asarray(list(next(iter(own.values()))["activation"]))
    if {"softplus", "sigmoid", "relu"} <= set(own):
        s = at["sigmoid", "activation"]
        yield exact("softplus' against the sigmoid", at["softplus", "slope"], s, 1e-12, scale=1, seeds=1)
        yield exact("sigmoid' against sigma (1 - sigma)", at["sigmoid", "slope"], s * (1 - s), 1e-12, scale=1, seeds=1)
        apart = at["softplus", "activation"] - at["relu", "activation"]
        yield exact("softplus - relu", apart, np.log1p(np.exp(-np.abs(z))), 1e-12, np.maximum(np.abs(z), 1), seeds=1)


def _learned(evidence: Evidence) -> Iterator[Finding]:
    """dL/da of PReLU for L = (phi(z) - 1)^2 / 2; a network records bias, slope and weight of its hidden layer."""
    found, want = [], []
    for run, _, gradient in evidence.vector("gradient"):
        z = run["init.hidden_bias"] + 1
        found.append(gradient[0, 1])
        want.append(((z if z > 0 else LEARNED * z) - 1) * min(z, 0.0))
    if found:
        yield exact("gradient of the slope of PReLU", found, want, 1e-12, seeds=1)


def _naive(activation: Any) -> Any:
    def apply(z: Any, constants: Any) -> Any:
        from jax import numpy as jnp  # noqa: PLC0415 - listing the studies must not start JAX

        return jnp.log(1 + jnp.exp(z))

    return activation._replace(apply=apply)


STUDY = Study(
    id="E13",
    name="activation_identities",
    title="Are the activations and their slopes the functions of their definitions?",
    claims=(SLOPES, DEFINED),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(Mutant("softplus is log(1 + e^z)", bugs.replace("activations", "softplus", _naive)),),
    figures=(Figure("values and slopes", "values", "init.hidden_bias", "value", "activation", "quantity"),),
)
