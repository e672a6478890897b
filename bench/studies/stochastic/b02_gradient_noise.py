"""B02: how inaccurate is the gradient of a batch, and how does that depend on its size?

Theory: rows drawn with replacement give E ||g_B - G||^2 = tr Sigma / B, without replacement (m - B) / (m - 1) times
that, 0 at B = m; noise and signal are equal at B_simple = tr Sigma / ||G||^2 (McCandlish et al. 2018, eqs. 2.6, 2.9).
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, equivalent, exact, worst
from bench.studies import bugs, stochastic_figures
from bench.theory import noise

INACCURATE = Claim("inaccurate", "the direction of stochastic descent is inaccurate, that of mini-batches better", "S2")

SEEDS = list(range(32))
ROWS: dict[str, Any] = {"data": "pool", "data.rows": 50, "data.features": 4, "split": "own", "model": "linear"}
PIXELS: dict[str, Any] = {"data": "digits", "model": "softmax", "learning_rate": 0.1 / 16**2}  # as .1 on pixels / 16
SIZES = {  # batch sizes of the synthetic rows with and without replacement, and the same of digits
    "full": ((1, 2, 5, 10, 25, 49, 50), (5, 25, 49, 50), (1, 10), (449,)),
    "quick": ((1, 50), (25,), (10,), ()),
    "cell": ((10, 25), (25,), (), ()),
}
DRAWS = (3000, 500)  # of each seed: EQ(.03) needs (6.6 CV / .03)^2 in all; CV is at most 1.39, .39 on digits
MOVED = 50  # steps before the second look at digits


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    gather = {"optimizer": "frozen_sgd", "seed": SEEDS, "scaling": "raw", "bias": False, "checkpoints": "end"}
    gather |= {"probes": [("parameters", "moments")], "probe_rows": 8}
    found = []
    for number, sizes in enumerate(SIZES[profile]):
        for size in sizes:
            steps = DRAWS[number // 2]
            run = {**gather, "batch_size": size, "order": ("replacement", "reshuffle")[number % 2]}
            if number < 2:
                run |= {**ROWS, "start.weight": 1.0, "optimizer.moving": 0, "steps": steps, "dtype": "float64"}
            else:
                run |= {**PIXELS, "optimizer.moving": [0, MOVED], "steps": MOVED + steps}
            found.append(Grid(run))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    cells: dict[tuple[Any, ...], list[Any]] = {}
    for cell, *seen in _noise(evidence):
        cells.setdefault(cell, []).append(seen)
    found, curve, signal = [], {}, []
    for (data, order, size, moving), seen in cells.items():
        measured, predicted, square, *_ = np.array(seen).T
        label = f"{data} after {moving:g} steps, {order}, B = {size}: E ||g_B - G||^2"
        if predicted.max() == 0:
            found.append(exact(label, measured, 0, 1e-12, square, seeds=len(SEEDS)))
        else:
            found.append(equivalent(f"{label} / theory", measured / predicted, 1, 0.03))
        if data == "pool" and order == "replacement":
            curve[size] = measured.mean()
            signal.append(size * predicted.mean() / square.mean())
    slope = np.polyfit(np.log(list(curve)), np.log(list(curve.values())), 1)[0]
    found.append(exact("slope of log noise over log B, with replacement", slope, -1, 0.02, seeds=len(SEEDS)))
    critical = max(signal)
    verdict = "REFUTED" if worst(found) != "PASS" else "SUPPORTED" if critical > 1 else "CONDITIONAL"
    rule = "B_simple > 1: one row has more noise than signal"
    return [*found, claim(INACCURATE, verdict, critical, 1.0, rule, "where rows disagree more than that")]


def _noise(evidence: Evidence) -> Iterator[tuple[Any, ...]]:
    """Per run its cell, the measured and predicted noise at the point where it stays, ||G||^2, tr Sigma, m."""
    means, squares = ({run.run: v for run, _, v in evidence.vector(name)} for name in ("mean", "mean_square"))
    for run, _, theta in evidence.vector("parameter"):
        table = evidence.table(run)
        size = table.rows if run.regime == "batch" else int(run.batch_size)
        weight = theta[-1].reshape(table.x.shape[1], -1)
        outputs, labels = table.x @ weight, table.y
        delta = softmax(outputs, axis=1) - np.eye(10)[labels] if table.classes else outputs - labels[:, None]
        mean, trace = noise.row_noise(table.x, delta)
        order = run.order or "reshuffle"
        want = noise.batch_noise(trace, size, table.rows, order == "replacement")
        got = squares[run.run][-1].sum() - 2 * means[run.run][-1] @ mean.ravel() + np.sum(mean**2)
        yield (run.data, order, size, run["optimizer.moving"]), got, want, float(np.sum(mean**2)), trace, table.rows


def _independent(order: Any) -> Any:
    return lambda random, rows, size, steps, ragged: random.integers(rows, size=(steps, size))


def _distinct(order: Any) -> Any:
    """Each batch holds distinct rows."""

    def draw(random: Any, rows: int, size: int, steps: int, ragged: str) -> Any:
        epochs = math.ceil(steps / (rows // size))
        every = random.permuted(np.tile(np.arange(rows), (epochs, 1)), axis=1)[:, : rows // size * size]
        return every.reshape(-1, size)[:steps]

    return draw


STUDY = Study(
    id="B02",
    name="gradient_noise",
    title="How inaccurate is the gradient of a batch?",
    claims=(INACCURATE,),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("rows are drawn without replacement", bugs.replace("orders", "replacement", _distinct)),
        Mutant("rows of an epoch are drawn with replacement", bugs.replace("orders", "reshuffle", _independent)),
    ),
    figures=(stochastic_figures.noise_by_size(_noise),),
)
