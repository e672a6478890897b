"""Expected errors against a simulation by numpy's own polynomial fit, and against the listed values."""

import numpy as np
import pytest

from bench.theory import fixed_design

X = np.linspace(-1, 1, 30)
TRUTH = 1 + X - 2 * X**2 + 0.5 * X**3


@pytest.mark.parametrize("degree", [1, 3, 6])
def test_errors_are_those_of_many_polynomial_fits(degree):
    random = np.random.default_rng(degree)
    y, fresh = (TRUTH[:, None] + 0.3 * random.standard_normal((30, 4000)) for _ in range(2))
    fits = np.vander(X, degree + 1) @ np.polyfit(X, y, degree)
    got = [np.mean((target - fits) ** 2) for target in (y, fresh)]
    assert got == pytest.approx(fixed_design.errors(np.vander(X, degree + 1)[:, :-1], TRUTH, 0.3), rel=0.02)


@pytest.mark.parametrize(("degree", "train", "test"), [(1, 0.49583, 0.50783), (3, 0.078, 0.102), (9, 0.06, 0.12)])
def test_errors_are_the_listed_ones(degree, train, test):
    found = fixed_design.errors(np.vander(X, degree + 1)[:, :-1], TRUTH, 0.3)
    assert found == pytest.approx((train, test), abs=6e-6)
