"""Synthetic data with exact, known properties: spectrum, noise, separability."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.source import Raw, Source


def random_stream(seed: int, purpose: int) -> np.random.Generator:
    """An independent random stream of a seed for the data; every source has its own purpose."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(100 + purpose,)))


def spectrum(rows: int, eigenvalues: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Rows with X^T X / m = Q diag(eigenvalues) Q^T exactly, columns centred, Q a random rotation.

    Args:
        rows: m, more than the number of eigenvalues.
        eigenvalues: of the Hessian of half the mean squared error, (features,).
        seed: of the directions.

    Returns:
        (rows, features).
    """
    features = len(eigenvalues)
    random = random_stream(seed, 0)
    columns = np.column_stack([np.ones(rows), random.standard_normal((rows, features))])
    directions = np.linalg.qr(columns)[0][:, 1:]  # orthonormal and orthogonal to the constant
    rotation = np.linalg.qr(random.standard_normal((features, features)))[0]
    return np.sqrt(rows) * directions @ np.diag(np.sqrt(eigenvalues)) @ rotation.T


def _regression(seed: int, options: Mapping[str, Any]) -> Raw:
    features = options["data.features"]
    eigenvalues = np.logspace(0, -np.log10(options["data.condition"]), features)
    x = spectrum(options["data.rows"], eigenvalues, seed=0)
    weight = random_stream(0, 1).standard_normal(features)
    noise = options["data.noise"] * random_stream(seed, 2).standard_normal(len(x))
    return Raw(x, x @ weight + 1.0 + noise, 0, {"weight": weight, "bias": 1.0, "eigenvalues": eigenvalues})


def _gaussian(seed: int, options: Mapping[str, Any]) -> Raw:
    """y = x w* + noise, x ~ N(0, I), fresh for each seed."""
    random = random_stream(seed, 3)
    weight = random_stream(0, 1).standard_normal(options["data.features"])
    x = random.standard_normal((options["data.rows"], options["data.features"]))
    return Raw(x, x @ weight + options["data.noise"] * random.standard_normal(len(x)), 0, {"weight": weight})


def _classes(seed: int, options: Mapping[str, Any]) -> Raw:
    """Gaussian clouds, one per class, their means `data.separation` standard deviations from the origin."""
    random = random_stream(seed, 4)
    classes, features, rows = options["data.classes"], options["data.features"], options["data.rows"]
    centres = np.linalg.qr(random_stream(0, 5).standard_normal((max(features, classes), classes)))[0][:features]
    y = np.arange(rows) % classes
    x = random.standard_normal((rows, features)) + options["data.separation"] * centres.T[y]
    return Raw(x, y.astype(np.int64), classes, {"centres": centres.T})


def _white_noise(seed: int, options: Mapping[str, Any]) -> Raw:
    """Standard normal numbers, every target 1."""
    x = random_stream(seed, 15).standard_normal((options["data.rows"], options["data.features"]))
    return Raw(x, np.ones(len(x)), 0)


SYNTHETIC = {
    "regression": Source(
        _regression,
        {"data.rows": 200, "data.features": 20, "data.condition": 100.0, "data.noise": 0.0},
        per_seed=True,
        rows="any, regression with an exact spectrum",
    ),
    "gaussian": Source(
        _gaussian,
        {"data.rows": 200, "data.features": 10, "data.noise": 1.0},
        per_seed=True,
        rows="any, regression on Gaussian rows",
    ),
    "white_noise": Source(
        _white_noise, {"data.rows": 200, "data.features": 10}, per_seed=True, rows="any, standard normal, targets 1"
    ),
    "classes": Source(
        _classes,
        {"data.rows": 200, "data.features": 10, "data.classes": 2, "data.separation": 3.0},
        per_seed=True,
        rows="any, Gaussian classes",
    ),
}
