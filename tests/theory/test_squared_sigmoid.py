"""The squared error of a sigmoid against finite differences, and the two textbook sets against published numbers."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from bench.theory import squared_sigmoid

SOFT = np.repeat([10.0, 1.0], 10), np.asarray([0.0] * 3 + [1.0] * 7 + [0.0] * 8 + [1.0] * 2)
OUTVOTED = np.asarray([10.0, 1, 1, 1, 1, 1]), np.asarray([1.0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("weight", [-2.0, 0.1, 3.0])
def test_slope_is_the_difference_quotient_of_the_loss(weight):
    h = 1e-6
    rise = squared_sigmoid.loss(*SOFT, weight + h) - squared_sigmoid.loss(*SOFT, weight - h)
    assert squared_sigmoid.slope(*SOFT, weight) == pytest.approx(rise / (2 * h), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("label", [0.0, 1.0, 0.3])
def test_curvature_is_the_difference_quotient_of_the_slope(label):
    h, one, y = 1e-5, np.ones(1), np.asarray([label])
    for z in (-3.0, 0.0, 0.5, 2.0):
        rise = squared_sigmoid.slope(one, y, z + h) - squared_sigmoid.slope(one, y, z - h)
        assert squared_sigmoid.curvature(z, label) == pytest.approx(rise / (2 * h), rel=1e-6, abs=1e-9)


def test_curvature_changes_sign_at_the_inflection():
    near = squared_sigmoid.curvature(squared_sigmoid.INFLECTION + np.array([-1e-6, 0, 1e-6]), 0.0)
    assert near[0] > 0 > near[2]
    assert near[1] == pytest.approx(0, abs=1e-16)


def test_soft_pair_has_two_minima_and_a_maximum_between_them():
    weights, kinds = zip(*squared_sigmoid.stationary(*SOFT, -8, 8), strict=True)
    assert kinds == (True, False, True)
    assert weights == pytest.approx((-1.38603, -0.51214, 0.06833), abs=5e-6)
    noise = np.mean([0.7 * 0.3, 0.2 * 0.8])  # what twenty hard labels add to two soft ones
    assert squared_sigmoid.loss(*SOFT, weights[0]) - noise == pytest.approx(0.24500, abs=5e-6)
    assert squared_sigmoid.loss(*SOFT, weights[2]) - noise == pytest.approx(0.05090, abs=5e-6)


def test_outvoted_point_has_one_minimum_above_the_infimum():
    weights, kinds = zip(*squared_sigmoid.stationary(*OUTVOTED, -8, 8), strict=True)
    assert kinds == (False, True)
    assert weights == pytest.approx((-0.27533, 0.0819), abs=5e-5)
    assert squared_sigmoid.loss(*OUTVOTED, weights[1]) == pytest.approx(0.24134, abs=5e-6)
    assert squared_sigmoid.loss(*OUTVOTED, -60.0) == pytest.approx(1 / 6, abs=1e-9)


def test_the_cross_entropy_is_least_where_scipy_finds_it():
    x, y = SOFT
    found = minimize_scalar(lambda w: np.mean(np.logaddexp(0, w * x) - y * w * x), (-1, 1), tol=1e-12)
    assert squared_sigmoid.entropy_minimiser(x, y) == pytest.approx(found.x, rel=1e-6)
