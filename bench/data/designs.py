"""Fixed designs under fresh noise: many targets per row, one for each draw, fitted side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.polynomial import legendre, polynomial

from bench.data.bundled import BUNDLED
from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream
from bench.errors import unknown

CUBIC = (1.0, 1.0, -2.0, 0.5)
"""Coefficients of 1 + x - 2 x^2 + x^3 / 2."""


def _polynomial(seed: int, options: Mapping[str, Any]) -> Raw:
    """The cubic on equidistant points of [-1, 1], features an orthonormal basis of polynomials: X^T X / m = I.

    The test rows are the same points under fresh noise. `data.draws` targets per row differ in their noise alone.
    """
    rows, degree = options["data.rows"], options["data.degree"]
    x = np.linspace(-1, 1, rows)
    basis = np.sqrt(rows) * np.linalg.qr(legendre.legvander(x, degree))[0][:, 1:]
    truth = polynomial.polyval(x, CUBIC)
    noise = options["data.noise"] * random_stream(seed, 9).standard_normal((2 * rows, options["data.draws"]))
    targets = np.concatenate([truth, truth])[:, None] + noise
    return Raw(np.concatenate([basis, basis]), targets, 0, {"values": truth}, tests=rows)


def _orthonormal(seed: int, options: Mapping[str, Any]) -> Raw:
    """X^T X / m = I, a signal of norm 1: all features alike (`dense`), three alone (`sparse`), w_j ~ 1 / j (`zipf`).

    The test rows are the same rows without noise, so that the test error is the excess risk.
    """
    rows, features = options["data.rows"], options["data.features"]
    shapes = {"dense": np.ones(features), "sparse": np.arange(features) < 3, "zipf": 1 / np.arange(1, features + 1)}
    if options["data.signal"] not in shapes:
        raise unknown("data.signal", options["data.signal"], shapes)
    weight = shapes[options["data.signal"]] / np.linalg.norm(shapes[options["data.signal"]])
    x = np.sqrt(rows) * np.linalg.qr(random_stream(0, 10).standard_normal((rows, features)))[0]
    truth = np.tile((x @ weight)[:, None], options["data.draws"])
    noise = options["data.noise"] * random_stream(seed, 11).standard_normal(truth.shape)
    both = np.concatenate([truth + noise, truth])
    return Raw(np.concatenate([x, x]), both, 0, {"weight": weight}, tests=rows)


def _distracted(seed: int, options: Mapping[str, Any]) -> Raw:
    """Diabetes in an order of the seed's own, with columns of pure noise; the last `data.tests` rows test."""
    real, random = BUNDLED["diabetes"].make(seed, BUNDLED["diabetes"].options), random_stream(seed, 31)
    order = random.permutation(len(real.x))
    noise = random.standard_normal((len(real.x), options["data.columns"]))
    return Raw(np.column_stack([real.x[order], noise]), real.y[order], 0, tests=options["data.tests"])


def _equicorrelated(seed: int, options: Mapping[str, Any]) -> Raw:
    """X^T X / m = (1 - rho) I + rho 1 1^T, targets X w + noise with all weights alike, ||w|| = 1.

    The test rows have no noise, so that the test error is an excess risk: over the `same` rows, at a row of unit length
    along a `weak` direction, a difference of two features, or at the unit rows, which is the error of the `weights`.
    """
    features, rows = options["data.features"], options["data.rows"]
    ones = np.ones((features, features)) / features
    strong, weak = 1 + (features - 1) * options["data.correlation"], 1 - options["data.correlation"]
    root = np.sqrt(strong) * ones + np.sqrt(weak) * (np.eye(features) - ones)
    x = np.sqrt(rows) * np.linalg.qr(random_stream(0, 32).standard_normal((rows, features)))[0] @ root
    contrast = np.eye(features)[:1] - np.eye(features)[1:2]
    tests = {"same": x, "weak": contrast / np.sqrt(2), "weights": np.eye(features)}
    if options["data.tests"] not in tests:
        raise unknown("data.tests", options["data.tests"], tests)
    test, weight = tests[options["data.tests"]], np.full((features, options["data.draws"]), features**-0.5)
    noise = options["data.noise"] * random_stream(seed, 33).standard_normal((rows, options["data.draws"]))
    both = np.concatenate([x @ weight + noise, test @ weight])
    return Raw(np.concatenate([x, test]), both, 0, {"weight": weight[:, 0]}, tests=len(test))


DESIGNS = {
    "distracted": Source(
        _distracted,
        {"data.columns": 20, "data.tests": 242},
        per_seed=True,
        rows="442 x 10 and any, diabetes with columns of noise",
    ),
    "equicorrelated": Source(
        _equicorrelated,
        {
            "data.rows": 50,
            "data.features": 5,
            "data.correlation": 0.9,
            "data.draws": 1000,
            "data.noise": 1.0,
            "data.tests": "same",
        },
        per_seed=True,
        rows="any, columns that are all equally correlated, under noise",
    ),
    "orthonormal": Source(
        _orthonormal,
        {"data.rows": 100, "data.features": 50, "data.signal": "dense", "data.draws": 500, "data.noise": 1.0},
        per_seed=True,
        rows="any, orthonormal columns under noise",
    ),
    "polynomial": Source(
        _polynomial,
        {"data.rows": 30, "data.degree": 3, "data.draws": 1000, "data.noise": 0.3},
        per_seed=True,
        rows="any, a cubic under noise, orthonormal polynomials",
    ),
}
