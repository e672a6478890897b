"""The verdict rules: each turns measurements and a prediction into one finding that can fail.

Every rule states its probability of failing a correct implementation (ff); the tolerances of the studies keep it
below 1e-3.
"""

from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from bench.spec import Finding


def _finding(quantity: str, measured: Any, predicted: Any, rule: str, passed: bool, **more: Any) -> Finding:
    value = None if measured is None else float(measured)
    theory = None if predicted is None else float(predicted)
    return Finding(quantity, value, theory, rule, "PASS" if passed else "FAIL", **more)


def exact(
    quantity: str,
    measured: ArrayLike,
    predicted: ArrayLike,
    tolerance: float,
    scale: ArrayLike | None = None,
    **more: Any,
) -> Finding:
    """EXACT(r): the largest relative error is at most r. ff = 0 where r covers the rounding.

    Args:
        quantity: what is compared.
        measured, predicted: arrays that broadcast; a non-finite measurement fails.
        tolerance: r.
        scale: what errors are relative to; abs(predicted) unless given.
        **more: further fields of the finding.

    Returns:
        The finding, with the pair of values that differs most.
    """
    got, want = np.broadcast_arrays(np.asarray(measured, float), np.asarray(predicted, float))
    size = np.abs(want) if scale is None else np.broadcast_to(np.asarray(scale, float), want.shape)
    error = np.abs(got - want) / np.where(size > 0, size, 1)
    error = np.where(np.isfinite(error), error, np.inf)
    if not error.size:
        return Finding(quantity, None, None, f"EXACT({tolerance:g})", "FAIL", reason="nothing was measured", **more)
    worst = np.unravel_index(np.argmax(error), error.shape)
    return _finding(quantity, got[worst], want[worst], f"EXACT({tolerance:g})", error[worst] <= tolerance, **more)


def rate(
    quantity: str,
    steps: ArrayLike,
    values: ArrayLike,
    theory: float,
    tolerance: float,
    floor: float = 0.0,
    start: float = 1e-2,
    **more: Any,
) -> Finding:
    """RATE(d): the slope of ln(values) over steps, |slope / theory - 1| <= d.

    The window starts where the values have fallen to `start` of the first and ends 100 times above the round-off floor.

    Args:
        quantity: what decays.
        steps, values: the series, one-dimensional.
        theory: predicted slope per step.
        tolerance: d.
        floor: round-off floor of the values.
        start: share of the first value; smaller where several modes decay at first.
        **more: further fields of the finding.
    """
    t, v = np.asarray(steps, float), np.asarray(values, float)
    window = (v <= start * v[0]) & (v >= 100 * floor) & (v > 0)
    name = f"RATE({tolerance:g})"
    if window.sum() < 3:
        return Finding(quantity, None, float(theory), name, "FAIL", reason="fewer than 3 points in the window", **more)
    slope = float(np.polynomial.Polynomial.fit(t[window], np.log(v[window]), 1).convert().coef[1])
    return _finding(quantity, slope, theory, name, abs(slope / theory - 1) <= tolerance, **more)


def equivalent(
    quantity: str, samples: ArrayLike, predicted: float, tolerance: float, confidence: float = 0.99, **more: Any
) -> Finding:
    """EQ(d, R): the t-interval of measured / predicted over R seeds lies inside [1 - d, 1 + d] (TOST).

    ff < 1e-3 needs R >= (6.6 CV / d)^2 repeats, CV the coefficient of variation of one sample.

    Args:
        quantity: what is compared.
        samples: one value per seed.
        predicted: theory.
        tolerance: d.
        confidence: of the interval.
        **more: further fields of the finding.
    """
    x = np.asarray(samples, float)
    mean, name = x.mean(), f"EQ({tolerance:g},{x.size})"
    error = x.std(ddof=1) / np.sqrt(x.size) if x.size > 1 else np.inf
    half = scipy.special.stdtrit(max(x.size - 1, 1), (1 + confidence) / 2) * error
    inside = (mean - half) / predicted >= 1 - tolerance and (mean + half) / predicted <= 1 + tolerance
    return _finding(
        quantity, mean, predicted, name, bool(inside), low=mean - half, high=mean + half, seeds=x.size, **more
    )


def binomial(
    quantity: str, successes: int, trials: int, probability: float, cells: int = 1, alpha: float = 5e-4, **more: Any
) -> Finding:
    """BIN(n): the exact two-sided binomial p-value is at least alpha / cells, so ff <= alpha over all cells.

    Args:
        quantity: what is counted.
        successes, trials: the count.
        probability: theory.
        cells: how many such tests the study makes.
        alpha: of the study.
        **more: further fields of the finding.
    """
    test = scipy.stats.binomtest(successes, trials, probability)
    interval = test.proportion_ci(0.99)
    passed = bool(test.pvalue >= alpha / cells)
    return _finding(
        quantity,
        successes / trials,
        probability,
        f"BIN({trials})",
        passed,
        low=interval.low,
        high=interval.high,
        seeds=trials,
        **more,
    )


def fisher(
    quantity: str,
    successes: int,
    trials: int,
    published: int,
    published_trials: int,
    cells: int = 1,
    alpha: float = 5e-4,
    **more: Any,
) -> Finding:
    """FISHER(n/m): Fisher's exact two-sided p-value of two counts is at least alpha / cells, so ff <= alpha.

    Args:
        quantity: what is counted.
        successes, trials: the count here.
        published, published_trials: the count of a publication, which is itself a sample.
        cells: how many such tests the study makes.
        alpha: of the study.
        **more: further fields of the finding.
    """
    rows = [[successes, trials - successes], [published, published_trials - published]]
    test: Any = scipy.stats.fisher_exact(rows)
    passed = bool(test.pvalue >= alpha / cells)
    interval = scipy.stats.binomtest(successes, trials).proportion_ci(0.99)
    name, theory = f"FISHER({trials}/{published_trials})", published / published_trials
    more = {"low": interval.low, "high": interval.high, "seeds": trials, **more}
    return _finding(quantity, successes / trials, theory, name, passed, **more)


def sign(quantity: str, differences: ArrayLike, least: int | None = None, **more: Any) -> Finding:
    """SIGN(k/n): at least k of n paired differences are positive; by default the least k with p <= 0.0032 one-sided.

    Args:
        quantity: what is compared.
        differences: one paired difference per seed, positive where the prediction holds.
        least: k.
        **more: further fields of the finding.

    Returns:
        The finding; measured is the share of positive differences.
    """
    d = np.asarray(differences, float)
    n, wins = d.size, int((d > 0).sum())
    rare = (k for k in range(n + 1) if scipy.stats.binom.sf(k - 1, n, 0.5) <= 0.0032)
    k = least if least is not None else next(rare, n)
    return _finding(quantity, wins / max(n, 1), 1.0, f"SIGN({k}/{n})", n > 0 and wins >= k, seeds=n, **more)


def bound(
    quantity: str, values: ArrayLike, limit: ArrayLike, tight: float | None = 0.95, slack: float = 1e-9, **more: Any
) -> Finding:
    """BOUND: values <= limit everywhere, and somewhere at least `tight` of it, else the bound says nothing.

    Args:
        quantity: what is bounded.
        values, limit: arrays that broadcast; limits are positive.
        tight: share of the limit that some value must reach; None where no cell can.
        slack: relative.
        **more: further fields of the finding.

    Returns:
        The finding; measured is the largest ratio of value to limit.
    """
    v, b = np.broadcast_arrays(np.asarray(values, float), np.asarray(limit, float))
    ratio = np.where(np.isfinite(v), v / b, np.inf)
    largest = float(ratio.max()) if ratio.size else np.nan
    passed = largest <= 1 + slack and (tight is None or largest >= tight)
    return _finding(quantity, largest, 1.0, "BOUND" if tight is None else f"BOUND(tight {tight:g})", passed, **more)


def bisect(quantity: str, low: float, high: float, predicted: float, tolerance: float, **more: Any) -> Finding:
    """BISECT(d): the threshold, bracketed by [low, high], is within d of theory.

    Args:
        quantity: the threshold.
        low: largest value on the near side.
        high: smallest value on the far side.
        predicted: theory.
        tolerance: d.
        **more: further fields of the finding.
    """
    middle = (low + high) / 2
    worst = max(abs(low / predicted - 1), abs(high / predicted - 1))
    passed = bool(worst <= tolerance)
    return _finding(quantity, middle, predicted, f"BISECT({tolerance:g})", passed, low=low, high=high, **more)
