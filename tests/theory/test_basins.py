"""Shares of starts against basins that are known."""

import numpy as np
import pytest

from bench.theory import basins


def test_small_steps_stay_on_their_side_of_the_maximum():
    share = basins.share_below(lambda x: 4 * x**3 - 4 * x, 0.02, 0.0, (-2.0, 3.0), 10_000)
    assert share == pytest.approx(0.4, abs=1e-4)


def test_large_steps_jump_over_it():
    """At eta = 1 / 4, x <- 2 x - x^3 ends below 0 from (-sqrt 2, 0), and from (sqrt 2, 1.7) after one jump."""
    x = np.linspace(-1.7, 1.7, 2001)[1:-1]
    ends = x.copy()
    for _ in range(500):
        ends = 2 * ends - ends**3
    share = basins.share_below(lambda x: 4 * x**3 - 4 * x, 0.25, 0.0, (-1.7, 1.7), 20_000)
    assert share == pytest.approx(np.mean(ends < 0), abs=2e-3)
    jumped = basins.share_below(lambda x: 4 * x**3 - 4 * x, 0.25, 0.0, (np.sqrt(2), 1.6), 1000)
    assert jumped == 1.0
