"""Batches in the order of the table hold every row once per epoch."""

import numpy as np
import pytest

from bench.theory import batches, quadratics


def test_an_epoch_holds_every_row_once_and_the_next_one_repeats_it() -> None:
    found = batches.sequential(10, 4, 6)
    assert [len(batch) for batch in found] == [4, 4, 2, 4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(found[:3]), np.arange(10))
    np.testing.assert_array_equal(found[3], found[0])


@pytest.mark.parametrize("size", [1, 4, 10])
def test_the_full_gradient_is_the_mean_of_the_batches_weighted_by_their_rows(size: int) -> None:
    random = np.random.default_rng(0)
    x, y, theta = random.standard_normal((10, 3)), random.standard_normal(10), random.standard_normal(4)
    epoch = batches.sequential(10, size, -(-10 // size))
    weighted = sum(len(rows) * quadratics.gradient(x[rows], y[rows], theta) for rows in epoch)
    np.testing.assert_allclose(weighted / 10, quadratics.gradient(x, y, theta), atol=1e-14)
