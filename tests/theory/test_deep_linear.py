"""Deep linear networks against differences and the published times."""

import numpy as np
import pytest

from bench.theory import deep_linear


@pytest.mark.parametrize(("layers", "target"), [(2, 2.0), (5, 2.0), (10, 2.0), (5, 0.5)])
def test_the_curvature_is_that_of_the_hessian(layers, target):
    w, h = np.full(layers, target ** (1 / layers)), 1e-4

    def value(at):
        return (np.prod(at) - target) ** 2 / 2

    def second(a, b):
        signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
        return sum(i * j * value(w + h * (i * a + j * b)) for i, j in signs) / (4 * h * h)

    hessian = [[second(a, b) for b in np.eye(layers)] for a in np.eye(layers)]
    assert np.linalg.eigvalsh(hessian)[-1] == pytest.approx(deep_linear.balanced_curvature(layers, target), rel=1e-5)


def test_a_mode_solves_its_equation_and_is_half_learned_at_its_half_time():
    t, h = np.linspace(0, 4, 9), 1e-6
    u = deep_linear.learned(t, 3.0, 1e-3)
    slope = (deep_linear.learned(t + h, 3.0, 1e-3) - deep_linear.learned(t - h, 3.0, 1e-3)) / (2 * h)
    np.testing.assert_allclose(slope, 2 * u * (3 - u), atol=1e-7)
    assert u[0] == pytest.approx(1e-3)
    assert deep_linear.half_time(3.0, 1e-3) == pytest.approx(1.33434, abs=5e-6)
    assert deep_linear.half_time(1.0, 1e-3) == pytest.approx(3.45338, abs=5e-6)
    assert deep_linear.learned(deep_linear.half_time(1.0, 1e-3), 1.0, 1e-3) == pytest.approx(0.5)
