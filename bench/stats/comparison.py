"""Which of two is lower, by how much, and whether that is more than chance, from runs that share their seeds."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from bench.stats.pairs import median_interval

RESAMPLES = 1999
LEAST_RESAMPLED = 8
NO_SPREAD = 1e9  # how much smaller than that of the sample the spread of a resample is where all of its values agree
MOST_SEEDS = 10_000
MOST_EXACT = 50  # pairs of which the distribution of the rank sum is counted out
WILCOXON_EFFICIENCY = 3 / np.pi  # against the t-test under normal differences (Hodges and Lehmann 1956)


class Interval(NamedTuple):
    """An estimate and the ends of its interval; NaN ends where one value cannot say."""

    mean: float
    low: float
    high: float


class Comparison(NamedTuple):
    """Paired differences, first minus second: negative where the first is lower.

    Attributes:
        pairs: how many.
        mean, low, high: mean difference and its bootstrap-t interval.
        median, median_low, median_high: median difference and its distribution-free interval.
        lower: share of the pairs in which the first is lower; ties count half.
        sign_p, wilcoxon_p: two-sided p-values; pairs without a difference are left out, 1 where none is left.
        adjusted_p: the Wilcoxon p-value after Holm's correction over the family.
        separated: whether the adjusted p-value is below the level and the interval of the mean leaves out 0.
        more: pairs still needed to separate them, None where separated or where no difference was seen.
    """

    pairs: int
    mean: float
    low: float
    high: float
    median: float
    median_low: float
    median_high: float
    lower: float
    sign_p: float
    wilcoxon_p: float
    adjusted_p: float
    separated: bool
    more: int | None


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """The mean and its bootstrap-t interval (Efron and Tibshirani 1993, section 12.5).

    At 12 to 16 values the BCa interval of a mean covers 87 to 93 % where it says 95 %, and Student's covers less than
    it says where the values are skewed; this one comes nearest for both, as `tests/stats/test_comparison.py` holds.
    Student's is taken below 8 values, which are too few to resample, and where more than half of the values are equal:
    resamples with hardly any spread would decide.

    Args:
        values: the sample, (n,), finite.
        level: coverage wanted.
    """
    x = np.asarray(values, np.float64)
    mean = float(x.mean()) if x.size else np.nan
    if x.size < 2:
        return Interval(mean, np.nan, np.nan)
    error = x.std(ddof=1) / np.sqrt(x.size)
    if error <= 1e-12 * abs(mean):
        return Interval(mean, mean, mean)

    tails = [(1 - level) / 2, (1 + level) / 2]
    if x.size < LEAST_RESAMPLED or np.unique(x, return_counts=True)[1].max() > x.size / 2:
        low_t, high_t = scipy.special.stdtrit(x.size - 1, tails)
        return Interval(mean, mean - float(high_t * error), mean - float(low_t * error))

    def student(sample: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        spread = sample.std(axis, ddof=1) / np.sqrt(x.size)
        return (sample.mean(axis) - mean) / np.maximum(spread, error / NO_SPREAD)

    drawn = scipy.stats.bootstrap(
        (x,), student, vectorized=True, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    ).bootstrap_distribution
    low_t, high_t = np.quantile(drawn, tails)
    return Interval(mean, mean - float(high_t * error), mean - float(low_t * error))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """p-values adjusted for their number by Holm's step-down rule (Holm 1979).

    Args:
        p_values: (tests,).

    Returns:
        (tests,); those below alpha are rejected, and the chance that any of them is true is at most alpha.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((p.size - np.arange(p.size)) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def least_pairs(family: int, alpha: float = 0.05) -> int:
    """The fewest pairs under which the signed-rank test can separate anybody: all of one sign give p = 2^(1 - n).

    Args:
        family: tests, over which the level is shared out.
        alpha: the level of all together.
    """
    return int(np.ceil(np.log2(2 * family / alpha)))


def pairs_needed(difference: float, deviation: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """How many pairs a two-sided test needs to see a difference, by the noncentral t-distribution.

    Assumes that difference and deviation are the true ones, though they are estimates and the difference of what was
    picked for its difference is too large; and differences that are about normal, in which the Wilcoxon test needs
    pi / 3 times the pairs of the t-test.

    Args:
        difference: mean of the paired differences.
        deviation: their standard deviation.
        alpha: level of the test.
        power: chance of seeing it.

    Returns:
        The number of pairs, `MOST_SEEDS` where it is at least that, or None where there is no difference to see.
    """
    if difference == 0 or not np.isfinite([difference, deviation]).all():
        return None
    effect = abs(difference) / deviation if deviation > 0 else np.inf
    least = int(np.ceil(1 - np.log2(alpha)))  # fewer pairs cannot be significant, whatever they are
    sizes = np.unique(np.geomspace(3, MOST_SEEDS, 400).astype(int))
    critical = scipy.special.stdtrit(sizes - 1, 1 - alpha / 2)
    seen: Any = scipy.stats.nct.sf(critical, sizes - 1, np.minimum(np.sqrt(sizes) * effect, 30))
    enough = np.flatnonzero(seen >= power)
    needed = int(np.ceil(sizes[enough[0]] / WILCOXON_EFFICIENCY)) if enough.size else MOST_SEEDS
    return min(MOST_SEEDS, max(least, needed))


def compare_all(
    scores: Mapping[str, ArrayLike], level: float = 0.95, pairs: Sequence[tuple[str, str]] | None = None
) -> dict[tuple[str, str], Comparison]:
    """Compares contestants in pairs, as one family.

    Args:
        scores: contestant -> one number per seed, (seeds,), the same seeds in the same order for all.
        level: of the intervals; 1 - level is the family's error rate.
        pairs: what to compare, every pair unless given.

    Returns:
        (first, second) -> the comparison of first minus second.
    """
    wanted = list(itertools.combinations(scores, 2)) if pairs is None else list(pairs)
    d = {(a, b): np.asarray(scores[a], np.float64) - np.asarray(scores[b], np.float64) for a, b in wanted}
    tests = {pair: _p_values(difference) for pair, difference in d.items()}
    adjusted = holm([tests[pair][1] for pair in wanted])
    return {
        pair: _comparison(d[pair], *tests[pair], float(p), level, len(wanted))
        for pair, p in zip(wanted, adjusted, strict=True)
    }


def compare(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Comparison:
    """Compares two, as a family of its own; see `compare_all`."""
    return compare_all({"first": first, "second": second}, level)["first", "second"]


def _p_values(differences: NDArray[np.float64]) -> tuple[float, float]:
    """Two-sided p-values of the sign test and of Wilcoxon's signed-rank test."""
    unequal = differences[differences != 0]
    if not unequal.size:
        return 1.0, 1.0
    signs = scipy.stats.binomtest(int((unequal < 0).sum()), unequal.size).pvalue
    return float(signs), signed_rank_p(unequal)


def signed_rank_p(differences: ArrayLike) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test (Wilcoxon 1945), exact also where differences are tied.

    The rank sum under every choice of signs is counted one rank after the other (Streitberg and Roehmel 1986);
    where there are ties scipy goes through all 2^n choices, which takes seconds, and approximates from 14 pairs on.

    Args:
        differences: (pairs,), none of them 0; above `MOST_EXACT` of them the normal approximation is taken.
    """
    d = np.asarray(differences, np.float64)
    if d.size > MOST_EXACT:
        found: Any = scipy.stats.wilcoxon(d, method="asymptotic")
        return float(found.pvalue)
    twice = np.rint(2 * scipy.stats.rankdata(np.abs(d))).astype(int)  # tied ranks are halves
    chance = np.ones(1)
    for rank in twice:
        chance = (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0))) / 2
    at = int(twice[d > 0].sum())
    return float(min(1.0, 2 * min(chance[: at + 1].sum(), chance[at:].sum())))


def _comparison(
    d: NDArray[np.float64], sign_p: float, wilcoxon_p: float, adjusted_p: float, level: float, family: int
) -> Comparison:
    mean, low, high = mean_interval(d, level)
    separated = adjusted_p < 1 - level and (low > 0 or high < 0)
    more = None
    if not separated and d.size > 1:
        needed = pairs_needed(mean, float(d.std(ddof=1)), (1 - level) / family)
        more = None if needed is None else max(1, needed - d.size)
    lower = float(((d < 0) + 0.5 * (d == 0)).mean()) if d.size else np.nan
    return Comparison(
        d.size,
        mean,
        low,
        high,
        *median_interval(d.tolist(), level),
        lower,
        sign_p,
        wilcoxon_p,
        adjusted_p,
        separated,
        more,
    )


def in_words(pair: tuple[str, str], found: Comparison, unit: str = "", word: str = "lower") -> str:
    """The plain answer to which of two is better, and by how much.

    Args:
        pair: names of the first and the second.
        found: their comparison.
        unit: of the difference, such as " steps".
        word: `higher` where that is better, else what lower means, such as `earlier`.
    """
    first, second = pair
    if found.separated:
        first_wins = (found.mean < 0) == (word != "higher")
        winner, loser = (first, second) if first_wins else (second, first)
        low, high = sorted((abs(found.low), abs(found.high)))
        return f"separated: {winner} is {word} than {loser} by {abs(found.mean):.4g}{unit} [{low:.4g}, {high:.4g}]"
    if found.more is None:
        return f"not separated: no difference between {first} and {second} was seen in {found.pairs} seeds"
    more = f"more than {MOST_SEEDS:,}" if found.more + found.pairs >= MOST_SEEDS else f"about {found.more:,} more"
    span = f"{found.mean:.4g}{unit} [{found.low:.4g}, {found.high:.4g}]"
    return f"not separated: {first} - {second} is {span}; {more} seeds would be needed"


def groups(order: Sequence[str], found: Mapping[tuple[str, str], Comparison]) -> dict[str, str]:
    """Letters of the groups in which no two contestants are separated (insert and absorb, Piepho 2004).

    Args:
        order: contestants from best to worst.
        found: the comparison of every pair.

    Returns:
        Contestant -> its letters; two are separated exactly if they share none.
    """
    sets = [frozenset(order)]
    for pair in (pair for pair, comparison in found.items() if comparison.separated):
        split = [part for own in sets for part in ([own - {pair[0]}, own - {pair[1]}] if set(pair) <= own else [own])]
        sets = [own for own in dict.fromkeys(split) if not any(own < other for other in split)]
    rank = {name: position for position, name in enumerate(order)}
    sets.sort(key=lambda own: sorted(rank[name] for name in own))
    return {name: "".join(_letter(i) for i, own in enumerate(sets) if name in own) for name in order}


def _letter(index: int) -> str:
    return chr(ord("a") + index) if index < 26 else f"({index + 1})"
