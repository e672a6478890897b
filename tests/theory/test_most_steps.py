"""The worst case of the number of steps, against steps taken one by one from the worst start."""

import numpy as np
import pytest

from bench.theory import quadratics


@pytest.mark.parametrize("kappa", [2.0, 30.0])
def test_the_worst_start_needs_the_worst_case_and_no_start_needs_more(kappa: float) -> None:
    h, rate, random = np.diag([1.0, kappa]), quadratics.best_rate(1, kappa), np.random.default_rng(0)
    for start in (np.ones(2), *random.standard_normal((20, 2))):
        error, steps = start, 0
        while np.linalg.norm(error) > 1e-3 * np.linalg.norm(start):
            error, steps = error - rate * h @ error, steps + 1
        assert steps == np.ceil(quadratics.most_steps(kappa, 1e-3))


def test_the_condition_number_one_needs_one_step() -> None:
    assert quadratics.most_steps(1.0, 1e-3) == 1
