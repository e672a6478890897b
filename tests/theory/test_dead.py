"""Networks that are dead at birth, against the published numbers and sampled networks."""

import numpy as np
import pytest

from bench.theory import dead


@pytest.mark.parametrize(
    ("width", "layers", "want"), [(2, 5, 0.762695), (2, 10, 0.943686), (3, 10, 0.736924), (5, 30, 0.614210)]
)
def test_the_published_probabilities(width, layers, want):
    assert dead.born(width, layers) == pytest.approx(want, abs=5e-7)


def test_sampled_networks_die_as_often():
    random, networks, width, layers = np.random.default_rng(0), 20_000, 3, 4
    h = np.ones((networks, width))
    for _ in range(layers):
        h = np.maximum(np.einsum("ki,kij->kj", h, random.standard_normal((networks, width, width))), 0)
    assert np.mean(~h.any(axis=1)) == pytest.approx(dead.born(width, layers), abs=0.014)  # four standard errors
