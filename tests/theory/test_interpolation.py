"""Single-row descent under interpolation, against the average over all rows and against minimisation."""

import numpy as np
import pytest
from scipy.optimize import minimize

from bench.theory import interpolation

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.standard_normal((4, 9))


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_no_error_in_the_row_space_shrinks_less_on_average_over_the_rows(share):
    rate = share / np.max(np.sum(ROWS**2, axis=1))
    factor = interpolation.shrinkage(ROWS, rate)
    for error in RANDOM.standard_normal((200, 4)) @ ROWS:
        after = [error - rate * (row @ error) * row for row in ROWS]
        assert np.mean(np.sum(np.square(after), axis=1)) <= factor * (error @ error) * (1 + 1e-12)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_with_rows_of_one_norm_the_flattest_error_shrinks_by_just_this_factor(share):
    rows = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True) * 3
    flattest = np.linalg.svd(rows, full_matrices=False)[2][-1]
    after = [flattest - share / 9 * (row @ flattest) * row for row in rows]
    factor = interpolation.shrinkage(rows, share / 9)
    assert np.mean(np.sum(np.square(after), axis=1)) == pytest.approx(factor, rel=1e-12)
    if share == 1:  # randomised Kaczmarz
        assert factor == pytest.approx(1 - np.linalg.svd(rows)[1][-1] ** 2 / np.sum(rows**2))


def test_the_limit_fits_every_row_and_lies_nearest_to_the_start():
    y, start = RANDOM.standard_normal(4), RANDOM.standard_normal(9)
    got = interpolation.limit(ROWS, y, start)
    np.testing.assert_allclose(ROWS @ got, y, atol=1e-12)
    fits = {"type": "eq", "fun": lambda w: ROWS @ w - y}
    nearest = minimize(lambda w: np.sum((w - start) ** 2), np.zeros(9), constraints=fits, tol=1e-12).x
    np.testing.assert_allclose(got, nearest, atol=1e-6)
