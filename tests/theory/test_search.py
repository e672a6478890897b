"""Searches of a box against brute force."""

import numpy as np
import pytest

from bench.theory import search


def test_the_worst_minimum_lies_halfway_between_nodes() -> None:
    nodes = np.linspace(-1, 1, 5)
    x, y = np.meshgrid(nodes, nodes)
    errors = [np.min((x - c) ** 2 + 3 * (y - c) ** 2) / 2 for c in np.linspace(-1, 1, 401)]
    assert max(errors) == pytest.approx((1 + 3) * 0.25**2 / 2)
    assert max(errors) <= search.error_bound(3, 2, 0.5)
    assert np.min((x - 0.25) ** 2 + (y - 0.25) ** 2) / 2 == pytest.approx(search.error_bound(1, 2, 0.5))


def test_a_wide_well_is_always_found_and_a_narrow_one_about_as_often_as_a_node_falls_into_it() -> None:
    assert search.share_found(0.5, np.linspace(-1, 1, 9)) == 1
    nodes, width = np.linspace(-1, 1, 65), 1e-4
    reach = width * np.sqrt(
        2 * np.log(10 / nodes[nodes != 0] ** 2)
    )  # where exp(-x^2 / (2 w^2)) is above a tenth of c^2
    near_zero = nodes[1] - nodes[0]  # within a spacing of the node at 0, which wins if no node is in the well
    assert search.share_found(width, nodes) == pytest.approx(near_zero + reach.sum(), rel=0.03)


def test_steps_below_is_what_descent_takes() -> None:
    curvatures, x, steps = np.array([1.0, 0.2]), np.array([1.5, 1.5]), 0
    while 0.5 * np.sum(curvatures * x**2) >= 1e-3:
        x, steps = x - 0.9 * curvatures * x, steps + 1
    assert search.steps_below(curvatures, 1.5, 0.9, 1e-3) == steps
