"""Spectra of random layers against numpy's singular values and closed forms."""

import numpy as np
import pytest
from scipy import special

from bench.theory import meanfield, spectra


def test_without_an_activation_the_mean_singular_value_is_that_of_the_quarter_circle():
    found = spectra.mean_singular_value(meanfield.ACTIVATIONS["identity"], 1.0, 2.25)
    assert found == pytest.approx(1.5 * 8 / (3 * np.pi), rel=1e-5)


@pytest.mark.parametrize(("name", "q"), [("tanh", 0.6), ("tanh", 3.0), ("relu", 1.0)])
def test_the_mean_singular_value_is_that_of_a_wide_random_layer(name, q):
    random, phi = np.random.default_rng(1), meanfield.ACTIVATIONS[name]
    layer = random.standard_normal((600, 600)) / np.sqrt(600)
    slopes = phi.slope(np.sqrt(q) * special.ndtri((np.arange(600) + 0.5) / 600))
    found = np.linalg.svd(slopes[:, None] * layer, compute_uv=False).mean()
    assert spectra.mean_singular_value(phi, q, 1.0) == pytest.approx(found, rel=0.01)


def test_the_edge_and_the_variance_of_products_of_gaussian_matrices():
    random, n = np.random.default_rng(2), 400
    product = np.eye(n)
    for layers in (1, 2, 3):
        product = product @ random.standard_normal((n, n)) / np.sqrt(n)
        squares = np.linalg.svd(product, compute_uv=False) ** 2
        assert squares[0] == pytest.approx(spectra.largest_square(layers), rel=0.1)
        assert squares.var() / squares.mean() ** 2 == pytest.approx(
            spectra.relative_variance(layers, rectified=False, orthogonal=False), rel=0.1
        )


def test_rectifiers_and_orthogonal_weights_each_count_once_per_layer():
    assert spectra.relative_variance(8, rectified=True, orthogonal=False) == 16
    assert spectra.relative_variance(8, rectified=True, orthogonal=True) == 8
    assert spectra.relative_variance(8, rectified=False, orthogonal=True) == 0
