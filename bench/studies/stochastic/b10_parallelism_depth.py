"""B10: which steps of an epoch can be taken at the same time?

Theory: the gradient of a batch is a sum over its rows, in any order and on any number of machines; an epoch costs m
gradients of rows whatever the batch size, but m / B of its steps wait for each other, as each starts from where the one
before ended. Swapping two steps moves the end by eta^2 (H_2 g_1 - H_1 g_2), exactly so on quadratics: the order matters
by O(eta^2), and not at all where each row has features of its own, as Hessians of rows then commute.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.spec import Claim, Evidence, Finding, Grid, Lookup, Mutant, Parts, Profile, Study
from bench.stats import claim, exact, worst
from bench.studies import bugs, stochastic_figures
from bench.theory import batches

PARALLEL = Claim("parallel", "batch descent can compute its rows in parallel", "S4")
SERIAL = Claim("serial", "stochastic descent is serial, because each step needs the parameters of the one before", "S4")

ROWS, ORDERS = 420, 20
RATES = [0.02, 0.01, 0.005]
SHARDS = {"full": (2, 5, ROWS), "quick": (2,), "cell": (2,)}
ONE_HOT = 32  # rows, each with a feature of its own


def grids(profile: Profile, data: Lookup) -> Sequence[Grid]:
    run = {"model": "linear", "dtype": "float64", "learning_rate": RATES, "checkpoints": "end", "probes": "parameters"}
    rows = {**run, "data": "diabetes", "split": f"{ROWS}/22", "probe_rows": 8}
    found = [Grid({**rows, "steps": 1})] if profile != "cell" else []
    for shards in SHARDS[profile]:
        own, seeds = {**rows, "batch_size": ROWS // shards}, {"seed": list(range(ORDERS))}
        gathered = {"optimizer": "accumulated_sgd", "optimizer.every": shards, "steps": shards}
        orders = ["shuffled_batches", "shuffled_within"] if shards < ROWS else ["shuffled_batches"]
        found.append(Grid({**own, **gathered, "order": "sequential"}))
        found.append(Grid({**own, **seeds, "epochs": 1, "order": orders}))
    alone = {"data": "ellipsoid", "data.features": ONE_HOT, "data.condition": 1.0, "scaling": "raw", "bias": False}
    return [*found, Grid({**run, **alone, "batch_size": 1, "epochs": 2, "seed": list(range(ORDERS))})]


def judge(evidence: Evidence) -> Sequence[Finding]:
    paths = list(evidence.vector("parameter"))
    rows = [item for item in paths if item[0].data == "diabetes"]
    table = evidence.table(rows[0][0])
    once = evidence.runs[(evidence.runs["data"] == "diabetes") & (evidence.runs["optimizer"] == "sgd")]
    waits = ROWS / once["batch_size"].fillna(ROWS)
    work = exact("gradients of rows per epoch", once["gradient_evaluations"], ROWS, 0)
    depth = exact("steps of an epoch that wait for the one before", once["steps_taken"], waits, 0)
    parallel = [*_sums(table, rows), work]
    free = _commuting(evidence, [item for item in paths if item[0].data != "diabetes"])
    serial = [*_effects(table, rows), free, depth]
    judged = ((PARALLEL, parallel), (SERIAL, serial))
    return [*parallel, *serial, *(claim(c, "SUPPORTED" if worst(f) == "PASS" else "REFUTED") for c, f in judged)]


def _sums(table: Any, paths: Sequence[Any]) -> Iterator[Finding]:
    """Gradients gathered from shards, and batches whose rows are permuted, against a pass over the table."""
    labels = {"sequential": "gradients gathered from shards", "shuffled_within": "rows permuted in their batches"}
    for size, order in sorted({(int(run.batch_size), run.order) for run, *_ in paths if run.order in labels}):
        own = [(run, end[-1]) for run, _, end in paths if run.batch_size == size and run.order == order]
        parts = 1 if order == "sequential" else ROWS // size
        want = [batches.one_pass(table.x, table.y, parts, run.learning_rate) for run, _ in own]
        got, seeds = [end for _, end in own], len(own) // len(RATES)
        yield exact(f"{labels[order]}, B = {size}", got, want, 1e-12, np.abs(want).max(), seeds=seeds)


def _effects(table: Any, paths: Sequence[Any]) -> Iterator[Finding]:
    """How far apart the ends of an epoch lie under different orders of its batches."""
    own = [(run, end[-1]) for run, _, end in paths if run.order == "shuffled_batches" and run.batch_size > 1]
    for size in sorted({int(run.batch_size) for run, _ in own}):
        ends = [np.stack([e for run, e in own if (run.batch_size, run.learning_rate) == (size, r)]) for r in RATES]
        spread = np.array([np.sqrt(np.sum(np.var(end, axis=0))) for end in ends])
        slope = np.polyfit(np.log(RATES), np.log(spread + 1e-300), 1)[0]
        yield exact(f"B = {size}: slope of log spread over orders in log eta", slope, 2, 0.1, 1, seeds=ORDERS)
        if ROWS // size == 2:
            far = [np.linalg.norm(end[:, None] - end[None], axis=2).max() for end in ends]
            want = [batches.swapped(table.x, table.y, rate) for rate in RATES]
            yield exact("two batches: distance of the ends of both orders", far, want, 1e-9, seeds=ORDERS)


def _commuting(evidence: Evidence, paths: Sequence[Any]) -> Finding:
    """One feature per row: after two epochs (1 - 32 eta)^2 of the error is left, whatever the order."""
    truth = [evidence.table(run).truth["weight"] for run, *_ in paths]
    want = [w * (1 - (1 - ONE_HOT * run.learning_rate) ** 2) for w, (run, *_) in zip(truth, paths, strict=True)]
    return exact("one feature per row: end in any order", [t[-1] for *_, t in paths], want, 1e-12, 1, seeds=ORDERS)


def _stale(parts: Parts) -> Parts:
    """Both steps of an epoch of two batches from the parameters at its start."""
    late = bugs.on_rate(lambda rate: 2 * rate)(parts.get("methods", "accumulated_sgd"))
    make = lambda h: late.make({**h, "optimizer.every": 2 + 0 * h["learning_rate"]})  # noqa: E731
    return parts.replaced("methods", "sgd", lambda sgd: sgd._replace(make=make))


def _by_place(loss: Any) -> Any:
    """A row counts by its place in the batch."""
    return loss._replace(per_row=lambda z, y: (2 * np.arange(len(y)) + 1) / len(y) * loss.per_row(z, y))


STUDY = Study(
    id="B10",
    name="parallelism_depth",
    title="Which steps of an epoch can be taken at the same time?",
    claims=(PARALLEL, SERIAL),
    theory=__doc__ or "",
    grids=grids,
    judge=judge,
    mutants=(
        Mutant("steps use stale parameters", _stale),
        Mutant("rows count by their place in the batch", bugs.replace("losses", "half_squared_error", _by_place)),
    ),
    figures=(stochastic_figures.order_spread(),),
)
