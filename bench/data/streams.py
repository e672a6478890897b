"""Rows that stand for a distribution: a pool with exact second moments, and measurements of a constant."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream


def _eigenvalues(options: Mapping[str, Any]) -> NDArray[np.float64]:
    if options["data.spectrum"]:
        return np.asarray([float(word) for word in options["data.spectrum"].split()])
    return np.logspace(0, -np.log10(options["data.condition"]), options["data.features"])


def _pool(seed: int, options: Mapping[str, Any]) -> Raw:
    """Gaussian rows and targets of noise alone, so that the minimiser is 0; drawn with replacement they are a stream.

    Exact in the sample: X^T X / m = diag(eigenvalues), X^T noise = 0, the mean square of the noise. The test rows
    sqrt(d lambda_i) e_i with target 0 make the test loss of half the squared error the excess risk
    sum lambda_i theta_i^2 / 2, summed over the `data.draws` targets, which differ in their noise.
    """
    values, rows, random = _eigenvalues(options), options["data.rows"], random_stream(0, 20)
    directions = np.linalg.qr(random.standard_normal((rows, len(values))))[0]
    noise = random.standard_normal((rows, options["data.draws"]))
    noise -= directions @ (directions.T @ noise)
    noise /= np.sqrt(np.mean(noise**2, axis=0))
    return _with_tests(np.sqrt(rows) * directions, noise, values, options["data.noise"])


def _stream(seed: int, options: Mapping[str, Any]) -> Raw:
    """Like `pool`, but every row is drawn afresh for each seed: taken in sequence, a stream as long as its rows."""
    values, random = _eigenvalues(options), random_stream(seed, 22)
    directions = random.standard_normal((options["data.rows"], len(values)))
    noise = random.standard_normal((options["data.rows"], options["data.draws"]))
    return _with_tests(directions, noise, values, options["data.noise"])


def _with_tests(
    white: NDArray[np.float64], noise: NDArray[np.float64], values: NDArray[np.float64], size: float
) -> Raw:
    """Rows with the eigenvalues, targets of noise, and the test rows."""
    x = np.concatenate([np.sqrt(values) * white, np.diag(np.sqrt(len(values) * values))])
    y = np.concatenate([size * noise, np.zeros((len(values), noise.shape[1]))])
    truth = {"eigenvalues": values, "noise": size}
    return Raw(x, y[:, 0] if y.shape[1] == 1 else y, 0, truth, tests=len(values))


def _measurements(seed: int, options: Mapping[str, Any]) -> Raw:
    """`data.draws` series of standard normal measurements of 0, the feature is 1; the test row is the constant.

    The loss of a weight w on one row is (w - y)^2 / 2: estimation of a mean, one fresh measurement per row.
    """
    y = random_stream(seed, 21).standard_normal((options["data.rows"], options["data.draws"]))
    y = np.concatenate([y, np.zeros((1, options["data.draws"]))])
    return Raw(np.ones((len(y), 1)), y[:, 0] if options["data.draws"] == 1 else y, 0, tests=1)


_OPTIONS = {
    "data.rows": 1000,
    "data.features": 10,
    "data.condition": 1.0,
    "data.spectrum": "",  # eigenvalues, separated by blanks, instead of features and condition
    "data.noise": 1.0,
    "data.draws": 1,
}

STREAMS = {
    "pool": Source(_pool, _OPTIONS, rows="any, noise around the minimiser 0, exact moments"),
    "stream": Source(_stream, _OPTIONS, per_seed=True, rows="any, noise around the minimiser 0, fresh rows"),
    "measurements": Source(
        _measurements,
        {"data.rows": 1000, "data.draws": 1},
        per_seed=True,
        rows="any x 1, measurements of a constant",
    ),
}
