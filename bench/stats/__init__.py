"""Verdict rules and the statistics behind them."""

from bench.stats.rules import binomial, bisect, bound, equivalent, exact, fisher, rate, sign
from bench.stats.verdict import claim, worst

__all__ = ["binomial", "bisect", "bound", "claim", "equivalent", "exact", "fisher", "rate", "sign", "worst"]
