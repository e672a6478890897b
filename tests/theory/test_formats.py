"""Rounding against numpy's own half and single precision, and the depths of the catalogue."""

import numpy as np
import pytest

from bench.theory import formats


@pytest.mark.parametrize(("name", "own"), [("float16", np.float16), ("float32", np.float32)])
def test_rounding_is_that_of_numpy(name, own):
    random = np.random.default_rng(0)
    x = random.standard_normal(2000) * np.exp(random.uniform(-19, 13, 2000))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(formats.rounded(x, formats.FORMATS[name]), x.astype(own).astype(float))
    assert np.isinf(formats.rounded(-1e300, formats.FORMATS[name]))


def test_bfloat16_keeps_eight_digits_and_flushes():
    form = formats.FORMATS["bfloat16"]
    np.testing.assert_array_equal(formats.rounded([257, 259, 2.0**-126, 2.0**-127], form), [256, 260, 2.0**-126, 0])
    assert form.largest == pytest.approx(3.3895e38, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "factor", "depth"),
    [
        *[("float16", 1.5, 28), ("float16", 0.25, 13), ("float16", 2, 16), ("float16", 1.1, 117), ("float16", 0.5, 25)],
        *[("bfloat16", 1.5, 220), ("bfloat16", 0.25, 64), ("bfloat16", 0.8, 394), ("bfloat16", 1.1, 918)],
        *[("float32", 1.5, 219), ("float32", 0.8, 392), ("float32", 0.5, 127), ("float32", 2, 128)],
    ],
)
def test_powers_leave_the_format_where_the_catalogue_says(name, factor, depth):
    found = formats.powers(factor, depth, formats.FORMATS[name])
    assert np.all(np.isfinite(found[:-1]) & (found[:-1] > 0))
    assert found[-1] in (0, np.inf)


def test_eight_tenths_sticks_at_a_subnormal_of_half_precision():
    assert formats.powers(0.8, 200, formats.FORMATS["float16"])[-1] == 2.0**-23


def test_the_overflow_depth_is_the_first_beyond_the_largest_number():
    depth, form = formats.overflow_depth(1.5, 2048, formats.FORMATS["float16"]), formats.FORMATS["float16"]
    assert 1.5 ** (depth - 1) * np.sqrt(2 * np.log(2048)) < form.largest <= 1.5**depth * np.sqrt(2 * np.log(2048))


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_a_small_step_is_swallowed_from_a_power_of_two_on(name):
    form, step = formats.FORMATS[name], 1.5 * 2.0**-15
    end = formats.swallows(step, form)
    for factor, same in ((0.75, False), (1.25, True)):
        assert (formats.rounded(factor * end + step, form) == factor * end) == same
