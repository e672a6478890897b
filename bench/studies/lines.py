"""Lines of theory that several figures draw over what was measured; see `Figure.theory`."""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from bench.spec import Evidence, Frame
from bench.theory import descent, interpolated, logistic, meanfield, neuron, quadratics

Predict = Callable[[Evidence, Any, Any, Any], Any]
"""`(evidence, run, steps, measured) -> predicted`: `steps` is (checkpoints,), the others are alike in shape."""

Line = Callable[[Evidence], Frame]


class Same:
    """A thing that is a key by identity, so that what follows from it is computed once for many runs."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing


def rows(names: Sequence[str], found: Iterable[Sequence[Any]]) -> Frame:
    """Rows of a figure that stand in no table.

    Args:
        names: of the columns.
        found: one tuple per row.
    """
    import pandas  # noqa: PLC0415 - listing the studies must not wait for it

    return pandas.DataFrame(list(found), columns=list(names))


def once(compute: Callable[[Evidence], Iterable[Any]], evidence: Evidence) -> list[Any]:
    """What a figure and its theory both ask for."""
    return _kept(compute, Same(evidence))


@functools.lru_cache(maxsize=2)
def _kept(compute: Callable[[Evidence], Iterable[Any]], evidence: Same) -> list[Any]:
    return list(compute(evidence.thing))


def curve(column: str, predict: Predict) -> Line:
    """Theory of a column of `curves`: (checkpoints,) of each run."""
    return lambda evidence: _filled(evidence, evidence.curves, column, evidence.curve(column), predict)


def layer(column: str, predict: Predict) -> Line:
    """Theory of a column of `layers`: (checkpoints, layers) of each run."""
    return lambda evidence: _filled(evidence, evidence.layers, column, evidence.layer(column), predict)


def vector(quantity: str, predict: Predict) -> Line:
    """Theory of a quantity of `values`: (checkpoints, entries) of each run."""

    def line(evidence: Evidence) -> Frame:
        frame = evidence.values[evidence.values["quantity"] == quantity] if len(evidence.values) else evidence.values
        return _filled(evidence, frame, "value", evidence.vector(quantity), predict)

    return line


def end(column: str, predict: Predict) -> Line:
    """Theory of a column of `runs`, such as the loss at the end: `predict` is given the last step alone, (1,)."""

    def line(evidence: Evidence) -> Frame:
        own = evidence.curves.groupby("run", observed=True)["step"].max()
        found = {}
        for run, _, _ in evidence.curve("train_loss"):
            with np.errstate(over="ignore", invalid="ignore"):  # of runs that diverge
                last = predict(evidence, run, np.array([own[run.run]]), np.array([run[column]]))
            found[run.run] = float(np.ravel(last)[0])
        return evidence.runs.assign(**{column: evidence.runs["run"].astype(str).map(found)})

    return line


def _filled(evidence: Evidence, frame: Frame, column: str, runs: Any, predict: Predict) -> Frame:
    """The rows with predictions in place of what was measured; runs that theory is silent about are left out."""
    if frame.empty:
        return frame
    values, places = np.full(len(frame), np.nan), frame.groupby("run", observed=True).indices
    with np.errstate(over="ignore", invalid="ignore"):  # of runs that diverge
        for run, steps, measured in runs:
            values[places[run.run]] = np.ravel(np.broadcast_to(predict(evidence, run, steps, measured), measured.shape))
    return frame.assign(**{column: values})[np.isfinite(values)]


def quadratic(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J of full-batch descent on a quadratic: J* + sum_i l_i (1 - eta l_i)^2k (e_0)_i^2 / 2 (Nesterov 2004, 1.2).

    For runs of `linear` and `quadratic` whose start is recorded or zero; NaN for others.
    """
    del measured
    least, values, error = _modes(evidence, run)
    return least + (error**2 * values / 2 * (1 - run.learning_rate * values) ** (2 * steps[:, None])).sum(axis=1)


def slope(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """||grad J|| of full-batch descent on a quadratic, as `quadratic`."""
    del measured
    _, values, error = _modes(evidence, run)
    return np.linalg.norm(values * error * (1 - run.learning_rate * values) ** steps[:, None], axis=1)


def _modes(evidence: Evidence, run: Any) -> tuple[float, Any, Any]:
    """J*, the eigenvalues, and the first error in the eigenbasis."""
    plain = run.optimizer == "sgd" and run.regime == "batch" and run.schedule == "constant"
    if run.model == "quadratic" and plain:
        h, best = _bowl(run)
        least, (values, vectors) = 0.0, np.linalg.eigh(h)
    elif run.model == "linear" and plain and (table := evidence.table(run)).y.ndim == 1:
        least, best, values, vectors = _regression(Same(table), float(run.l2), bool(run.bias))
    else:
        return np.nan, np.ones(1), np.ones(1)
    return least, values, vectors.T @ (_start(evidence, run, len(best)) - best)


@functools.lru_cache(maxsize=64)  # the learning rates and starts of a configuration ask for the same
def _regression(table: Same, l2: float, bias: bool) -> tuple[float, Any, Any, Any]:
    """J*, where it is, and the eigenvalues and eigenvectors of linear regression on some rows."""
    x, y = table.thing.x, table.thing.y
    best = quadratics.minimiser(x, y, l2, bias)
    values, vectors = np.linalg.eigh(quadratics.hessian(x, l2, bias))
    return quadratics.loss(x, y, best, l2, bias), best, values, vectors


def _start(evidence: Evidence, run: Any, size: int) -> Any:
    """Where a run started: as recorded, or zero or the given point; NaN where it was drawn and not recorded."""
    own = _starts(Same(evidence.values)).get(run.run, ())
    if len(own) == size:
        return own
    if run.init != "zeros":
        return np.full(size, np.nan)
    return np.array([run["start.x"], run["start.y"]]) if run.model == "quadratic" else np.zeros(size)


@functools.lru_cache(maxsize=4)
def _starts(values: Same) -> dict[str, Any]:
    """Run -> its recorded parameters before the first step."""
    frame = values.thing
    if frame.empty:
        return {}
    own = frame[(frame["quantity"] == "parameter") & (frame["step"] == 0)]
    return {str(run): one.to_numpy() for run, one in own.groupby("run", observed=True)["value"]}


def backpropagated(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """||delta_l|| at the start by mean-field theory, from its value in the last hidden layer on (Schoenholz 2017).

    For plain networks of equal layers; NaN for others, and after the first step.
    """
    found = np.full(measured.shape, np.nan)
    if not _plain(run):
        return found
    bias = run["init.bias"] ** 2 if run.bias else 0.0
    axes = run.init, float(run["init.gain"]), float(bias), int(run.depth), int(run.width)
    squares = _squares(Same(evidence.table(run)), _phi(run), *axes)
    found[steps == 0, : len(squares)] = measured[steps == 0, len(squares) - 1] * np.sqrt(squares)
    return found


@functools.lru_cache(maxsize=4096)  # the seeds and learning rates of a configuration ask for the same
def _squares(
    table: Same, phi: meanfield.Phi, init: str, gain: float, bias_variance: float, depth: int, width: int
) -> Any:
    """`meanfield.backward_squares` of a network on some rows, (depth,)."""
    variance, x = meanfield.SCALED_VARIANCES[init], table.thing.x
    first = gain**2 * variance(x.shape[1], width) * meanfield.row_squares(x) + bias_variance
    return interpolated.backward_squares(phi, first, depth, gain**2 * variance(width, width), bias_variance)


def _plain(run: Any) -> bool:
    """Whether mean-field theory knows the network: plain, of equal layers, with scaled variances."""
    equal = run.width is not None and not np.isnan(run.width)
    return run.model == "mlp" and run.init in meanfield.SCALED_VARIANCES and equal


def _phi(run: Any) -> meanfield.Phi:
    slope = run["activation.slope"] if run.activation == "leaky_relu" else np.nan
    return meanfield.ACTIVATIONS[run.activation] if np.isnan(slope) else _leaky_relu(float(slope))


_leaky_relu = functools.lru_cache(maxsize=128)(meanfield.leaky_relu)


def level(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """The same in every layer as in the last one, as in homogeneous networks (Du, Hu and Lee 2018, theorem 2.1)."""
    del evidence, run, steps
    return np.broadcast_to(measured[:, -1:], measured.shape)


def with_momentum(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J on a bowl under heavy ball and Nesterov's method, by their recursions (Polyak 1964); NaN for others."""
    if run.model != "quadratic" or run.optimizer not in ("momentum", "nesterov"):
        return quadratic(evidence, run, steps, measured)
    h, best, start = *_bowl(run), _start(evidence, run, 2)
    rate, beta = run.learning_rate, run["optimizer.momentum"]
    path = descent.momentum_path(h, start - best, rate, beta, int(steps[-1]), run.optimizer == "nesterov")
    return np.einsum("ki,ij,kj->k", path[steps], h, path[steps]) / 2


def _bowl(run: Any) -> tuple[Any, Any]:
    """Hessian and centre."""
    h = np.array([[run["surface.xx"], run["surface.xy"]], [run["surface.xy"], run["surface.yy"]]])
    return h, np.array([run["surface.x"], run["surface.y"]])


def neuron_cost(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """The cost of one sigmoid neuron with input 1 and target 0 along its discrete path (Nielsen 2015, chapter 3)."""
    if run.data != "neuron":
        return np.full(measured.shape, np.nan)
    squared = run.loss == "half_sigmoid_squared_error"
    outputs = neuron.path(run["start.weight"] + run["start.bias"], run.learning_rate, int(steps[-1]), squared)[steps]
    return outputs**2 / 2 if squared else -np.log1p(-outputs)


def logistic_minimum(evidence: Evidence, run: Any, steps: Any, measured: Any) -> Any:
    """J* of logistic regression with a penalty, by Newton's method; NaN without one, where there may be no minimum."""
    if run.model != "logistic" or not run.l2 > 0:
        return np.full(measured.shape, np.nan)
    return np.full(measured.shape, _logistic_regression(Same(evidence.table(run)), float(run.l2)))


@functools.lru_cache(maxsize=64)
def _logistic_regression(table: Same, l2: float) -> float:
    """J* on some rows."""
    x, y = table.thing.x, table.thing.y
    return logistic.loss(x, y, logistic.minimiser(x, y, l2), l2)


LOSS = curve("train_loss", quadratic)
"""J of full-batch descent on a quadratic, step by step."""

LAST_LOSS = end("final_train_loss", quadratic)
"""J of full-batch descent on a quadratic after the last step."""

DELTA = layer("delta_norm", backpropagated)
"""||delta_l|| of a network at the start."""

SLOPE = curve("gradient_norm", slope)
"""||grad J|| of full-batch descent on a quadratic, step by step."""

LEVEL = layer("weight_gradient_norm", level)
"""||dL/dW_l||, the same in every layer."""

MOMENTUM = curve("train_loss", with_momentum)
"""J on a bowl under momentum."""

NEURON = curve("train_loss", neuron_cost)
"""The cost of one sigmoid neuron, step by step."""

LEAST = end("final_train_loss", logistic_minimum)
"""The least cost of a penalised logistic regression."""
