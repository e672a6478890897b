"""Verdict rules and the statistics behind them.

`scipy.stats` takes half a second to import. Its name is looked up in `scipy`, which imports it when it is first used.
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
