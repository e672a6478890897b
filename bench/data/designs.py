"""Fixed designs under fresh noise: many targets per row, one for each draw, fitted side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.polynomial import legendre, polynomial

from bench.data.source import Raw, Source
from bench.data.synthetic import random_stream

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


DESIGNS = {
    "polynomial": Source(
        _polynomial,
        {"data.rows": 30, "data.degree": 3, "data.draws": 1000, "data.noise": 0.3},
        per_seed=True,
        rows="any, a cubic under noise, orthonormal polynomials",
    ),
}
