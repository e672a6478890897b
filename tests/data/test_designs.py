"""Fixed designs: an orthonormal basis, several targets per row, and test rows of their own."""

import numpy as np
import pytest

from bench.errors import InputError
from bench.parts import Catalogue, default_parts


@pytest.fixture(scope="module")
def lookup():
    return Catalogue(default_parts()).lookup


def test_polynomials_are_orthonormal_and_orthogonal_to_the_constant(lookup):
    table = lookup("polynomial", split="own", scaling="raw", degree=29, draws=2)
    np.testing.assert_allclose(table.x.T @ table.x / 30, np.eye(29), atol=1e-12)
    np.testing.assert_allclose(table.x.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_array_equal(table.x_test, table.x)


def test_the_cubic_is_a_polynomial_of_degree_three_and_noise_is_fresh_on_test_rows(lookup):
    table = lookup("polynomial", split="own", scaling="raw", draws=500)
    a = np.column_stack([np.ones(30), table.x])
    np.testing.assert_allclose(a @ np.linalg.lstsq(a, table.truth["values"], rcond=None)[0], table.truth["values"])
    noise, fresh = (y - table.truth["values"][:, None] for y in (table.y, table.y_test))
    assert noise.std() == pytest.approx(0.3, rel=0.03)
    assert abs(np.corrcoef(noise.ravel(), fresh.ravel())[0, 1]) < 0.04


def test_a_data_set_without_test_rows_refuses_its_own_split(lookup):
    with pytest.raises(InputError, match="no test rows of its own"):
        lookup("iris", split="own")


@pytest.mark.slow
def test_several_targets_are_fitted_side_by_side(train):
    axes = {"data": "polynomial", "data.draws": 4, "split": "own", "scaling": "raw", "model": "linear"}
    found = train(axes | {"dtype": "float64", "learning_rate": 1.0, "steps": 1, "probes": "parameters"})
    table = found.tables[0]
    a = np.column_stack([np.ones(30), table.x])
    want, left, *_ = np.linalg.lstsq(a, table.y, rcond=None)
    np.testing.assert_allclose(found.value("parameter")[0, -1].reshape(4, 4), want, rtol=1e-9, atol=1e-12)
    assert found.curve("train_loss")[0, -1] == pytest.approx(left.sum() / 60, rel=1e-10)


@pytest.mark.parametrize("signal", ["dense", "sparse", "zipf"])
def test_orthonormal_columns_carry_a_signal_of_norm_one_and_test_rows_have_no_noise(lookup, signal):
    table = lookup("orthonormal", split="own", scaling="raw", signal=signal, draws=3)
    np.testing.assert_allclose(table.x.T @ table.x / 100, np.eye(50), atol=1e-12)
    assert np.linalg.norm(table.truth["weight"]) == pytest.approx(1)
    np.testing.assert_allclose(table.y_test, np.tile((table.x @ table.truth["weight"])[:, None], 3))


def test_columns_of_noise_come_after_the_real_ones_in_an_order_of_the_seed(lookup):
    plain, first, second = (lookup("distracted", split="own", columns=c, seed=s) for c, s in ((0, 1), (3, 1), (3, 2)))
    assert (len(first.x), len(first.x_test), first.x.shape[1]) == (200, 242, 13)
    np.testing.assert_array_equal(first.x[:, :10], plain.x)
    np.testing.assert_array_equal(first.y, plain.y)
    assert not np.array_equal(first.y, second.y)
    assert sorted([*first.y, *first.y_test]) == sorted(lookup("diabetes").y)
    assert np.abs(np.corrcoef(first.x.T)[10:, :10]).max() < 0.3


def test_equicorrelated_columns_have_two_eigenvalues_and_three_kinds_of_test_rows(lookup):
    own = {"split": "own", "scaling": "raw", "correlation": 0.9, "draws": 3}
    table = lookup("equicorrelated", **own)
    np.testing.assert_allclose(table.x.T @ table.x / 50, 0.1 * np.eye(5) + 0.9, atol=1e-12)
    np.testing.assert_array_equal(table.x_test, table.x)
    assert np.linalg.norm(table.truth["weight"]) == pytest.approx(1)
    weak = lookup("equicorrelated", **own, tests="weak").x_test
    np.testing.assert_allclose(weak @ (table.x.T @ table.x / 50), 0.1 * weak, atol=1e-12)
    weights = lookup("equicorrelated", **own, tests="weights")
    np.testing.assert_allclose(weights.y_test, np.tile(table.truth["weight"][:, None], 3))
    with pytest.raises(InputError, match="weak"):
        lookup("equicorrelated", **own, tests="strong")
