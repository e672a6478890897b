"""Small data sets whose answers can be written down: textbook points, circles, the exclusive or, given logits."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream
from bench.errors import InputError


def _labelled(*groups: tuple[tuple[float, ...], int, int]) -> Raw:
    """Rows given as (row, zeros, ones): how often each row occurs with label 0 and with label 1."""
    rows = [(row, label) for row, *counts in groups for label, count in enumerate(counts) for _ in range(count)]
    return Raw(np.asarray([row for row, _ in rows]), np.asarray([label for _, label in rows], np.int64), 2)


def _outlier_line(seed: int, options: Mapping[str, Any]) -> Raw:
    """x = -5 ... -1 of label 0, 1 ... 5 of label 1, and one more row of label 1 at `data.outlier` unless that is 0."""
    x = np.asarray([*range(-5, 0), *range(1, 6), *([options["data.outlier"]] if options["data.outlier"] else [])])
    if options["data.target"] == "number":  # labels as real numbers, for regression on them
        return Raw(x[:, None].astype(np.float64), (x > 0).astype(np.float64), 0)
    return Raw(x[:, None].astype(np.float64), (x > 0).astype(np.int64), 2)


def monomials(x: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """All products of at most `degree` columns, without the constant: (m, d) -> (m, C(d + degree, degree) - 1).

    In the order of `sklearn.preprocessing.PolynomialFeatures`.
    """
    columns = range(x.shape[1])
    chosen = [c for power in range(1, degree + 1) for c in itertools.combinations_with_replacement(columns, power)]
    return np.column_stack([np.prod(x[:, list(c)], axis=1) for c in chosen])


def _antipodal(half: NDArray[np.float64], y: NDArray[np.int64], degree: int) -> Raw:
    """Rows and their mirror images under the same labels, so that no linear function of x tells the classes apart."""
    return Raw(monomials(np.concatenate([half, -half]), degree), np.concatenate([y, y]), 2)


def _half(options: Mapping[str, Any]) -> int:
    if options["data.rows"] % 4:
        raise InputError(f"data.rows = {options['data.rows']}: give a multiple of 4, two classes of mirrored rows.")
    return options["data.rows"] // 2


def _circles(seed: int, options: Mapping[str, Any]) -> Raw:
    """Two circles of radius 1 (label 0) and 2 (label 1), the radius blurred by `data.noise`."""
    random, rows = random_stream(seed, 6), _half(options)
    y = np.arange(rows) % 2
    radius, angle = 1 + y + options["data.noise"] * random.standard_normal(rows), random.uniform(0, np.pi, rows)
    half = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return _antipodal(half, y, options["data.degree"])


def _xor(seed: int, options: Mapping[str, Any]) -> Raw:
    """Clouds around (+-1, +-1), label 1 where the signs differ, blurred by `data.noise`."""
    random, rows = random_stream(seed, 7), _half(options)
    y = np.arange(rows) % 2
    centres = np.column_stack([np.ones(rows), 1 - 2 * y])
    return _antipodal(centres + options["data.noise"] * random.standard_normal((rows, 2)), y, options["data.degree"])


def _logits(seed: int, options: Mapping[str, Any]) -> Raw:
    """Rows that are logits themselves, for a softmax whose weights are the identity; labels are drawn uniformly."""
    random, shape = random_stream(seed, 8), (options["data.rows"], options["data.classes"])
    y = random.integers(shape[1], size=shape[0])
    return Raw(options["data.scale"] * random.standard_normal(shape), y.astype(np.int64), shape[1])


SMALL = {
    "neuron": Source(
        lambda seed, options: Raw(np.ones((1, 1)), np.zeros(1, np.int64), options["data.classes"]),
        {"data.classes": 2},
        rows="1 x 1, the row of a one-neuron study (Nielsen 2015, chapter 3)",
    ),
    "three_logits": Source(
        lambda seed, options: Raw(np.log([[0.88, 0.12, 1e-30]]), np.ones(1, np.int64), 3),
        rows="1 x 3, logits of the shares 0.88, 0.12 and 0 under the label of the second",
    ),
    "rare_gradient": Source(
        lambda seed, options: Raw(np.ones((101, 1)), np.array([1010.0] + 100 * [-10.0]), 0),
        rows="101 x 1, one large slope before a hundred small ones against it (Reddi et al. 2018, section 3)",
    ),
    "outvoted_point": Source(
        lambda seed, options: _labelled(((10.0,), 0, 1), ((1.0,), 5, 0)), rows="6 x 1, one far row against five"
    ),
    "soft_pair": Source(
        lambda seed, options: _labelled(((10.0,), 3, 7), ((1.0,), 8, 2)),
        rows="20 x 1, shares 0.7 of label 1 at x = 10 and 0.2 at x = 1",
    ),
    "separable": Source(
        lambda seed, options: _labelled(((1, 0.2), 0, 1), ((0.7, 1), 0, 1), ((-1, -0.1), 1, 0), ((-0.4, -1), 1, 0)),
        rows="4 x 2, separable through the origin",
    ),
    "outlier_line": Source(
        _outlier_line, {"data.outlier": 0.0, "data.target": "own"}, rows="10 or 11 x 1, one row far away"
    ),
    "circles": Source(
        _circles,
        {"data.rows": 200, "data.noise": 0.1, "data.degree": 1},
        per_seed=True,
        rows="any, two circles, polynomial features",
    ),
    "xor": Source(
        _xor,
        {"data.rows": 200, "data.noise": 0.1, "data.degree": 1},
        per_seed=True,
        rows="any, exclusive or, polynomial features",
    ),
    "logits": Source(
        _logits, {"data.rows": 1000, "data.classes": 3, "data.scale": 1.0}, per_seed=True, rows="any, logits"
    ),
}
