"""E09: orthogonal weights keep every direction of the gradient, Gaussian ones only its mean square.

Theory: the Jacobian of a linear network with orthogonal weights is orthogonal, all its singular values s are 1 (Saxe et
al. 2014). With Gaussian weights of variance 1 / n the mean of s^2 is 1 as well, while Var(s^2) = L and s_max^2 tends to
(L + 1)^(L + 1) / L^L as the width grows (Penson and Zyczkowski 2011). With ReLU, Var(s^2) / mean(s^2)^2 is 2 L for
Gaussian and L for orthogonal weights: J = D_L W_L ... D_1 W_1 with D_l the slopes (Pennington, Schoenholz and Ganguli
2017). At n = 400 that ratio has a CV of at most .04 in linear networks, of .1 under one layer of ReLU, whose units are
on or off as coins fall, and of .07 under many, so that 16, 48 and 32 networks pass EQ(0.1) with p > 1 - 1e-3.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import bound, claim, equivalent, exact, worst
from bench.studies import bugs
from bench.theory import spectra

HEALTHY = Claim("healthy", "a better initialisation keeps gradients healthy", "S0, S3")

DEPTHS = {"full": (1, 2, 5, 10), "quick": (2,), "cell": (2,)}
WIDTH = {"full": 400, "quick": 400, "cell": 100}
EXACT = ("identity", "orthogonal")  # no seed can differ from theory by more than rounding
GAINS = {"identity": 1.0, "relu": 2**0.5}  # so that the mean of s^2 is 1


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    row = {"data": "white_noise", "data.rows": 1, "data.features": WIDTH[profile], "scaling": "raw"}
    net = {"model": "mlp", "width": WIDTH[profile], "bias": False, "loss": "half_squared_error"}
    look = {"steps": 0, "checkpoints": "end", "probes": "jacobian"}
    names = list(GAINS) if profile != "cell" else ["identity"]
    found = []
    for depth in DEPTHS[profile]:
        for name, init in product(names, ("lecun", "orthogonal")):
            start = {"depth": depth, "activation": name, "init": init, "init.gain": GAINS[name]}
            seeds = 2 if (name, init) == EXACT else 8 if profile == "cell" else _seeds(name, depth)
            found.append(Grid({**row, **net, **look, **start, "seed": list(range(seeds))}))
    return found


def _seeds(name: str, depth: int) -> int:
    return 16 if name == "identity" else 48 if depth <= 2 else 32


def judge(evidence: Evidence) -> Sequence[Finding]:
    cells = defaultdict(list)
    for run, _, values in evidence.vector("jacobian_singular_value"):
        cells[run.activation, run.init, run.depth].append(values[0])
    found = [finding for cell, values in cells.items() for finding in _spectrum(cell, np.asarray(values) ** 2)]
    spread = {cell: float(np.mean(np.asarray(values)[:, -1])) for cell, values in cells.items()}
    deepest = max(depth for _, _, depth in cells)
    least = {init: spread["identity", init, deepest] for init in ("lecun", "orthogonal")}
    better = worst(found) == "PASS" and least["orthogonal"] > 0.99 > least["lecun"]
    rule = "smallest singular value of a linear network above .99 with orthogonal weights, and only with them"
    return [*found, claim(HEALTHY, "SUPPORTED" if better else "REFUTED", least["orthogonal"], 1.0, rule)]


def _spectrum(cell: tuple[str, str, int], squares: Any) -> Iterator[Finding]:
    """The spectrum of one kind of network; squares (seeds, n), descending."""
    name, init, depth = cell
    label = f"{name}, {'Gaussian' if init == 'lecun' else 'orthogonal'}, L = {depth}"
    if (name, init) == EXACT:
        yield exact(f"{label}: every singular value", np.sqrt(squares), 1.0, 1e-5, seeds=len(squares))
        return
    mean = squares.mean(axis=1)
    theory = spectra.relative_variance(depth, name == "relu", init == "orthogonal")
    yield equivalent(f"{label}: Var(s^2) / mean(s^2)^2", squares.var(axis=1) / mean**2, theory, 0.1)
    if name == "identity":
        yield equivalent(f"{label}: mean of s^2", mean, 1.0, 0.1)
        edge = spectra.largest_square(depth)
        tight = 0.9 if depth <= 2 and squares.shape[1] >= 400 else None  # reached the later, the deeper the product
        yield bound(f"{label}: largest s^2 / {edge:.4g}", squares.max(axis=1).mean(), edge, tight, slack=0.05)


def _scaled_rows(init: Any) -> Any:
    """The scale of half of the rows is forgotten, that of the others makes up for it."""

    def weight(draw: Any) -> Any:
        right = init.weight(draw)
        return right.at[::2].multiply(1.2).at[1::2].multiply(0.56**0.5)

    return init._replace(weight=weight)


STUDY = Study(
    id="E09",
    name="orthogonal_isometry",
    title="Which initialisation keeps every direction of the gradient?",
    claims=(HEALTHY,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant(
            "sigma_w differs between rows of the orthogonal init", bugs.replace("inits", "orthogonal", _scaled_rows)
        ),
        Mutant("the orthogonal init is a Gaussian one", bugs.swapped("inits", "orthogonal", "lecun")),
    ),
    figures=(Figure("singular values spread with depth", "values", "index", "value", "depth", "init", "y"),),
)
