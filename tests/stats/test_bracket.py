"""A bracket holds the threshold, and says so when there is none."""

import numpy as np

from bench.stats.bracket import bracket, inside


def test_the_bracket_holds_the_threshold_whatever_the_order() -> None:
    values = np.random.default_rng(0).permutation(np.linspace(0, 1, 50))
    low, high = bracket(values, values < 0.4321)  # type: ignore[misc]
    assert low < 0.4321 <= high
    assert high - low < 0.021


def test_one_sided_or_mixed_observations_have_no_bracket() -> None:
    assert bracket([1.0, 2.0], [True, True]) is None
    assert bracket([1.0, 2.0], [False, False]) is None
    assert bracket([1.0, 2.0, 3.0], [True, False, True]) is None


def test_the_next_round_lies_strictly_inside() -> None:
    values = inside(1.0, 2.0, 64)
    assert len(values) == 64
    assert min(values) > 1.0
    assert max(values) < 2.0
