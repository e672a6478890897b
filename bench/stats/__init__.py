"""Verdict rules and the statistics behind them.

`scipy.stats` takes most of a second to import: its name is looked up in `scipy`, which imports it when it is used, and
quantiles of Student's distribution are those of `scipy.special.stdtrit(freedom, probability)`, which is there sooner.
"""

from bench.stats.rules import binomial, bisect, bound, equivalent, exact, fisher, rate, sign
from bench.stats.verdict import as_expected, claim, excused, verdicts, worst

__all__ = [
    "as_expected",
    "binomial",
    "bisect",
    "bound",
    "claim",
    "equivalent",
    "exact",
    "excused",
    "fisher",
    "rate",
    "sign",
    "verdicts",
    "worst",
]
