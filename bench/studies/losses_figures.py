"""Figures of classification that show what stands in no table, with theory over them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from bench.spec import Evidence, Figure, Frame
from bench.studies.lines import once, rows
from bench.theory import logistic, oracles, squared_sigmoid


def basins(sets: Sequence[str], squared: str, reach: float) -> Figure:
    """Where descent on one weight ends, over where it starts: one place for the cross-entropy, a step for the other.

    Args:
        sets: data of one feature.
        squared: name of the squared error; other losses are convex.
        reach: starts lie within this distance from zero.
    """
    names = "weight at the start", "weight at the end", "loss", "data"

    def own(evidence: Evidence) -> Iterable[Any]:
        return (item for item in evidence.vector("parameter") if item[0].data in sets)

    def seen(evidence: Evidence) -> Frame:
        return rows(names, [(theta[0, 0], theta[-1, 0], run.loss, run.data) for run, _, theta in own(evidence)])

    def ends(evidence: Evidence) -> Frame:
        found = []
        for data, loss in sorted({(run.data, run.loss) for run, *_ in own(evidence)}):
            table = evidence.data(data, scaling="raw")
            x, starts = table.x[:, 0], np.linspace(-reach, reach, 200)
            if loss != squared:
                found += [(start, squared_sigmoid.entropy_minimiser(x, table.y), loss, data) for start in starts[::199]]
                continue
            points = squared_sigmoid.stationary(x, table.y, -reach, reach)
            (top,) = (weight for weight, minimum in points if not minimum)
            for weight in (weight for weight, minimum in points if minimum):
                found += [(start, weight, loss, data) for start in starts if (start > top) == (weight > top)]
        return rows(names, found)

    title = "The start decides where the squared error ends, and nothing where the cross-entropy does"
    return Figure(title, seen, *names, theory=ends)


def thresholds(measured: Callable[[Evidence, str, float], Mapping[float, float]], line: Any, l2: float) -> Figure:
    """Where least squares and logistic regression put the threshold, over the place of one far row.

    Args:
        measured: (evidence, model, level) -> outlier -> threshold.
        line: outlier -> the rows.
        l2: penalty of logistic regression.
    """
    names, levels = ("place of the far row", "threshold", "model"), {"linear": 0.5, "logistic": 0.0}

    def seen(evidence: Evidence) -> Frame:
        own = {model: measured(evidence, model, level) for model, level in levels.items()}
        return rows(names, [(far, x, model) for model, at in own.items() for far, x in at.items() if far > 0])

    def wanted(evidence: Evidence) -> Frame:
        del evidence
        found = []
        for far in np.geomspace(10, 1000, 25):
            x = line(far)
            fits = {
                "linear": oracles.linear_regression(x[:, None], (x > 0).astype(float)),
                "logistic": logistic.minimiser(x[:, None], (x > 0).astype(np.int64), l2),
            }
            found += [(far, (levels[model] - fit[0]) / fit[1], model) for model, fit in fits.items()]
        return rows(names, found)

    title = "One far row drags the threshold of least squares, and leaves that of logistic regression"
    return Figure(title, seen, *names, log="x", theory=wanted)


def first_gradients(squared: str, entropy: str) -> Figure:
    """The first gradient of the squared error in that of the cross-entropy, over the bias b: sigma'(b).

    Args:
        squared, entropy: names of the losses.
    """
    names = "bias of the outputs", "first gradient, squared error / cross-entropy"

    def seen(evidence: Evidence) -> Frame:
        deltas = {(run.loss, run["init.output_bias"]): d[0] for run, _, d in evidence.vector("output_delta")}
        ratios = {b: np.mean(d / deltas[entropy, b]) for (loss, b), d in deltas.items() if loss == squared}
        return rows(names, list(ratios.items()))

    def slope(evidence: Evidence) -> Frame:
        del evidence
        return rows(names, [(b, expit(b) * expit(-b)) for b in np.linspace(-8, 8, 81)])

    return Figure("Where outputs start saturated, the squared error starts slowly", seen, *names, log="y", theory=slope)


def logit_gradients(cells: Callable[[Evidence], Iterable[Any]]) -> Figure:
    """dC/dz_j over the probability a_j, of the true class and of others.

    Args:
        cells: per run (run, logits, labels, dC/dz).
    """
    names = "probability of the class", "dC/dz of the class", "class", "precision"
    kinds = {True: "the true one", False: "another"}

    def seen(evidence: Evidence) -> Frame:
        found = []
        for run, z, y, delta in cells(evidence):
            share, true = softmax(z.astype(float), axis=1), np.arange(z.shape[1]) == np.asarray(y)[:, None]
            own = zip(share.ravel(), delta.ravel(), true.ravel(), strict=True)
            found += [(a, d, kinds[bool(one)], run.dtype) for a, d, one in own]
        return rows(names, found)

    def wanted(evidence: Evidence) -> Frame:
        kept = dict.fromkeys(run.dtype for run, *_ in cells(evidence))
        return rows(names, [(a, a - one, kinds[one], at) for at in kept for one in kinds for a in (0.0, 0.5, 1.0)])

    return Figure("dC/dz_j is a_j - y_j, for every class", seen, *names, theory=wanted)


def separate_fits() -> Figure:
    """Coefficients of one-vs-rest over those of K separate problems, as scikit-learn solves them."""
    names = "coefficient of a separate problem", "coefficient of one-vs-rest", "l2", "data"

    def pairs(evidence: Evidence) -> Iterable[Any]:
        for run, _, theta in evidence.vector("parameter"):
            table = evidence.table(run)
            want = oracles.one_vs_rest(table.x, table.y, run.l2)
            got = theta[-1].reshape(want.shape)
            yield from ((one, two, run.l2, run.data) for one, two in zip(want.ravel(), got.ravel(), strict=True))

    def seen(evidence: Evidence) -> Frame:
        return rows(names, once(pairs, evidence))

    def same(evidence: Evidence) -> Frame:
        own = seen(evidence)
        return own.assign(**{names[1]: own[names[0]]})

    return Figure("One-vs-rest finds the coefficients of K separate problems", seen, *names, theory=same)
