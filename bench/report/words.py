"""Numbers and values as people read them."""

import math
from collections.abc import Sequence
from typing import Any

SIGNS = {
    "SUPPORTED": "✓",
    "CONDITIONAL": "◐",
    "REFUTED": "✗",
    "UNDECIDED": "?",
    "PASS": "✓",
    "FAIL": "!",
    "NOT RUN": "–",
}
"""Beside the word, so that no colour has to be told apart."""

MOST_VALUES = 8


def number(value: Any, digits: int = 4) -> str:
    """A number in few digits; nothing for null and NaN."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value == int(value) and abs(value) < 1e9 if math.isfinite(value) else False:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def spread(values: Sequence[Any]) -> str:
    """Values of an axis; the ends alone where there are many numbers."""
    known = [value for value in values if not (value is None or number(value) == "")]
    null = ["none"] if len(known) < len(values) else []
    numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known)
    if numeric and len(known) > MOST_VALUES:
        known.sort()
        ends = f"{len(known)} values from {number(known[0])} to {number(known[-1])}"
        return ", ".join([ends, *null])
    shown = [number(value) for value in (sorted(known) if numeric else known)]
    more = [f"{len(shown) - 3 * MOST_VALUES} more"] if len(shown) > 3 * MOST_VALUES else []
    return ", ".join([*shown[: 3 * MOST_VALUES], *more, *null])


def seconds(value: float) -> str:
    """A duration: `38 s`, `4 min 12 s`, `2 h 5 min`."""
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(amount: int, thing: str) -> str:
    """`1 run`, `1,480 runs`, `2 studies`."""
    plural = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{amount:,} {thing if amount == 1 else plural}"
