"""Recursions of residual networks against sampled ones."""

import numpy as np
import pytest

from bench.theory import residual


def test_rectified_branches_lead_to_the_published_fixed_point():
    signal = residual.rectified(40, 1.0, 2.0, np.pi**-0.5, 256).signal
    assert signal[-1] / signal[-2] == pytest.approx(2.904105, abs=1e-6)
    assert signal[10] ** 0.1 == pytest.approx(2.81, abs=0.1)


@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_sampled_networks_follow_the_recursion_in_both_directions(scale):
    random, n, blocks, signals, gradients = np.random.default_rng(0), 400, 6, [], []
    for _ in range(40):
        h = [np.maximum(np.sqrt(2) * random.standard_normal(n), 0)]
        weights, masks = [], []
        for _ in range(blocks):
            weights.append(np.sqrt(2 / n) * random.standard_normal((n, n)))
            z = h[-1] @ weights[-1]
            masks.append(z > 0)
            h.append(h[-1] + scale * np.maximum(z, 0))
        g = [random.standard_normal(n)]
        for weight, mask in zip(weights[::-1], masks[::-1], strict=True):
            g.append(g[-1] + scale * weight @ (mask * g[-1]))
        signals.append(np.sum(h[-1] ** 2) / np.sum(h[0] ** 2))
        gradients.append(np.sum(g[-1] ** 2) / np.sum(g[0] ** 2))
    want = residual.rectified(blocks, scale, 2.0, np.pi**-0.5, n)
    assert np.mean(signals) == pytest.approx(want.signal[-1], rel=0.05)
    assert np.mean(gradients) == pytest.approx(want.gradient[0], rel=0.05)


def test_the_preactivation_form_doubles_with_he_weights():
    assert residual.preactivation_factor(1.0, 2.0) == 2
    assert residual.preactivation_factor(40**-0.5, 2.0) ** 40 == pytest.approx(2.685, abs=1e-3)
