"""The small data sets are what they promise: mirrored rows, products of columns, counts of labels."""

import numpy as np
import pytest
from sklearn.preprocessing import PolynomialFeatures

from bench.data.small import monomials
from bench.errors import InputError
from bench.parts import Catalogue, default_parts


@pytest.fixture(scope="module")
def lookup():
    found = Catalogue(default_parts()).lookup
    return lambda name, **options: found(name, scaling="raw", **options)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_monomials_are_those_of_scikit_learn(degree):
    x = np.random.default_rng(0).standard_normal((7, 3))
    want = PolynomialFeatures(degree, include_bias=False).fit_transform(x)
    np.testing.assert_allclose(monomials(x, degree), want, rtol=1e-12)


@pytest.mark.parametrize("name", ["circles", "xor"])
def test_mirrored_rows_leave_nothing_to_a_linear_function(lookup, name):
    table = lookup(name, rows=40, seed=3)
    assert np.bincount(table.y).tolist() == [20, 20]
    for label in (0, 1):
        np.testing.assert_allclose(table.x[table.y == label].sum(axis=0), 0, atol=1e-13)
    with pytest.raises(InputError, match="multiple of 4"):
        lookup(name, rows=42)


def test_circles_and_corners_are_told_apart_by_a_product():
    lookup = Catalogue(default_parts()).lookup
    circles = lookup("circles", scaling="raw", noise=0.0, degree=2)
    np.testing.assert_allclose(circles.x[:, 2] + circles.x[:, 4], (1.0 + circles.y) ** 2)
    corners = lookup("xor", scaling="raw", noise=0.0, degree=2)
    np.testing.assert_array_equal(corners.x[:, 3] < 0, corners.y == 1)


def test_the_rare_gradient_outweighs_the_frequent_ones(lookup):
    table = lookup("rare_gradient")
    assert (table.y[0], len(table.y), table.y.sum()) == (1010, 101, 10)
    assert (table.y[1:] == -10).all()


def test_counts_of_labels_are_shares_of_soft_labels(lookup):
    table = lookup("soft_pair")
    assert [table.y[table.x[:, 0] == x].mean() for x in (10, 1)] == [0.7, 0.2]
    assert lookup("outvoted_point").y.tolist() == [1, 0, 0, 0, 0, 0]


def test_the_outlier_is_one_more_row_of_the_right_class(lookup):
    plain, far = lookup("outlier_line"), lookup("outlier_line", outlier=50.0)
    np.testing.assert_array_equal(far.x[:-1], plain.x)
    assert (far.x[-1, 0], far.y[-1]) == (50.0, 1)


def test_separable_rows_are_told_apart_through_the_origin(lookup):
    table = lookup("separable")
    assert np.all((2 * table.y - 1) * (table.x @ [0.83205, 0.55470]) > 0)


def test_a_whole_number_may_come_as_a_float(lookup):
    assert lookup("logits", rows=12.0, classes=5.0).hash == lookup("logits", rows=12, classes=5).hash


def test_logits_have_the_scale_that_was_asked_for(lookup):
    table = lookup("logits", rows=4000, classes=5, scale=10.0)
    assert table.x.shape == (4000, 5)
    assert table.x.std() == pytest.approx(10, rel=0.03)
    assert set(table.y) == set(range(5))
