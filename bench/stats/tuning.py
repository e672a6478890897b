"""What tuning costs: the best of so many tries, how wide the good learning rates lie, and tuning without looking."""

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from bench.stats.comparison import Interval, mean_interval


class Basin(NamedTuple):
    """The learning rates around the best one that are nearly as good.

    Attributes:
        best: the best rate.
        decades: log10 of the largest over the smallest good rate, each reaching half way to its neighbours.
        open: whether it reaches an end of what was tried, so that it is at least so wide.
    """

    best: float
    decades: float
    open: bool


def halves(seeds: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seeds that choose and seeds that judge: every other one, so that neither sees what the other does.

    Args:
        seeds: (seeds,), in any order.

    Returns:
        The two halves, ascending; the second has the odd one more.
    """
    distinct = np.unique(np.asarray(seeds, np.int64))
    return distinct[1::2], distinct[0::2]


def best_of_weights(tries: int, budget: int, replace: bool) -> NDArray[np.float64]:
    """The chance that the i-th best of all tries is the best of `budget` of them, drawn at random.

    With replacement, P = (1 - (i-1)/n)^k - (1 - i/n)^k, the weights of V-hat (Dodge et al. 2019, section 3); without,
    P = C(n - i, k - 1) / C(n, k), those of the unbiased U-statistic (Tang et al. 2020).

    Args:
        tries: n.
        budget: k, from 1 to n without replacement.
        replace: whether one try may be drawn twice.

    Returns:
        (tries,), from the best to the worst; they sum to 1.
    """
    i = np.arange(1, tries + 1, dtype=np.float64)
    if replace:
        return (1 - (i - 1) / tries) ** budget - (1 - i / tries) ** budget
    return np.asarray(scipy.special.comb(tries - i, budget - 1) / scipy.special.comb(tries, budget))


def expected_best(scores: ArrayLike, budget: int, replace: bool = False, judged: ArrayLike | None = None) -> Interval:
    """The score to expect of the best of `budget` random tries, and its interval over seeds.

    Args:
        scores: (seeds, tries), lower is better; one row tunes by itself.
        budget: number of tries.
        replace: False for the unbiased estimate, True for V-hat.
        judged: (seeds, tries): what the chosen try is worth, where others judge than choose; `scores` unless given.

    Returns:
        Mean over seeds, and its bootstrap-t interval.
    """
    own = np.atleast_2d(np.asarray(scores, np.float64))
    worth = own if judged is None else np.atleast_2d(np.asarray(judged, np.float64))
    order = np.argsort(own, axis=1, kind="stable")
    return mean_interval(np.take_along_axis(worth, order, 1) @ best_of_weights(own.shape[1], budget, replace))


def basin(rates: ArrayLike, scores: ArrayLike, factor: float = 2.0) -> Basin:
    """The contiguous rates around the best one whose score is at most `factor` times the best.

    Args:
        rates: (tries,), positive, distinct, in any order.
        scores: (tries,), positive, lower is better; infinite where a rate is of no use.
        factor: what counts as nearly as good.
    """
    order = np.argsort(np.asarray(rates, np.float64))
    place, score = np.log10(np.asarray(rates, np.float64)[order]), np.asarray(scores, np.float64)[order]
    best = int(np.argmin(score))
    good = score <= factor * score[best]
    low = best - int(np.argmin(good[best::-1])) + 1 if not good[best::-1].all() else 0
    high = best + int(np.argmin(good[best:])) - 1 if not good[best:].all() else len(good) - 1
    borders = np.concatenate([place[:1], (place[1:] + place[:-1]) / 2, place[-1:]])
    return Basin(float(10 ** place[best]), float(borders[high + 1] - borders[low]), low == 0 or high == len(good) - 1)
