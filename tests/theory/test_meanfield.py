"""The variance map and the gradient's factor per layer, against tables, closed forms and sampled networks."""

import numpy as np
import pytest

from bench.theory import meanfield
from bench.theory.meanfield import ACTIVATIONS
from models import ACTIVATIONS as REGISTERED

# q*, chi_1 for (weight variance, bias variance), to four digits
FIXED_POINTS = [
    ("sigmoid", 1 / 3, 0, 0.0850, 0.0200),
    ("sigmoid", 1, 0, 0.2647, 0.0557),
    ("sigmoid", 4, 0, 1.1969, 0.1716),
    ("sigmoid", 2, 0.01, 0.5662, 0.1006),
    ("tanh", 2, 0, 0.6180, 1.1055),
    ("tanh", 4, 0, 2.1215, 1.3627),
    ("tanh", 1, 0.01, 0.0778, 0.8762),
    ("softsign", 2, 0, 0.0795, 1.0424),
    ("softsign", 4, 0, 0.5301, 1.1630),
    ("relu", 1, 0.01, 0.0200, 0.5),
    ("prelu", 1, 0.01, 0.0213, 0.5313),
    ("elu", 1, 0.01, 0.0639, 0.8484),
    ("selu", 1, 0, 1.0, 1.0716),
    ("gelu", 2, 0.01, 0.0208, 0.5254),
    ("silu", 1, 0.01, 0.0134, 0.2533),
    ("softplus", 1, 0, 0.8563, 0.2887),
]
# E phi^2 and E phi'^2 for z ~ N(0, 1)
MOMENTS = {
    "identity": (1, 1),
    "sigmoid": (0.293379, 0.044836),
    "tanh": (0.394294, 0.464403),
    "softsign": (0.183014, 0.227671),
    "relu": (0.5, 0.5),
    "leaky_relu": (0.500050, 0.500050),
    "prelu": (0.53125, 0.53125),
    "elu": (0.644945, 0.668102),
    "selu": (1, 1.071575),
    "gelu": (0.425221, 0.455851),
    "silu": (0.355776, 0.379482),
    "softplus": (0.921246, 0.293379),
    "hard_tanh": (0.516059, 0.682689),
}


@pytest.mark.parametrize(("name", "weight_variance", "bias_variance", "q", "chi"), FIXED_POINTS)
def test_fixed_points_agree_with_the_published_table(name, weight_variance, bias_variance, q, chi):
    phi = ACTIVATIONS[name]
    found = meanfield.fixed_point(phi, weight_variance, bias_variance)
    assert found == pytest.approx(q, abs=6e-5)
    assert meanfield.chi(phi, found, weight_variance) == pytest.approx(chi, abs=6e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gaussian_moments_agree_with_the_table(name):
    phi, (square, slope) = ACTIVATIONS[name], MOMENTS[name]
    assert meanfield.gaussian_mean(lambda z: phi.value(z) ** 2, 1) == pytest.approx(square, abs=1e-6)
    assert meanfield.gaussian_mean(lambda z: phi.slope(z) ** 2, 1) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_the_derivatives(name):
    phi, z, h = ACTIVATIONS[name], np.linspace(-4, 4, 321) + 1e-3, 1e-6
    assert phi.slope(z) == pytest.approx((phi.value(z + h) - phi.value(z - h)) / (2 * h), abs=1e-8)


def test_sigmoid_is_critical_at_its_published_gain():
    phi, variance = ACTIVATIONS["sigmoid"], 10.14926**2
    q = meanfield.fixed_point(phi, variance)
    assert q == pytest.approx(45.6243, abs=1e-3)
    assert meanfield.chi(phi, q, variance) == pytest.approx(1, abs=1e-5)


def test_a_runaway_variance_is_infinite():
    assert meanfield.fixed_point(ACTIVATIONS["relu"], 4.0) == np.inf


def test_relu_halves_the_weight_variance_in_both_directions():
    q = meanfield.trajectory(ACTIVATIONS["relu"], 5, 3.0, input_square=2.0)
    assert q == pytest.approx(6 * 1.5 ** np.arange(5))
    assert meanfield.backward_factors(ACTIVATIONS["relu"], q, 3.0) == pytest.approx(np.full(5, 1.5))


def test_relu_passes_errors_of_the_variance_on_and_gelu_amplifies_them():
    assert meanfield.sensitivity(ACTIVATIONS["relu"], 10, 2.0) == pytest.approx(1)
    assert meanfield.sensitivity(ACTIVATIONS["tanh"], 10, 2.0) == pytest.approx(1)  # of q_1; later ones forget it
    assert meanfield.sensitivity(ACTIVATIONS["gelu"], 10, 2.0) > 2


@pytest.mark.parametrize("name", ["tanh", "softplus"])
def test_a_sampled_network_follows_the_trajectory_and_the_factors(name):
    phi, random, n, depth, weight_variance, bias_variance = (
        ACTIVATIONS[name],
        np.random.default_rng(0),
        2000,
        4,
        1.7,
        0.2,
    )
    z, passed, weights = np.sqrt(weight_variance + bias_variance) * random.standard_normal(n), [], []
    for _ in range(depth):
        passed.append(z)
        weights.append(random.standard_normal((n, n)) * np.sqrt(weight_variance / n))
        z = weights[-1].T @ phi.value(z) + np.sqrt(bias_variance) * random.standard_normal(n)
    q = meanfield.trajectory(phi, depth, weight_variance, bias_variance)
    assert [np.mean(z**2) for z in passed] == pytest.approx(q, rel=0.12)
    delta = random.standard_normal(n)
    for layer in reversed(range(depth)):
        below = phi.slope(passed[layer]) * (weights[layer] @ delta)
        ratio = below @ below / (delta @ delta)
        assert ratio == pytest.approx(meanfield.chi(phi, q[layer], weight_variance), rel=0.12)
        delta = below


@pytest.mark.usefixtures("devices")
@pytest.mark.parametrize("name", REGISTERED)
def test_the_theory_knows_every_registered_activation(name):
    z = np.linspace(-6, 6, 241)
    activation = REGISTERED[name]
    constants = {key: np.float64(value) for key, value in activation.constants.items()}
    assert np.asarray(activation.apply(z, constants)) == pytest.approx(ACTIVATIONS[name].value(z), abs=1e-12)


@pytest.mark.parametrize(("activation", "init"), [("sigmoid", "glorot"), ("relu", "he"), ("tanh", "lecun")])
def test_the_factor_of_a_network_is_that_of_sampled_wide_ones(activation: str, init: str) -> None:
    depth, width, rows, inputs = 5, 400, 24, 100
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, inputs)) * random.uniform(0.5, 2, (rows, 1))
    phi, ratios = ACTIVATIONS[activation], []
    for _ in range(12):
        h, slopes, weights = x, [], []
        for fan_in in [inputs] + [width] * (depth - 1):
            variance = meanfield.SCALED_VARIANCES[init](fan_in, width) / fan_in
            weights.append(random.standard_normal((fan_in, width)) * variance**0.5)
            z = h @ weights[-1]
            h = phi.value(z)
            slopes.append(phi.slope(z))
        delta = top = random.standard_normal((rows, width)) * slopes[-1]
        for layer in range(depth - 1, 0, -1):
            delta = (delta @ weights[layer].T) * slopes[layer - 1]
        ratios.append(np.log(np.linalg.norm(delta) / np.linalg.norm(top)) / (depth - 1))
    theory = meanfield.network_factor(activation, init, x, depth, width)
    assert np.exp(np.mean(ratios)) == pytest.approx(theory, rel=0.03)
