"""Grid expansion: exactly the combinations asked for, each once, in a stable order."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import InputError
from bench.spec import Grid, expand

AXES = {
    "depth": st.integers(0, 20),
    "width": st.integers(1, 64),
    "learning_rate": st.floats(1e-6, 10),
    "seed": st.integers(0, 1000),
    "model": st.sampled_from(["linear", "mlp", "softmax"]),
    "optimizer.momentum": st.floats(0, 1),
}


@st.composite
def grids(draw):
    names = draw(st.lists(st.sampled_from(sorted(AXES)), min_size=1, unique=True))
    return {name: draw(st.lists(AXES[name], min_size=1, max_size=4, unique=True)) for name in names}


def rows(columns):
    """The expanded runs as tuples, in order."""
    return [
        tuple(columns.values[axis][columns.codes[axis][run]] for axis in columns.codes) for run in range(columns.runs)
    ]


@given(grids())
def test_expansion_is_exactly_the_product_with_the_last_axis_fastest(axes):
    columns = expand(Grid(axes))
    assert list(columns.codes) == list(axes)
    assert rows(columns) == list(itertools.product(*axes.values()))


@given(grids(), st.randoms(use_true_random=False))
def test_exclusion_removes_exactly_the_matching_runs(axes, random):
    rule = {axis: random.sample(values, random.randint(1, len(values))) for axis, values in axes.items()}
    rule = dict(random.sample(sorted(rule.items()), random.randint(1, len(rule))))
    kept = [
        row
        for row in itertools.product(*axes.values())
        if not all(value in rule[axis] for axis, value in zip(axes, row, strict=True) if axis in rule)
    ]
    if kept:
        assert rows(expand(Grid(axes, exclude=[rule]))) == kept
    else:
        with pytest.raises(InputError, match="nothing is left of the grid"):
            expand(Grid(axes, exclude=[rule]))


@given(st.lists(st.tuples(AXES["depth"], AXES["learning_rate"]), min_size=1, max_size=6), st.integers(1, 3))
def test_zipped_axes_advance_together_and_multiply_with_the_rest(pairs, seeds):
    depths, rates = (list(column) for column in zip(*pairs, strict=True))
    columns = expand(
        Grid({"depth": depths, "learning_rate": rates, "seed": list(range(seeds))}, [("depth", "learning_rate")])
    )
    assert rows(columns) == [(*pair, seed) for pair in pairs for seed in range(seeds)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_duplicate_values_are_dropped_with_a_warning(depths):
    distinct = list(dict.fromkeys(depths))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert rows(expand(Grid({"depth": depths}))) == [(depth,) for depth in distinct]
    assert [str(w.message) for w in caught] == (
        [f"axis 'depth': {len(depths) - len(distinct)} duplicate value(s) dropped"]
        if len(distinct) < len(depths)
        else []
    )


def test_one_value_needs_no_list_and_numpy_values_become_plain():
    columns = expand(Grid({"model": "mlp", "learning_rate": np.array([0.1, 0.2]), "seed": range(2)}))
    assert columns.values == {"model": ("mlp",), "learning_rate": (0.1, 0.2), "seed": (0, 1)}
    assert all(type(v) in (str, float, int) for values in columns.values.values() for v in values)


def test_lists_inside_a_list_are_one_value_each():
    columns = expand(Grid({"width": [[8, 4], [4, 8]], "depth": 2}))
    assert columns.values["width"] == ((8, 4), (4, 8))


@settings(max_examples=3, deadline=None)
@given(st.permutations(["depth", "learning_rate", "seed"]))
def test_a_million_runs_are_columns_not_objects(order):
    sizes = {"depth": list(range(10)), "learning_rate": np.linspace(0.1, 1, 1000), "seed": range(100)}
    columns = expand(Grid({axis: sizes[axis] for axis in order}))
    assert columns.runs == 1_000_000
    assert all(codes.dtype == np.int32 for codes in columns.codes.values())
    assert columns.column("seed").dtype == np.int64


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (Grid({}), "the grid is empty"),
        (Grid({"depth": []}), "axis 'depth' has no values"),
        (Grid({"depth": [1, 2], "width": [1]}, [("depth", "width")]), "equal lengths, got {'depth': 2, 'width': 1}"),
        (Grid({"depth": [1]}, [("depth", "width")]), "'width' is not among the grid's axes"),
        (Grid({"depth": [1]}, exclude=[{"width": 3}]), "exclude names the axis 'width'"),
        (Grid({"model": {"name": "mlp"}}), "model"),
        (Grid({"model": [{"name": "mlp"}]}), "model"),
    ],
)
def test_a_grid_that_cannot_be_right_is_refused(grid, message):
    with pytest.raises(InputError, match=message.replace("{", r"\{")):
        expand(grid)
