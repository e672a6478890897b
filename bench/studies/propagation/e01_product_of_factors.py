"""E01: a product of equal factors explodes or vanishes; of random matrices even factor 1 vanishes, slowly.

Theory: in a chain of neurons dz_L / dz_0 = g^L, so 1.5^100 = 4.065612e17 and .8^100 = 2.037036e-10. For n x n matrices
with entries N(0, g^2 / n), ||J v||^2 is g^(2 L) in the mean, while a typical one grows by ln g^2 + psi(n / 2) +
ln(2 / n) per layer, about 1 / n less (Cohen and Newman 1984). One mean of ln ||J v||^2 / L per seed: its standard error
over 400 seeds is at most .28 %, and Jensen's inequality adds .16 %, so that EQ(.02) fails a correct network with
p < 1e-3. Narrow matrices are there because 1 / n has to exceed the tolerance to be seen.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, worst
from bench.studies import bugs, lines
from bench.theory import products

EQUAL = "products of equal factors"
NUMBERS = Claim("numbers", "over 100 layers a factor of 1.5 explodes to 4e17 and one of 0.8 vanishes to 2e-10", "S1")
UNSTABLE = Claim(
    "unstable", "any factor per layer other than 1 makes the product of many layers unstable", "S0, S1, S3"
)

FACTORS = [0.8, 0.9, 1.0, 1.1, 1.5]
SEEDS = list(range(400))
LENGTHS = (10, 50, 100)  # of the chains
MATRICES = {"full": ((64, 10), (16, 50), (8, 100)), "quick": ((16, 50),), "cell": ((8, 100),)}  # width, length
FAR = 1e3  # a product above it or below its inverse has left the range of its inputs


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    net = {
        "model": "mlp",
        "activation": "identity",
        "bias": False,
        "data": "neuron",
        "scaling": "raw",
        "dtype": "float64",
    }
    look = {"loss": "half_squared_error", "steps": 0, "checkpoints": "end", "probes": "layer_gradients"}
    chain = {"width": 1, "depth": LENGTHS[-1], "init": "constant", "init.gain": FACTORS}
    found = [Grid({**net, **look, **chain})]
    factors = FACTORS if profile != "cell" else [1.0]
    for width, length in MATRICES[profile]:
        random = {"width": width, "depth": length + 1, "init": "lecun", "init.gain": factors, "seed": SEEDS}
        found.append(Grid({**net, **look, **random}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    products_of = {
        run["init.gain"]: [norms[0, -1 - length] / norms[0, -1] for length in LENGTHS]
        for run, _, norms in evidence.layer("delta_norm")
        if run.width == 1
    }
    chains = [
        exact(f"chain of {length} factors {factor:g}", found, factor**length, 1e-12, seeds=1)
        for factor, own in products_of.items()
        for length, found in zip(LENGTHS, own, strict=True)
    ]
    matrices = list(_matrices(evidence))
    ends = {factor: own[-1] for factor, own in products_of.items()}
    numbers = f"{ends[1.5]:.0e} {ends[0.8]:.0e}" == "4e+17 2e-10"
    far = [max(end, 1 / end) > FAR for factor, end in ends.items() if factor != 1]
    unstable = all(far) and max(ends[1.0], 1 / ends[1.0]) < FAR and worst([*chains, *matrices]) == "PASS"
    rule = f"after {LENGTHS[-1]} layers every factor but 1 is beyond {FAR:g} or its inverse"
    return [
        *chains,
        *matrices,
        claim(NUMBERS, "SUPPORTED" if numbers else "REFUTED", ends[1.5], 4e17, "both numbers to their one digit"),
        claim(UNSTABLE, "SUPPORTED" if unstable else "REFUTED", float(np.mean(far)), 1.0, rule),
    ]


def _matrices(evidence: Evidence) -> Iterator[Finding]:
    """The typical factor per layer, between the first hidden pre-activation and the last."""
    samples: dict[tuple[int, int, float], list[float]] = {}
    for run, _, norms in evidence.layer("delta_norm"):
        if run.width > 1:
            cell = samples.setdefault((run.width, run.depth - 1, run["init.gain"]), [])
            cell.append((norms[0, 0] / norms[0, -2]) ** (2 / (run.depth - 1)))
    for (width, length, factor), factors in samples.items():
        theory = np.exp(products.log_gain(width, factor))
        label = f"{length} matrices of width {width}, g = {factor:g}: typical factor per layer of ||J v||^2"
        yield equivalent(label, factors, float(theory), 0.02)


def _product(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """From the output on, a factor per layer."""
    return measured[:, -1:] * float(run["init.gain"]) ** np.arange(measured.shape[1])[::-1]


PREDICTED = lines.layer("delta_norm", _product)

STUDY = Study(
    id="E01",
    name="product_of_factors",
    title="What becomes of a product of many factors, one per layer?",
    claims=(NUMBERS, UNSTABLE),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("weights are drawn with sigma_w, not sigma_w / sqrt(n)", bugs.swapped("inits", "lecun", "normal")),
    ),
    figures=(Figure(EQUAL, "layers", "layer", "delta_norm", "init.gain", "width", "y", {}, PREDICTED),),
)
