"""The pool has the moments that it promises, and its test loss is the excess risk."""

import numpy as np
import pytest

from bench.parts import Catalogue, default_parts
from bench.theory import quadratics


@pytest.fixture(scope="module")
def lookup():
    found = Catalogue(default_parts()).lookup
    return lambda name, **options: found(name, scaling="raw", split="own", **options)


def test_rows_of_a_stream_are_fresh_for_each_seed_and_have_the_spectrum(lookup):
    one, other = (lookup("stream", rows=4000, features=3, condition=9.0, noise=0.5, seed=seed) for seed in (0, 1))
    assert np.abs(np.corrcoef(one.x[:, 0], other.x[:, 0])[0, 1]) < 0.1
    np.testing.assert_allclose(one.x.T @ one.x / 4000, np.diag([1, 1 / 3, 1 / 9]), atol=0.08)
    assert one.y.std() == pytest.approx(0.5, rel=0.1)
    np.testing.assert_array_equal(one.x_test, other.x_test)


@pytest.mark.parametrize("draws", [1, 3])
def test_moments_of_the_pool_are_exact(lookup, draws):
    table = lookup("pool", rows=40, spectrum="1 0.5 0.1", noise=2.0, draws=draws)
    np.testing.assert_allclose(table.x.T @ table.x / 40, np.diag([1, 0.5, 0.1]), atol=1e-13)
    np.testing.assert_allclose(table.x.T @ table.y, 0, atol=1e-12)
    np.testing.assert_allclose(np.mean(table.y**2, axis=0), 4)
    assert table.targets == draws


def test_the_test_loss_is_the_excess_risk(lookup):
    table, theta = lookup("pool", rows=30, features=4, condition=50.0), np.array([0.3, -1.0, 2.0, 0.7])
    here, best = (quadratics.loss(table.x, table.y, point, bias=False) for point in (theta, 0 * theta))
    assert quadratics.loss(table.x_test, table.y_test, theta, bias=False) == pytest.approx(here - best, rel=1e-12)
    np.testing.assert_allclose(table.truth["eigenvalues"][[0, -1]], [1, 0.02])


def test_measurements_are_fresh_for_each_seed_and_series(lookup):
    one, other = (lookup("measurements", rows=500, draws=2, seed=seed) for seed in (0, 1))
    values = np.column_stack([one.y, other.y])
    np.testing.assert_allclose(np.corrcoef(values.T), np.eye(4), atol=0.2)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=0.15)
    assert set(one.x.ravel()) == {1.0}
    assert one.y_test.tolist() == [[0.0, 0.0]]
