"""Verdict rules and the statistics behind them."""

from bench.stats.rules import binomial, bisect, bound, equivalent, exact, rate, sign
from bench.stats.verdict import claim, worst

__all__ = ["binomial", "bisect", "bound", "claim", "equivalent", "exact", "rate", "sign", "worst"]
