"""Random directions against samples of them, and slopes in another metric."""

import numpy as np
import pytest

from bench.theory import directions


@pytest.mark.parametrize("dimensions", [2, 11, 200])
def test_the_largest_cosine_is_that_of_samples(dimensions: int) -> None:
    random = np.random.default_rng(0)
    samples = random.standard_normal((200, 300, dimensions))
    cosines = samples[:, :, 0] / np.linalg.norm(samples, axis=2)
    assert cosines.max(axis=1).mean() == pytest.approx(directions.largest_cosine(dimensions, 300), rel=0.02)


def test_newtons_direction_falls_fastest_in_the_norm_of_the_hessian() -> None:
    hessian, gradient = np.diag([1.0, 9.0]), np.array([3.0, 3.0])
    newton = directions.fall(gradient, -np.linalg.solve(hessian, gradient), hessian)
    assert newton == pytest.approx(np.sqrt(10))
    angles = np.linspace(0, 2 * np.pi, 1000)
    falls = [directions.fall(gradient, np.array([np.cos(a), np.sin(a)]), hessian) for a in angles]
    assert max(falls) <= newton + 1e-12
