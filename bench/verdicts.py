"""Judges the claims of one's own that a grid's file makes, on seeds that did not tune anything."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.claims import BEST_RATE, OwnClaim, measured
from bench.outcome import varied
from bench.spec import Claim, Evidence, Finding
from bench.spec.finding import Verdict
from bench.stats import claim as judged_claim
from bench.stats.comparison import compare, in_words
from bench.stats.tuning import halves


def judge(claims: Sequence[OwnClaim], known: Sequence[Claim], evidence: Evidence) -> tuple[Finding, ...]:
    """The verdicts: one finding per claim, the error rate of 5 % shared out over them (Bonferroni).

    Where a side of a claim has several configurations, such as learning rates, half of the seeds choose the best of
    them and the other half judge; where it has one, all seeds judge.

    Args:
        claims: as they were read.
        known: the same, as the study has them.
        evidence: the tables.
    """
    level = 1 - 0.05 / len(claims)
    judges = {"before": _before, "equal": _equal, "slope": _slope}
    return tuple(judges[one.kind](one, claim, evidence, level) for one, claim in zip(claims, known, strict=True))


class Side(NamedTuple):
    """Runs of one side: a table (configurations, seeds) of what decides, lower is better, and its learning rates."""

    costs: NDArray[np.float64]
    rates: NDArray[np.float64]
    seeds: NDArray[np.int64]

    def judged(self, tuned: bool) -> NDArray[np.float64]:
        """Per seed that judges, the cost of the configuration that the others chose."""
        if not tuned:
            return self.costs[0]
        choosing, judging = (np.isin(self.seeds, half) for half in halves(self.seeds))
        means = np.where(np.isfinite(self.costs), self.costs, np.inf)[:, choosing].mean(axis=1)
        return self.costs[int(np.argmin(means))][judging]


def _matches(column: Any, value: Any) -> NDArray[np.bool_]:
    """Which rows of `runs` have this value of an axis; a full batch has no size there."""
    if value == "full":
        return column.isna().to_numpy()
    if isinstance(value, (str, bool)):
        return (column.astype(str) == str(value)).to_numpy()
    return np.isclose(column.to_numpy(np.float64, na_value=np.nan), value, rtol=1e-9, atol=0)


def _side(costs: Any, runs: Any, where: Mapping[str, Any] | None) -> Side:
    """The runs with these values of axes; `costs` has one number per row of `runs`."""
    keep = np.ones(len(runs), bool)
    for axis, value in (where or {}).items():
        keep &= _matches(runs[axis], value)
    own = runs[keep].assign(cost=np.asarray(costs)[keep])
    axes = varied(own)
    own = own.assign(group=own.groupby(axes, observed=True, dropna=False, sort=False).ngroup() if axes else 0)
    wide = own.pivot_table(index="group", columns="seed", values="cost", aggfunc="first", dropna=False)
    rates = own.groupby("group")["learning_rate"].first().reindex(wide.index)
    return Side(wide.to_numpy(np.float64), rates.to_numpy(np.float64), wide.columns.to_numpy(np.int64))


def _finding(claim: Claim, verdict: Verdict, rule: str, reason: str, found: Any = None) -> Finding:
    if found is None:
        return judged_claim(claim, verdict, rule=rule, reason=reason)
    return judged_claim(
        claim, verdict, found.mean, None, rule, low=found.low, high=found.high, seeds=found.pairs, reason=reason
    )


def _before(one: OwnClaim, claim: Claim, evidence: Evidence, level: float) -> Finding:
    series, sign = measured(one), -1 if measured(one).endswith("accuracy") else 1
    if series not in evidence.curves:
        return _finding(claim, "UNDECIDED", "BEFORE", f"no run of this grid has {series}")
    curves, target = evidence.curves, float(one.target or 0)
    ends = curves.drop_duplicates("run", keep="last").set_index("run")["step"]
    hits = curves[sign * curves[series] <= sign * target].drop_duplicates("run").set_index("run")["step"]
    names = evidence.runs["run"].astype(str)
    hits.index, ends.index = hits.index.astype(str), ends.index.astype(str)
    steps = hits.reindex(names).fillna(ends.reindex(names)).to_numpy(float)
    first, second = (_side(steps, evidence.runs, where) for where in (one.first, one.second))
    tuned = len(first.costs) > 1 or len(second.costs) > 1
    if hits.empty:
        return _finding(claim, "UNDECIDED", "BEFORE", f"no run reaches {series} {target:g}")
    found = compare(first.judged(tuned), second.judged(tuned), level)
    verdict = "UNDECIDED" if not found.separated else "SUPPORTED" if found.mean < 0 else "REFUTED"
    return _finding(
        claim,
        verdict,
        f"BEFORE({found.pairs})",
        in_words(("the first", "the second"), found, " steps", "earlier"),
        found,
    )


def _equal(one: OwnClaim, claim: Claim, evidence: Evidence, level: float) -> Finding:
    measure, within = measured(one), float(one.within or 0)
    if measure not in evidence.runs:
        return _finding(claim, "UNDECIDED", f"EQUAL({within:g})", f"no run of this grid has {measure}")
    sign = -1.0 if measure.endswith("accuracy") else 1.0
    first, second = (_side(sign * evidence.runs[measure], evidence.runs, where) for where in (one.first, one.second))
    tuned = len(first.costs) > 1 or len(second.costs) > 1
    sides = [sign * side.judged(tuned) for side in (first, second)]
    if not all(np.isfinite(values).all() for values in sides):
        return _finding(claim, "UNDECIDED", f"EQUAL({within:g})", "runs of it diverged")
    found = compare(sides[0], sides[1], level)
    verdict = "SUPPORTED" if max(-found.low, found.high) <= within else "UNDECIDED"
    verdict = "REFUTED" if found.low > within or found.high < -within else verdict
    reason = f"first - second is {found.mean:.4g} [{found.low:.4g}, {found.high:.4g}] in {found.pairs} seeds"
    return _finding(claim, verdict, f"EQUAL({within:g},{found.pairs})", reason, found)


def _slope(one: OwnClaim, claim: Claim, evidence: Evidence, level: float) -> Finding:
    measure, over = measured(one), str(one.over)
    column = "final_train_loss" if measure == BEST_RATE else measure
    if column not in evidence.runs:
        return _finding(claim, "UNDECIDED", "SLOPE", f"no run of this grid has {column}")
    sign = -1.0 if column.endswith("accuracy") else 1.0
    values = sorted(set(evidence.runs[over].tolist()))
    sides = [_side(sign * evidence.runs[column], evidence.runs, {**(one.where or {}), over: value}) for value in values]
    if measure == BEST_RATE:
        worst = [np.where(np.isfinite(side.costs), side.costs, np.inf) for side in sides]
        series = [np.log10(side.rates[np.argmin(cost, axis=0)]) for side, cost in zip(sides, worst, strict=True)]
    else:
        tuned = any(len(side.costs) > 1 for side in sides)
        series = [sign * side.judged(tuned) for side in sides]
    if not all(np.isfinite(own).all() for own in series):
        return _finding(claim, "UNDECIDED", "SLOPE", "runs of it diverged")
    slopes = np.polynomial.polynomial.polyfit(np.asarray(values, float), np.array(series), 1)[1]
    found = compare(slopes, np.zeros_like(slopes), level)
    verdict = "UNDECIDED"
    if found.separated:
        verdict = "SUPPORTED" if (found.mean > 0) == (one.sign == "positive") else "REFUTED"
    what = f"log10 of {measure}" if measure == BEST_RATE else measure
    reason = f"slope of {what} {found.mean:.4g} [{found.low:.4g}, {found.high:.4g}] per {over} in {found.pairs} seeds"
    more = "" if found.separated or found.more is None else f"; about {found.more:,} more seeds would be needed"
    return _finding(claim, verdict, f"SLOPE({found.pairs})", reason + more, found)
