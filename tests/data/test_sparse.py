"""Rows that touch one feature each: their curvature, their frequencies, and what a rotation leaves alone."""

import numpy as np
import pytest

from bench.parts import Catalogue, default_parts


@pytest.fixture(scope="module")
def lookup():
    found = Catalogue(default_parts()).lookup
    return lambda name, **options: found(name, scaling="raw", **options)


@pytest.mark.parametrize("rotated", [False, True])
def test_an_ellipsoid_has_the_curvature_that_was_asked_for_and_its_minimum_at_the_weights(lookup, rotated):
    table = lookup("ellipsoid", features=4, condition=1000.0, largest=5.0, rotated=rotated, seed=2)
    h = table.x.T @ table.x / table.rows
    np.testing.assert_allclose(np.linalg.eigvalsh(h), [0.005, 0.05, 0.5, 5], rtol=1e-9)
    assert np.allclose(h, np.diag(np.diag(h)), atol=1e-12) != rotated
    np.testing.assert_allclose(table.x @ table.truth["weight"], table.y, atol=1e-12)


@pytest.mark.parametrize("name", ["ellipsoid", "one_hot"])
def test_a_rotation_changes_coordinates_and_neither_outputs_nor_angles(lookup, name):
    plain, turned = (lookup(name, rotated=rotated, seed=1) for rotated in (False, True))
    np.testing.assert_allclose(turned.x @ turned.x.T, plain.x @ plain.x.T, atol=1e-12)
    np.testing.assert_allclose(turned.x @ turned.truth["weight"], plain.x @ plain.truth["weight"], atol=1e-12)
    np.testing.assert_allclose(turned.y, plain.y, atol=1e-12)
    assert (np.count_nonzero(plain.x, axis=1) == 1).all()


def test_the_minimum_differs_from_seed_to_seed(lookup):
    one, other = (lookup("ellipsoid", seed=seed).truth["weight"] for seed in (0, 1))
    assert not np.allclose(one, other)


def test_features_occur_as_often_as_zipf_says_and_labels_follow_the_weights(lookup):
    table = lookup("one_hot", rows=40_000, features=50)
    share = 1 / np.arange(1, 51) / np.sum(1 / np.arange(1, 51))
    assert np.abs(table.x.mean(axis=0) / share - 1).max() < 0.25
    often = table.x[:, 0] == 1
    assert table.y[often].mean() == pytest.approx(1 / (1 + np.exp(-table.truth["weight"][0])), abs=0.02)
