"""The interpolated maps give what the integrals give."""

import numpy as np
import pytest

from bench.theory import interpolated, meanfield


@pytest.mark.parametrize("activation", meanfield.ACTIVATIONS)
@pytest.mark.parametrize(("variance", "bias"), [(0.5, 0.0), (1.0, 0.1), (2.0, 0.0)])
def test_the_interpolated_maps_give_what_the_integrals_give(activation, variance, bias):
    close = 1e-2 if activation == "hard_tanh" else 2e-4  # its kinks lie between the nodes of the integral itself
    phi, first = meanfield.ACTIVATIONS[activation], np.geomspace(1e-3, 30, 8)
    exact = meanfield.backward_squares(phi, first, 12, variance, bias)
    np.testing.assert_allclose(interpolated.backward_squares(phi, first, 12, variance, bias), exact, rtol=close)
