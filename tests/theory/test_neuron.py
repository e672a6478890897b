"""The neuron's gradient, path and flow against differences, small steps and published figures."""

import numpy as np
import pytest

from bench.theory import neuron


@pytest.mark.parametrize("squared", [True, False])
def test_delta_is_the_derivative_of_the_cost(squared: bool) -> None:
    def cost(z: float) -> float:
        a = 1 / (1 + np.exp(-z))
        return a * a / 2 if squared else -np.log(1 - a)

    for z in (-2.0, 0.3, 4.0):
        slope = (cost(z + 1e-6) - cost(z - 1e-6)) / 2e-6
        assert float(neuron.delta(np.float64(z), squared)) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("z", [1.5, 4.0])
def test_small_steps_follow_the_flow(z: float, squared: bool) -> None:
    assert neuron.path(z, 1e-4, 100_000, squared)[-1] == pytest.approx(neuron.flow(z, 10.0, squared), rel=1e-3)


def test_the_published_outputs_of_the_squared_error() -> None:
    assert neuron.path(1.5, 0.15, 300, squared=True)[[0, -1]] == pytest.approx([0.82, 0.09], abs=0.005)
    assert neuron.path(4.0, 0.15, 300, squared=True)[[0, -1]] == pytest.approx([0.98, 0.20], abs=0.005)
