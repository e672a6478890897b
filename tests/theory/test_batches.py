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


def test_a_pass_takes_one_step_for_each_part() -> None:
    random = np.random.default_rng(5)
    x, y, theta = random.standard_normal((6, 2)), random.standard_normal(6), np.zeros(3)
    for part in ([0, 1], [2, 3], [4, 5]):
        a = np.column_stack([np.ones(2), x[part]])
        theta = theta - 0.1 * a.T @ (a @ theta - y[part]) / 2
    np.testing.assert_allclose(batches.one_pass(x, y, 3, 0.1), theta, rtol=1e-13)


def test_the_order_of_two_steps_on_quadratics_moves_their_end_by_the_commutator() -> None:
    random = np.random.default_rng(4)
    roots, shared, start = random.standard_normal((2, 3, 3)), random.standard_normal(3), random.standard_normal(3)
    h = [root @ root.T for root in roots]

    def end(order: tuple[int, int]) -> np.ndarray:
        theta = start
        for batch in order:
            theta = theta - 0.1 * h[batch] @ (theta - shared)
        return theta

    got = batches.swap_effect(*((one, one @ (start - shared)) for one in h), 0.1)
    np.testing.assert_allclose(got, end((0, 1)) - end((1, 0)), atol=1e-14)
    np.testing.assert_allclose(got, 0.01 * (h[1] @ h[0] - h[0] @ h[1]) @ (start - shared), atol=1e-14)


def test_the_fit_finds_the_law_that_made_the_steps() -> None:
    sizes = np.array([1.0, 4.0, 16.0, 64.0, 256.0, 1024.0])
    least, critical, share = batches.fit_steps_law(sizes, batches.steps_law(sizes, 3.0, 200.0))
    assert (least, critical, share) == pytest.approx((3.0, 200.0, 1.0), rel=1e-6)


def test_steps_and_samples_lie_on_the_hyperbola() -> None:
    sizes, least, critical = np.geomspace(1, 1e4, 9), 3.0, 200.0
    steps = batches.steps_law(sizes, least, critical)
    product = (steps / least - 1) * (sizes * steps / (least * critical) - 1)
    np.testing.assert_allclose(product, 1, rtol=1e-12)


def test_steps_that_do_not_depend_on_the_size_do_not_fit() -> None:
    sizes = np.array([1.0, 4.0, 16.0, 64.0])
    assert batches.fit_steps_law(sizes, np.array([10.0, 100.0, 10.0, 100.0]))[2] < 0.5


def test_no_size_is_faster_than_the_fastest() -> None:
    overhead, per_row, critical = 3e-6, 5e-8, 200.0
    best = batches.fastest_size(overhead, per_row, critical)
    sizes = best * np.array([0.5, 0.99, 1.0, 1.01, 2.0])
    seconds = (overhead + per_row * sizes) * batches.steps_law(sizes, 3.0, critical)
    assert np.argmin(seconds) == 2


def test_two_halves_end_as_far_apart_as_both_orders_do():
    random = np.random.default_rng(0)
    x, y = random.standard_normal((8, 3)), random.standard_normal(8)
    turned = np.roll(np.arange(8), 4)
    ends = [batches.one_pass(x[rows], y[rows], 2, 0.1) for rows in (np.arange(8), turned)]
    assert batches.swapped(x, y, 0.1) == pytest.approx(np.linalg.norm(ends[0] - ends[1]))
