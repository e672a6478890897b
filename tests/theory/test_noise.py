"""Noise of batch gradients and moments of stochastic descent against enumeration and simulation."""

import itertools

import numpy as np
import pytest

from bench.theory import noise

RANDOM = np.random.default_rng(0)
X, DELTA = RANDOM.standard_normal((6, 3)), RANDOM.standard_normal((6, 2))


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_noise_of_a_batch_is_the_mean_over_all_batches(size: int, replacement: bool) -> None:
    mean, trace = noise.row_noise(X, DELTA)
    every = itertools.product(range(6), repeat=size) if replacement else itertools.permutations(range(6), size)
    found = [np.sum((X[list(rows)].T @ DELTA[list(rows)] / size - mean) ** 2) for rows in every]
    assert noise.batch_noise(trace, size, 6, replacement) == pytest.approx(np.mean(found), rel=1e-12)
