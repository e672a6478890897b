"""The hand-written gradient of a tied autoencoder against differences and PyTorch."""

import numpy as np
import pytest

from bench.theory import autoencoders, meanfield

PHI = meanfield.ACTIVATIONS["sigmoid"]


def _problem():
    random = np.random.default_rng(0)
    h = random.random((7, 5))
    seen = np.where(random.random(h.shape) < 0.3, 0, h)
    return [random.normal(size=shape) for shape in ((5, 3), (3,), (5,))], seen, h


@pytest.mark.parametrize("probabilities", [False, True])
def test_the_gradient_is_that_of_the_loss(probabilities):
    parts, seen, h = _problem()
    _, slopes = autoencoders.tied(*parts, seen, h, PHI, probabilities)
    for part, slope in zip(parts, slopes, strict=True):
        for place in np.ndindex(part.shape):
            ends = []
            for step in (1e-6, -1e-6):
                part[place] += step
                ends.append(autoencoders.tied(*parts, seen, h, PHI, probabilities)[0])
                part[place] -= step
            assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(slope[place], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("probabilities", [False, True])
def test_loss_and_gradient_are_those_of_pytorch(probabilities):
    torch = pytest.importorskip("torch")
    parts, seen, h = _problem()
    value, slopes = autoencoders.tied(*parts, seen, h, PHI, probabilities)
    weight, bias, decoder_bias = (torch.tensor(part, requires_grad=True) for part in parts)
    code = torch.sigmoid(torch.nn.functional.linear(torch.tensor(seen), weight.T, bias))
    rebuilt = torch.nn.functional.linear(code, weight, decoder_bias)
    loss = torch.nn.BCEWithLogitsLoss(reduction="sum") if probabilities else torch.nn.MSELoss(reduction="sum")
    found = loss(rebuilt, torch.tensor(h)) / (len(h) if probabilities else 2 * len(h))
    found.backward()
    assert value == pytest.approx(found.item(), rel=1e-12)
    for got, want in zip(slopes, (weight.grad, bias.grad, decoder_bias.grad), strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-10, atol=1e-14)
