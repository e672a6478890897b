"""Floating-point formats of few digits: how they round, and after how many factors a product leaves them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Format(NamedTuple):
    """A binary format of IEEE 754: digits of the significand with the hidden one, and the range of exponents.

    `flushes`: whether results below the normal range become 0, as in XLA's code for CPUs for all but half precision.
    """

    digits: int
    lowest: int
    highest: int
    flushes: bool

    @property
    def largest(self) -> float:
        """The largest finite number, (2 - 2^(1 - digits)) 2^highest."""
        return (2 - 2.0 ** (1 - self.digits)) * 2.0**self.highest


FORMATS = {
    "float16": Format(11, -14, 15, flushes=False),
    "bfloat16": Format(8, -126, 127, flushes=True),
    "float32": Format(24, -126, 127, flushes=True),
}
"""Formats under the names of the axis `dtype` (IEEE 754-2019, table 3.5; bfloat16 is the upper half of float32)."""


def rounded(values: ArrayLike, form: Format) -> Floats:
    """The nearest numbers of a format, ties to even: inf beyond the largest, subnormal or 0 below the normal range.

    Args:
        values: doubles, any shape.
        form: of at most 24 digits, so that the product of two of its numbers is a double.
    """
    x = np.asarray(values, np.float64)
    exponent = np.maximum(np.frexp(x)[1] - 1, form.lowest)
    unit = np.ldexp(1.0, exponent - form.digits + 1)
    found = np.rint(x / unit) * unit
    if form.flushes:  # judged in single precision, in which bfloat16 is computed
        with np.errstate(over="ignore"):
            found = np.where(np.abs(x.astype(np.float32)) < 2.0**form.lowest, 0.0, found)
    return np.where(np.abs(found) > form.largest, np.copysign(np.inf, x), found)


def powers(factor: float, count: int, form: Format) -> Floats:
    """g, g^2, ... g^count by repeated multiplication, every product rounded to the format, (count,).

    Args:
        factor: g, which is rounded first.
        count: how many.
        form: the format.
    """
    g = float(rounded(factor, form))
    found = [g]
    while len(found) < count:
        found.append(float(rounded(found[-1] * g, form)))
    return np.asarray(found)


def overflow_depth(growth: float, numbers: int, form: Format, start: float = 1.0) -> int:
    """The layer whose largest entry overflows: the first l with start growth^l sqrt(2 ln N) beyond the largest number.

    sqrt(2 ln N) is about the largest of N standard normals (Leadbetter et al. 1983, theorem 1.5.3).

    Args:
        growth: factor per layer of the root mean square of the entries.
        numbers: N, entries of a layer, over all rows.
        form: the format.
        start: root mean square of layer 0.
    """
    room = form.largest / (start * np.sqrt(2 * np.log(numbers)))
    return int(np.ceil(np.log(room) / np.log(growth)))


def swallows(step: float, form: Format) -> float:
    """The power of 2 from which on a number w stays w when `step` is added: half a unit of its last place is larger.

    The smallest 2^e with 2^(e - digits) > step (Micikevicius et al. 2018, section 3.1).

    Args:
        step: positive, no power of 2.
        form: the format.
    """
    return float(2.0 ** (np.floor(form.digits + np.log2(step)) + 1))
