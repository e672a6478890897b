"""Escape from a saddle, against the recursion."""

import numpy as np
import pytest

from bench.theory import saddle


def test_a_start_beside_the_saddle_grows_to_the_level() -> None:
    steps = saddle.escape_step(0.1, 1e-4, 0.1)
    assert 1e-4 * 1.1**steps == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(("noise", "want"), [(1e-1, 36.99), (1e-3, 85.31), (1e-5, 133.62)])
def test_the_step_of_half_of_the_noisy_chains(noise: float, want: float) -> None:
    assert saddle.noise_escape_step(0.5, noise, 0.1) == pytest.approx(want, abs=0.01)
    y, random, steps = np.zeros(200_000), np.random.default_rng(0), saddle.noise_escape_step(0.1, noise, 0.1)
    for _ in range(round(steps)):
        y = 1.1 * y - 0.1 * noise * random.standard_normal(y.size)
    assert np.median(np.abs(y)) == pytest.approx(0.1 * 1.1 ** (round(steps) - steps), rel=0.02)
