"""Figures of stochastic descent that show what stands in no table: noise, costs, spreads, with theory over them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.spec import Evidence, Figure, Frame
from bench.studies.lines import once, rows
from bench.theory import batches, noise

Rows = Callable[[Evidence], Iterator[Any]]
"""What a study measures, one tuple per run or cell."""


def noise_by_size(measured: Rows) -> Figure:
    """E ||g_B - G||^2 over B, which is tr Sigma / B with replacement, and less without.

    Args:
        measured: per run ((data, order, B, steps before), its noise, what theory says, ||G||^2, tr Sigma, m).
    """
    names = "rows", "order", "batch_size", "mean square error of the gradient"

    def place(cell: Any) -> str:
        return f"{cell[0]} after {cell[3]:g} steps"

    def seen(evidence: Evidence) -> Frame:
        return rows(names, [(place(cell), cell[1], cell[2], got) for cell, got, *_ in once(measured, evidence)])

    def law(evidence: Evidence) -> Frame:
        traces: dict[Any, list[float]] = {}
        for cell, *_, trace, count in once(measured, evidence):
            for order in ("replacement", "reshuffle"):
                traces.setdefault((place(cell), order, int(count)), []).append(trace)
        found = []
        for (at, order, count), trace in traces.items():
            own = order == "replacement"
            for size in np.unique(np.geomspace(1, count if own else count - 1, 30).astype(int)):
                found.append((at, order, size, noise.batch_noise(float(np.mean(trace)), size, count, own)))
        return rows(names, found)

    return Figure("Noise falls like 1 / B", seen, names[2], names[3], names[1], names[0], "xy", theory=law)


def gradients_by_rows(costs: Rows, target: float, rates: tuple[float, float]) -> Figure:
    """Gradients of single rows to an excess risk over the number of rows, and where the expected risk gets there.

    Args:
        costs: (data, m, regime, gradients of each seed).
        target: excess risk.
        rates: of full batches and of single rows.
    """
    names = "rows", "regime", "gradients of single rows to the target"

    def seen(evidence: Evidence) -> Frame:
        own = [item for item in costs(evidence) if item[0] == "stream"]
        return rows(names, [(count, regime, one) for _, count, regime, cost in own for one in cost])

    def law(evidence: Evidence) -> Frame:
        run = next(run for run, _, _ in evidence.curve("test_loss") if run.data == "stream")
        truth = evidence.table(run).truth
        values, found, sizes = truth["eigenvalues"], [], seen(evidence)["rows"].unique()
        for regime, size, rate in (("batch", np.inf, rates[0]), ("stochastic", 1, rates[1])):
            risk = noise.gaussian_risk(values, np.ones_like(values), rate, size, truth["noise"] ** 2, 3000)
            steps = int(np.argmax(risk <= target))
            found += [(count, regime, steps * (count if regime == "batch" else 1)) for count in sizes]
        return rows(names, found)

    title = "Full batches pay for every row; single rows cost the same however many there are"
    return Figure(title, seen, names[0], names[2], names[1], log="xy", theory=law)


def cost_by_size(steps: Callable[[Evidence, str], Any], samples: bool) -> Figure:
    """Steps or samples to a target over the batch size, each at its best learning rate, and the fitted law.

    Args:
        steps: per batch size the steps of each seed, of one model.
        samples: whether samples are shown, B times the steps.
    """
    names = "model", "batch_size", f"{'samples' if samples else 'steps'} to the target"

    def seen(evidence: Evidence) -> Frame:
        found = []
        for model in evidence.runs["model"].unique():
            for size, counts in sorted(steps(evidence, model).items()):
                found += [(model, size, count * (size if samples else 1)) for count in counts]
        return rows(names, found)

    def law(evidence: Evidence) -> Frame:
        found = []
        for model in evidence.runs["model"].unique():
            own = {size: np.mean(counts) for size, counts in sorted(steps(evidence, model).items())}
            if len(own) < 3 or not np.isfinite(list(own.values())).all():
                continue
            least, critical, _ = batches.fit_steps_law(np.array(list(own), float), np.array(list(own.values())))
            at = np.geomspace(min(own), max(own), 30)
            cost = batches.steps_law(at, least, critical) * (at if samples else 1)
            found += [(model, size, value) for size, value in zip(at, cost, strict=True)]
        return rows(names, found)

    title = "Samples stay the same up to B_c, then grow" if samples else "Steps fall like 1 / B up to B_c, then stay"
    return Figure(f"{title}: S_min (1 + B_c / B), fitted", seen, *names[1:], names[0], log="xy", theory=law)


def step_seconds(most: int, repeats: int) -> Figure:
    """Seconds of a step over the batch size, and a + b B.

    Args:
        most: rows of a full batch.
        repeats: of the runs that are timed.
    """
    names = "batch_size", "seconds of a step"

    def seen(evidence: Evidence) -> Frame:
        timed = evidence.runs[evidence.runs["repeats"] == repeats]
        return rows(names, zip(timed["batch_size"].fillna(most), timed["seconds"] / timed["steps"], strict=True))

    def law(evidence: Evidence) -> Frame:
        sizes, seconds = seen(evidence).to_numpy(float).T
        per_row, overhead = np.polyfit(sizes, seconds, 1, w=1 / seconds)
        at = np.geomspace(sizes.min(), sizes.max(), 30)
        return rows(names, zip(at, overhead + per_row * at, strict=True))

    return Figure("A step takes a + b B seconds, fitted", seen, *names, log="xy", theory=law)


def order_spread() -> Figure:
    """How far apart the ends of an epoch lie under different orders of its batches, over the learning rate."""
    names = "learning_rate", "batch_size", "largest distance between two ends"

    def ends(evidence: Evidence) -> Iterator[tuple[Any, int, dict[float, float]]]:
        """Per batch size the rows, B, and the distance at each learning rate."""
        found: dict[int, dict[float, list[Any]]] = {}
        every = (item for item in evidence.vector("parameter") if item[0].order == "shuffled_batches")
        paths = [item for item in every if item[0].batch_size > 1]  # 420 steps are far from the limit
        for run, _, theta in paths:
            found.setdefault(int(run.batch_size), {}).setdefault(run.learning_rate, []).append(theta[-1])
        for size, rates in found.items():
            own = {rate: np.stack(points) for rate, points in sorted(rates.items())}
            far = {rate: np.linalg.norm(one[:, None] - one[None], axis=2).max() for rate, one in own.items()}
            yield evidence.table(paths[0][0]), size, {rate: float(value) for rate, value in far.items()}

    def seen(evidence: Evidence) -> Frame:
        return rows(names, [(rate, size, value) for _, size, far in ends(evidence) for rate, value in far.items()])

    def law(evidence: Evidence) -> Frame:
        """Exact for two batches; for more of them eta^2, through the least rate."""
        found = []
        for table, size, far in ends(evidence):
            least, value = next(iter(far.items()))
            for rate in far:
                two = table.rows == 2 * size
                want = batches.swapped(table.x, table.y, rate) if two else value * (rate / least) ** 2
                found.append((rate, size, want))
        return rows(names, found)

    title = "Which batch comes first moves the end of an epoch by O(eta^2)"
    return Figure(title, seen, names[0], names[2], names[1], log="xy", theory=law)
