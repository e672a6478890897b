"""Time to a target, where some runs never get there: they are censored, never counted as infinite or filled in."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from bench.stats.comparison import mean_interval


class TimeToTarget(NamedTuple):
    """How long it takes to reach a target, by the Kaplan-Meier estimate.

    Attributes:
        runs, reached: how many runs there are, and how many of them reached it.
        median, median_low, median_high: time by which half of the runs have; NaN where so many never do.
        restricted_mean, low, high: mean time, no run counting for more than the horizon, and its interval.
        horizon: where counting stops.
    """

    runs: int
    reached: int
    median: float
    median_low: float
    median_high: float
    restricted_mean: float
    low: float
    high: float
    horizon: float

    def in_words(self, unit: str = "steps") -> str:
        """The median with its interval, or that half of the runs never get there."""
        if np.isnan(self.median):
            return f"not reached by half of the runs ({self.reached} of {self.runs})"
        high = "..." if np.isnan(self.median_high) else f"{self.median_high:.4g}"
        return f"{self.median:.4g} {unit} [{self.median_low:.4g}, {high}]"


def survival(times: ArrayLike, reached: ArrayLike) -> Any:
    """The Kaplan-Meier estimate of the share of runs that have not reached the target yet (Kaplan and Meier 1958).

    Args:
        times: when a run reached it, or for how long it was watched in vain, (runs,).
        reached: which of the two, (runs,).

    Returns:
        scipy's `EmpiricalDistributionFunction`: `quantiles`, `probabilities`, `evaluate`, `confidence_interval`.
    """
    t, there = np.asarray(times, np.float64), np.asarray(reached, bool)
    return scipy.stats.ecdf(scipy.stats.CensoredData(uncensored=t[there], right=t[~there])).sf


def time_to_target(times: ArrayLike, reached: ArrayLike, horizon: float | None = None) -> TimeToTarget:
    """Median and restricted mean of the time to a target.

    The interval of the median is where the log-log band of the survival curve crosses one half (Brookmeyer and Crowley
    1982). That of the restricted mean is of the mean of its pseudo-values (Andersen et al. 2003), which are the times
    themselves where every censored run was watched up to the horizon.

    Args:
        times, reached: as for `survival`, (runs,).
        horizon: where counting stops; the longest time unless given. A diverged run never reaches the target: it is
            censored at the end of its budget, not where it diverged, which would say that it might have gone on.
    """
    t, there = np.asarray(times, np.float64), np.asarray(reached, bool)
    end = float(t.max()) if horizon is None else float(horizon)
    curve = survival(t, there)
    median = _crossing(curve.quantiles, curve.probabilities)
    low = high = np.nan
    if there.any() and t.size > 1:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # scipy's band is undefined where all or none are left
            band = curve.confidence_interval(method="log-log")
        lower, upper = (
            np.nan_to_num(side.probabilities, nan=fill) for side, fill in ((band.low, 0.0), (band.high, 1.0))
        )
        lower = np.where(curve.probabilities >= 1, 1.0, lower)  # nobody has arrived: certain so far
        upper = np.where(curve.probabilities <= 0, 0.0, upper)
        low, high = _crossing(curve.quantiles, lower), _crossing(curve.quantiles, upper)
    whole = _area(t, there, end)
    mean = mean_interval(_pseudo_values(t, there, end, whole))
    ends = np.clip([mean.low, mean.high], 0, end)
    return TimeToTarget(t.size, int(there.sum()), median, low, high, whole, float(ends[0]), float(ends[1]), end)


def _pseudo_values(t: NDArray[np.float64], there: NDArray[np.bool_], end: float, whole: float) -> NDArray[np.float64]:
    """What each run adds to the area below the survival curve: its own time, if none was given up before the end."""
    if (there | (t >= end)).all():
        return np.minimum(t, end)
    others = [_area(np.delete(t, i), np.delete(there, i), end) for i in range(t.size)] if t.size > 1 else []
    return t.size * whole - (t.size - 1) * np.asarray(others) if others else np.array([whole])


def _crossing(times: NDArray[np.float64], probabilities: NDArray[np.float64]) -> float:
    """First time at which at most half is left."""
    hit = np.flatnonzero(probabilities <= 0.5 + 1e-12)
    return float(times[hit[0]]) if hit.size else np.nan


def _area(times: NDArray[np.float64], reached: NDArray[np.bool_], horizon: float) -> float:
    """Area below the survival curve up to the horizon."""
    curve = survival(times, reached)
    inside = curve.quantiles < horizon
    edges = np.concatenate([[0.0], curve.quantiles[inside], [horizon]])
    return float(np.concatenate([[1.0], curve.probabilities[inside]]) @ np.diff(edges))
