"""B07: how many gradients of single rows do full-batch and stochastic descent need, as the data grow?

Theory: to reach an excess risk full-batch descent takes a number of steps that does not depend on m, hence gradients in
proportion to m; stochastic descent takes a number of rows that does not depend on m (Bottou and Bousquet 2008, table
2).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spec import Claim, Evidence, Figure, Finding, Grid, Lookup, Mutant, Profile, Study
from bench.stats import claim, exact, sign, worst
from bench.studies import bugs, stochastic_figures

TOO_HIGH = Claim(
    "complexity", "stochastic descent takes too much time, full batches are more efficient", "S4", "REFUTED"
)
EFFICIENT = Claim("efficient", "full batches are the computationally most efficient", "S2", "REFUTED")
SLOW = Claim("slow", "full batches are slow on big data, stochastic descent is fast", "S2")

SEEDS = list(range(20))
ROWS = {"full": (200, 1000, 5000, 20_000, 100_000), "quick": (200, 5000), "cell": (200, 2000)}
TARGETS = {"stream": 0.05, "digits": 0.6}  # excess risk; test loss
STREAM: dict[str, Any] = {"data": "stream", "data.features": 10, "data.condition": 100.0, "data.noise": 0.5}
STREAM |= {"model": "linear", "scaling": "raw", "bias": False, "split": "own", "init": "normal"}
DIGITS: dict[str, Any] = {"data": "digits", "model": "softmax", "split": "1400/397"}
FULL_BATCH = {"batch_size": "full", "steps": 40, "checkpoints": 1}
SINGLE = {"batch_size": 1, "order": "replacement", "steps": 1500, "checkpoints": 10}
RATES = {"stream": (0.8, 0.05), "digits": (0.25, 0.02)}  # of full batches, below 1 / L, and of single rows

PATHS = "How the risk falls, for each number of rows"


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    problems = [{**STREAM, "data.rows": rows} for rows in ROWS[profile]] + ([DIGITS] if profile == "full" else [])
    found = []
    for problem in problems:
        for rate, kind in zip(RATES[problem["data"]], (FULL_BATCH, SINGLE), strict=True):
            found.append(Grid({**problem, **kind, "learning_rate": rate, "seed": SEEDS, "probes": "off"}))
    return found


def judge(evidence: Evidence) -> Sequence[Finding]:
    cost = {(data, rows, regime): values for data, rows, regime, values in _costs(evidence)}
    sizes = sorted({rows for data, rows, _ in cost if data == "stream"})
    found = []
    for regime, want in (("batch", 1.0), ("stochastic", 0.0)):
        logs = np.log([cost["stream", rows, regime] for rows in sizes])
        slope = float(np.polyfit(np.log(sizes), logs, 1)[0].mean()) if np.isfinite(logs).all() else np.nan
        found.append(exact(f"{regime}: slope of log gradients over log m", slope, want, 0.1, 1, seeds=len(SEEDS)))
    for data, rows, regime in cost:
        if regime == "batch" and (data == "digits" or rows == sizes[-1]):
            gain = cost[data, rows, "batch"] / cost[data, rows, "stochastic"]
            found.append(sign(f"{data}, {rows} rows: full batches need more gradients", gain - 1))
    gain = float(np.mean(cost["stream", sizes[-1], "batch"] / cost["stream", sizes[-1], "stochastic"]))
    rule = f"gradients of full batches / of single rows at m = {sizes[-1]} > 1"
    held = ((TOO_HIGH, gain <= 1), (EFFICIENT, gain <= 1), (SLOW, gain > 1 and worst(found) == "PASS"))
    return [*found, *(claim(one, "SUPPORTED" if true else "REFUTED", gain, 1.0, rule) for one, true in held)]


def _costs(evidence: Evidence) -> Iterator[tuple[str, int, str, NDArray[np.float64]]]:
    """Data, rows, regime and, per seed, the gradients of single rows until the target is reached."""
    seen: dict[tuple[str, int, str], list[float]] = {}
    work = {run.run: values for run, _, values in evidence.curve("gradient_evaluations")}
    for run, _, loss in evidence.curve("test_loss"):
        rows = 1400 if run.data == "digits" else int(run["data.rows"])
        hit = np.flatnonzero(loss <= TARGETS[run.data])
        seen.setdefault((run.data, rows, run.regime), []).append(float(work[run.run][hit[0]]) if len(hit) else np.inf)
    for (data, rows, regime), values in seen.items():
        yield data, rows, regime, np.maximum(values, 1.0)


def _first_rows(order: Any) -> Any:
    return lambda random, rows, *more: order(random, min(rows, 20), *more)


def _steps(evidence: Evidence) -> Evidence:
    return dataclasses.replace(
        evidence, curves=evidence.curves.assign(gradient_evaluations=evidence.curves["step"].astype(float))
    )


STUDY = Study(
    id="B07",
    name="gradient_evaluation_cost",
    title="How many gradients do full-batch and stochastic descent need as the data grow?",
    claims=(TOO_HIGH, EFFICIENT, SLOW),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("only the first 20 rows are drawn", bugs.replace("orders", "replacement", _first_rows)),
        Mutant("steps are counted instead of gradients", evidence=_steps),
    ),
    figures=(
        stochastic_figures.gradients_by_rows(_costs, TARGETS["stream"], RATES["stream"]),
        Figure(PATHS, "curves", "gradient_evaluations", "test_loss", "regime", "data.rows", "xy", {"data": "stream"}),
    ),
)
