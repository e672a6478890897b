"""Update formulas against steps worked out by hand, and against PyTorch."""

import numpy as np
import pytest

from bench.theory.updates import UPDATES, by_torch, projected

CONSTANTS = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9},
    "adagrad": {"initial": 0.0, "epsilon": 1e-30},
    "rmsprop": {"decay": 0.99, "epsilon": 1e-30},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
# theta_1 and theta_2 from theta_0 = 1 for the gradient 1, 1 at the rate 0.1
TWO_STEPS = {
    "sgd": (0.9, 0.8),
    "momentum": (0.9, 0.71),
    "nesterov": (0.81, 0.539),
    "adagrad": (0.9, 0.9 - 0.1 / np.sqrt(2)),
    "rmsprop": (0.0, -0.1 / np.sqrt(0.0199)),
    "adam": (0.9, 0.8),
}


@pytest.mark.parametrize("name", UPDATES)
def test_two_steps_with_a_constant_gradient(name):
    path = UPDATES[name](np.array([1.0]), np.ones_like, 0.1, 2, CONSTANTS[name])
    assert path[:, 0] == pytest.approx([1, *TWO_STEPS[name]], abs=1e-7)


@pytest.mark.parametrize("name", UPDATES)
def test_a_parameter_without_gradient_stays(name):
    assert np.array_equal(UPDATES[name](np.ones(2), np.zeros_like, 0.1, 3, CONSTANTS[name]), np.ones((4, 2)))


@pytest.mark.torch
@pytest.mark.parametrize("name", UPDATES)
def test_torch_takes_the_same_steps(name):
    pytest.importorskip("torch")
    curvature = np.array([1.0, 3.0, 0.2])
    arguments = (np.array([1.0, -2.0, 0.5]), lambda theta: curvature * theta, 0.05, 20, CONSTANTS[name])
    assert by_torch(name, *arguments) == pytest.approx(UPDATES[name](*arguments), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("largest", [False, True])
def test_the_projected_path_is_that_of_steps_that_are_cut_one_by_one(largest):
    slopes, rate, beta1, beta2 = np.resize([1010.0] + 100 * [-10.0], 6000), 0.5, 0.0, 0.99
    x, m, v, most, want = 0.0, 0.0, 0.0, 0.0, [0.0]
    for t, g in enumerate(slopes, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        second = v / (1 - beta2**t)
        most = max(most, second) if largest else second
        x = np.clip(x - rate / np.sqrt(t) * m / (1 - beta1**t) / np.sqrt(most), -1, 1)
        want.append(x)
    np.testing.assert_allclose(projected(slopes, rate, beta1, beta2, largest), want, atol=1e-12)
    assert largest or max(want) == 1
