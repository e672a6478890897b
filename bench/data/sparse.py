"""Rows that touch one feature each, at very different rates, and the same rows in rotated coordinates."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream


def _placed(x: NDArray[np.float64], weight: NDArray[np.float64], seed: int, options: Mapping[str, Any]) -> Any:
    """Rows and weights in the coordinates asked for, (x Q^T, Q w): outputs stay as they are."""
    if not options["data.rotated"]:
        return x, weight
    rotation = np.linalg.qr(random_stream(seed, 12).standard_normal((len(weight), len(weight))))[0]
    return x @ rotation.T, rotation @ weight


def _ellipsoid(seed: int, options: Mapping[str, Any]) -> Raw:
    """X^T X / m = diag(lambda) with lambda from `data.largest` down to `data.largest / data.condition`, y = X w*.

    So J = 1/2 sum_j lambda_j (w_j - w*_j)^2: the level sets are ellipsoids along the axes. w* ~ N(0, I).
    """
    features = options["data.features"]
    eigenvalues = options["data.largest"] * np.logspace(0, -np.log10(options["data.condition"]), features)
    x, weight = np.diag(np.sqrt(features * eigenvalues)), random_stream(seed, 13).standard_normal(features)
    x, weight = _placed(x, weight, seed, options)
    return Raw(x, x @ weight, 0, {"weight": weight, "eigenvalues": eigenvalues})


def _one_hot(seed: int, options: Mapping[str, Any]) -> Raw:
    """One feature per row, the j-th with probability proportional to 1 / j (Zipf), labels ~ Bernoulli(sigma(w*_j))."""
    random, rows, features = random_stream(seed, 14), options["data.rows"], options["data.features"]
    share = 1 / np.arange(1, features + 1)
    feature, weight = random.choice(features, rows, p=share / share.sum()), random.standard_normal(features)
    y = random.random(rows) < scipy.special.expit(weight[feature])
    x, weight = _placed(np.eye(features)[feature], weight, seed, options)
    return Raw(x, y.astype(np.int64), 2, {"weight": weight, "feature": feature})


SPARSE = {
    "ellipsoid": Source(
        _ellipsoid,
        {"data.features": 20, "data.condition": 1000.0, "data.largest": 1.0, "data.rotated": False},
        per_seed=True,
        rows="square, regression, one feature per row",
    ),
    "one_hot": Source(
        _one_hot,
        {"data.rows": 500, "data.features": 200, "data.rotated": False},
        per_seed=True,
        rows="any, 2 classes, one feature per row, Zipf",
    ),
}
