"""Hand-written backpropagation against finite differences."""

import itertools

import numpy as np
import pytest

from bench.theory import backprop
from bench.theory.meanfield import ACTIVATIONS


@pytest.mark.parametrize("loss", backprop.LOSSES)
@pytest.mark.parametrize("name", ["identity", "tanh", "softplus", "relu"])
def test_the_gradient_is_that_of_the_loss(name, loss):
    random = np.random.default_rng(1)
    outputs = 3 if loss == "softmax_cross_entropy" else 1
    sizes = (4, 5, 3, outputs)
    x, y = random.standard_normal((6, 4)), random.integers(0, max(outputs, 2), 6)
    theta = random.standard_normal(sum((a + 1) * b for a, b in itertools.pairwise(sizes)))

    def value(at):
        return backprop.gradient(backprop.split(at, sizes), x, y, ACTIVATIONS[name], loss)[0]

    found = backprop.flat(backprop.gradient(backprop.split(theta, sizes), x, y, ACTIVATIONS[name], loss)[1])
    h = 1e-6
    numeric = [(value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(theta.size)]
    assert found == pytest.approx(numeric, abs=1e-8)


def test_flat_undoes_split():
    theta = np.arange(4.0 * 3 + 3 + 3 * 2 + 2)
    assert np.array_equal(backprop.flat(backprop.split(theta, (4, 3, 2))), theta)
