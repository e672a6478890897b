"""B03: how far from the minimum does stochastic descent with a constant learning rate stay?

Theory: on fresh Gaussian rows twice the stationary excess risk is T = sigma^2 S / (1 - S), S = sum of
eta l_i / (B (2 - eta l_i (1 + 1 / B))), and eta sigma^2 tr H / 2B only for small eta; on a sample vec C =
(I - A)^-1 vec(eta^2 N / B) with the fourth moments of its rows in A (Bottou et al. 2018, theorem 4.6, made exact). A
pool of rows with exact second moments, drawn with replacement, stands for the stream.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, sign, worst
from bench.studies import bugs
from bench.studies import stochastic_lines as lines
from bench.theory import noise, quadratics

SETTLES = Claim("settles", "with a constant learning rate stochastic descent oscillates and does not settle", "S2")

SEEDS, DRAWS, BURN_IN = 256, 5, 1000  # EQ(.02, 256) wants a CV of at most .048 per seed; .045 is the largest here
VALUES = np.array([1, 0.5, 0.25, 0.1, 0.05])
STREAM: dict[str, Any] = {"data": "pool", "data.rows": 2**15, "split": "own", "bias": False, "data.draws": DRAWS}
STREAM |= {"data.spectrum": " ".join(f"{value:g}" for value in VALUES), "steps": BURN_IN + 2000}
SAMPLE: dict[str, Any] = {"data": "wine", "data.target": "number", "scaling": "standard", "steps": BURN_IN + 6000}
RATES = {1: [0.05, 0.1, 0.2], 4: [0.05, 0.1, 0.2, 0.5], 16: [0.05, 0.1, 0.2, 0.5]}  # at .5, B = 1 variance is infinite
SIZES = {"full": ((1, 4, 16), (1, 4)), "quick": ((1,), (4,)), "cell": ((), (4,))}  # of the stream, of the sample
SAMPLE_RATES = {1: [0.05], 4: [0.05, 0.1]}  # the start is forgotten after the burn-in: (1 - eta mu)^2000 < 1e-4


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    run = {"model": "linear", "scaling": "raw", "order": "replacement", "seed": list(range(SEEDS))}
    run |= {"optimizer": "averaged_sgd", "optimizer.burn_in": BURN_IN, "checkpoints": "end", "probes": "moments"}
    stream, sample = SIZES[profile]
    return [
        *(Grid({**run, **STREAM, "batch_size": size, "learning_rate": RATES[size]}) for size in stream),
        *(Grid({**run, **SAMPLE, "batch_size": size, "learning_rate": SAMPLE_RATES[size]}) for size in sample),
    ]


def judge(evidence: Evidence) -> Sequence[Finding]:
    means = {run.run: mean[-1] for run, _, mean in evidence.vector("mean")}
    cells: dict[tuple[Any, ...], list[float]] = {}
    for run, _, square in evidence.vector("mean_square"):
        cell = (run.data, int(run.batch_size), run.learning_rate)
        if run.data == "pool":
            found = VALUES @ square[-1].reshape(len(VALUES), DRAWS).mean(axis=1)
        else:
            best = _sample(evidence, run.data)[2]
            found = np.sum(square[-1] - 2 * best * means[run.run] + best**2)
        cells.setdefault(cell, []).append(float(found))
    found, floors = [], []
    for (data, size, rate), values in cells.items():
        if data == "pool":
            label, want = "stream: twice the excess risk", noise.gaussian_floor(VALUES, rate, size)
        else:
            x, residual, _ = _sample(evidence, data)
            label, want = "sample: ||theta - theta*||^2", noise.stationary_covariance(x, residual, rate, size).trace()
        found.append(equivalent(f"{label}, eta = {rate:g}, B = {size}", values, float(want), 0.02))
        floors.append(float(np.mean(values)))
        if (data, size, rate) == ("pool", 1, 0.2):
            naive = rate * VALUES.sum() / 2
            found.append(sign("stream, eta = 0.2, B = 1: above the formula for small eta", np.array(values) - naive))
    verdict = "SUPPORTED" if worst(found) == "PASS" and min(floors) > 0 else "REFUTED"
    return [*found, claim(SETTLES, verdict, min(floors), 0, "the smallest floor is above 0")]


def _sample(evidence: Evidence, data: str) -> tuple[Any, Any, Any]:
    """Rows with their ones, residuals at the minimiser, and the minimiser."""
    table = evidence.data(data, target="number")
    x, best = quadratics.design(table.x), quadratics.minimiser(table.x, table.y)
    return x, x @ best - table.y, best


def _repeated(order: Any) -> Any:
    """Of B rows only the first sqrt(B) are distinct: noise falls like 1 / sqrt(B)."""

    def draw(random: Any, rows: int, size: int, steps: int, ragged: str) -> Any:
        return order(random, rows, size, steps, ragged)[:, np.arange(size) % int(np.sqrt(size))]

    return draw


def _permuted(order: Any) -> Any:
    """Every epoch sees each row once."""

    def draw(random: Any, rows: int, size: int, steps: int, ragged: str) -> Any:
        epochs = -(-steps // (rows // size))
        every = random.permuted(np.tile(np.arange(rows), (epochs, 1)), axis=1)[:, : rows // size * size]
        return every.reshape(-1, size)[:steps]

    return draw


STUDY = Study(
    id="B03",
    name="sgd_stationary_risk",
    title="How far from the minimum does stochastic descent with a constant learning rate stay?",
    claims=(SETTLES,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("noise falls like the root of the batch size", bugs.replace("orders", "replacement", _repeated)),
        Mutant("rows are drawn without replacement", bugs.replace("orders", "replacement", _permuted)),
    ),
    figures=(
        Figure(
            "The floor rises with the rate and falls with the batch, on fresh rows",
            "runs",
            "learning_rate",
            "final_test_loss",
            "batch_size",
            log="xy",
            where={"data": "pool"},
            theory=lines.gaussian_risk,
        ),
    ),
)
