"""Preparation of data: what is fitted on which rows, what is fixed, and what the generators promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data import DATA, Raw, Source, prepare
from bench.errors import InputError

PLAIN = {"data": "x", "split": "all", "scaling": "standard", "constant_columns": "drop", "normalize_rows": 0.0}


def source(x, y=None, classes=0):
    x = np.asarray(x, float)
    return Source(lambda seed, options: Raw(x, np.zeros(len(x)) if y is None else np.asarray(y), classes))


def rows(m=40, d=3, seed=0):
    return np.random.default_rng(seed).normal(5, 3, (m, d))


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
def test_scaling_is_fitted_on_the_train_rows_alone(scaling):
    x = rows()
    table = prepare(source(x), PLAIN | {"split": "30/10", "scaling": scaling}, 0)
    if scaling == "standard":
        np.testing.assert_allclose(table.x.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(table.x.std(axis=0), 1)
    else:
        assert (table.x.min(), table.x.max()) == (0, 1)
    other = x.copy()
    order = np.random.default_rng(0).permutation(40)
    other[order[30:]] = 1e6  # only test rows change
    np.testing.assert_array_equal(prepare(source(other), PLAIN | {"split": "30/10", "scaling": scaling}, 0).x, table.x)


def test_raw_rows_stay_as_they_are():
    np.testing.assert_array_equal(prepare(source(rows()), PLAIN | {"scaling": "raw"}, 0).x, rows())


def test_the_split_is_disjoint_and_the_same_for_every_seed():
    x = np.arange(40.0)[:, None]
    tables = [prepare(source(x), PLAIN | {"split": "25/10", "scaling": "raw"}, seed) for seed in (0, 7)]
    np.testing.assert_array_equal(tables[0].x, tables[1].x)
    assert not set(tables[0].x.ravel()) & set(tables[0].x_test.ravel())
    assert (len(tables[0].x), len(tables[0].x_test)) == (25, 10)


@pytest.mark.parametrize("split", ["30/20", "0/5", "5", "a/b", "-1/5", "1/2/3"])
def test_splits_that_the_data_cannot_give_are_refused(split):
    with pytest.raises(InputError, match="split"):
        prepare(source(rows()), PLAIN | {"split": split}, 0)


def test_constant_columns_are_dropped_or_centred_and_never_divided_by_zero():
    x = np.column_stack([rows(), np.full(40, 7.0)])
    assert prepare(source(x), PLAIN, 0).x.shape == (40, 3)
    kept = prepare(source(x), PLAIN | {"constant_columns": "keep"}, 0)
    np.testing.assert_array_equal(kept.x[:, 3], 0)
    raw = prepare(source(x), PLAIN | {"constant_columns": "keep", "scaling": "raw"}, 0)
    np.testing.assert_array_equal(raw.x[:, 3], 7)


def test_a_column_that_is_constant_on_the_train_rows_counts_as_constant():
    x = rows()
    train = np.random.default_rng(0).permutation(40)[:30]
    x[train, 1] = 4.0
    assert prepare(source(x), PLAIN | {"split": "30/10"}, 0).x.shape == (30, 2)


@given(st.floats(0.1, 9.0))
@settings(max_examples=20)
def test_rows_get_the_mean_square_that_was_asked_for(target):
    table = prepare(source(rows()), PLAIN | {"normalize_rows": target, "split": "30/10"}, 0)
    for part in (table.x, table.x_test):
        np.testing.assert_allclose(np.mean(part**2, axis=1), target)


def test_a_row_of_zeros_stays_zero():
    x = np.vstack([np.zeros(3), rows()])
    assert not prepare(source(x), PLAIN | {"scaling": "raw", "normalize_rows": 1.0}, 0).x[0].any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named_by_row_and_column(value):
    x = rows()
    x[12, 1] = value
    with pytest.raises(InputError, match=r"data 'x': row 12, column 1 is"):
        prepare(source(x), PLAIN, 0)
    with pytest.raises(InputError, match="the target of row 3 is"):
        prepare(source(rows(), np.where(np.arange(40) == 3, value, 0.0)), PLAIN, 0)


def test_the_hash_is_that_of_the_content():
    first, again = (prepare(source(rows()), PLAIN, 0).hash for _ in range(2))
    assert first == again
    changed = rows()
    changed[0, 0] += 1e-9
    others = [
        prepare(source(changed), PLAIN, 0),
        prepare(source(rows(), np.ones(40)), PLAIN, 0),
        prepare(source(rows()), PLAIN | {"split": "30/10"}, 0),
        prepare(source(rows()), PLAIN | {"scaling": "minmax"}, 0),
    ]
    assert len({first, *(table.hash for table in others)}) == 5


@pytest.mark.parametrize("condition", [1.0, 10.0, 1e4])
def test_the_spectrum_of_regression_is_exact(condition):
    options = {"data": "regression", "data.features": 6, "data.rows": 50, "data.condition": condition}
    table = prepare(DATA["regression"], PLAIN | options | {"scaling": "raw"}, 3)
    want = np.logspace(-np.log10(condition), 0, 6)
    np.testing.assert_allclose(np.linalg.eigvalsh(table.x.T @ table.x / 50), want, rtol=1e-9)
    np.testing.assert_allclose(table.x.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(table.y, table.x @ table.truth["weight"] + table.truth["bias"], rtol=1e-12)


@pytest.mark.parametrize("name", DATA)
def test_every_source_is_a_function_of_its_seed_and_finite(name):
    static = PLAIN | {"data": name, "scaling": "raw", "constant_columns": "keep"}
    one, same, other = (prepare(DATA[name], static, seed) for seed in (1, 1, 2))
    assert one.hash == same.hash
    if not DATA[name].per_seed:
        assert one.hash == other.hash
    if one.classes:
        assert one.y.dtype == np.int64
        assert set(one.y) <= set(range(one.classes))
    else:
        assert one.y.dtype == np.float64


@pytest.mark.parametrize("name", [name for name, own in DATA.items() if own.per_seed])
def test_synthetic_data_differ_between_seeds(name):
    noise = {"data.noise": 0.5} if "data.noise" in DATA[name].options else {}
    assert len({prepare(DATA[name], PLAIN | {"data": name, **noise}, seed).hash for seed in range(4)}) == 4


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("diabetes", (442, 10), 0),
        ("breast_cancer", (569, 30), 2),
        ("wine", (178, 13), 3),
        ("iris", (150, 4), 3),
        ("digits", (1797, 61), 10),  # three of 64 pixels are constant
    ],
)
def test_bundled_data_have_the_documented_shape(name, shape, classes):
    table = prepare(DATA[name], PLAIN | {"data": name}, 0)
    assert table.x.shape == shape
    assert table.classes == classes
