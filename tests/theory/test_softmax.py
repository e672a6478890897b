"""The softmax against PyTorch's gradient and finite differences, and the three-class example of the sources."""

import numpy as np
import pytest

from bench.theory import softmax

Z, Y = np.random.default_rng(0).standard_normal((6, 4)) * 3, np.array([0, 1, 2, 3, 1, 1])


def test_loss_and_gradient_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    z = torch.tensor(Z, requires_grad=True)
    value = torch.nn.functional.cross_entropy(z, torch.tensor(Y), reduction="none")
    value.sum().backward()
    np.testing.assert_allclose(softmax.loss(Z, Y), value.detach(), rtol=1e-12)
    np.testing.assert_allclose(softmax.gradient(Z, Y), z.grad, rtol=1e-12, atol=1e-15)


def test_hessian_is_the_difference_quotient_of_the_gradient_and_at_most_one_half():
    for z in Z:
        h, want = 1e-6, softmax.hessian(z)
        near = softmax.gradient(z + h * np.eye(4), np.zeros(4, int)) - softmax.gradient(
            z - h * np.eye(4), np.zeros(4, int)
        )
        np.testing.assert_allclose(near / (2 * h), want, atol=1e-8)
        assert np.linalg.norm(want, 2) <= 0.5
    assert np.linalg.norm(softmax.hessian([0.0, 0.0]), 2) == pytest.approx(0.5)


def test_the_example_of_the_sources():
    z = np.log([[0.88, 0.12, 1e-12]])
    np.testing.assert_allclose(softmax.gradient(z, np.array([1])), [[0.88, -0.88, 0]], atol=1e-11)
