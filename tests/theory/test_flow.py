"""The gradient flow and its cycles, against cases with an answer."""

import numpy as np
import pytest

from bench.theory import flow

H = np.diag([1.0, 50.0])


def test_the_flow_on_a_parabola_falls_like_an_exponential() -> None:
    found = flow.time_to(lambda x: H @ x, lambda x: H, [1.0, 1.0], 1e-4)
    assert found == pytest.approx(np.log(1e4), rel=1e-6)


def test_gradient_descent_on_a_parabola_shrinks_every_mode_by_its_factor() -> None:
    found = flow.path(lambda x: H @ x, [1.0, 1.0], 0.01, 4)
    np.testing.assert_allclose(found[-1], [0.99**4, 0.5**4])
    assert flow.turns(found) == 0.0
    assert flow.turns(np.array([[0, 0], [1, 0], [0, 0], [1, 0]], float)) == 1.0


def test_beyond_the_limit_a_double_well_has_a_cycle() -> None:
    def slope(x: np.ndarray) -> np.ndarray:
        return 4 * x**3 - 4 * x

    (x,), (z,) = flow.two_cycle(slope, 0.27, [[1.2], [0.8]])
    assert abs(x - z) > 0.1
    assert x - 0.27 * slope(x) == pytest.approx(z)
    assert z - 0.27 * slope(z) == pytest.approx(x)
