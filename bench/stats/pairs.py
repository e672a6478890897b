"""Comparing two things that were timed in turn."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy


class Ratio(NamedTuple):
    """How many times as long the second takes as the first: median of the pairs, its interval, and a p-value."""

    median: float
    low: float
    high: float
    p: float


def median_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """Median and its distribution-free interval, from order statistics (Conover 1999, section 3.2).

    Args:
        values: the sample, (n,).
        level: coverage wanted; below 6 values the interval is the whole range, and covers 1 - 2^(1 - n).

    Returns:
        The median, the lower and the upper end.
    """
    ordered, size = np.sort(np.asarray(values, np.float64)), len(values)
    outside = max(0, int(scipy.stats.binom.ppf((1 - level) / 2, size, 0.5)) - 1)
    return float(np.median(ordered)), float(ordered[outside]), float(ordered[size - 1 - outside])


def ratio(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Ratio:
    """Ratio of pairs timed in turn, and whether the two samples differ (Mann and Whitney 1947, two-sided).

    Args:
        first, second: seconds, (pairs,) each.
        level: coverage of the interval.
    """
    quotients = np.asarray(second, np.float64) / np.asarray(first, np.float64)
    test: Any = scipy.stats.mannwhitneyu(first, second, alternative="two-sided")
    return Ratio(*median_interval(quotients.tolist(), level), float(test.pvalue))
