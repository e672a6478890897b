"""Factors of batch normalisation against the published limit and sampled layers."""

import numpy as np
import pytest

from bench.theory import batchnorm
from bench.theory.meanfield import ACTIVATIONS


def test_large_batches_have_the_published_factors():
    assert batchnorm.factor(ACTIVATIONS["relu"]) == pytest.approx(np.pi / (np.pi - 1), rel=1e-10)
    assert batchnorm.factor(ACTIVATIONS["tanh"]) == pytest.approx(1.177807, abs=1e-6)
    assert batchnorm.relu_factor(10**6) == pytest.approx(np.pi / (np.pi - 1), rel=1e-5)
    assert batchnorm.linear_factor(8) == 1.2


@pytest.mark.parametrize(("batch", "want"), [(8, 1.78819), (32, 1.52195), (256, 1.47323)])
def test_small_batches_grow_faster(batch, want):
    assert batchnorm.relu_factor(batch) == pytest.approx(want, abs=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_makes_gradients_vanish(name):
    assert batchnorm.factor(ACTIVATIONS[name]) >= 1 - 1e-10
