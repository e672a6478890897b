"""Values of axes: what is refused, and that the message says what would be right."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError, unknown, words
from bench.spec import OPTIONS, STATIC, TRACED, Run, validate

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("axis", [*STATIC, *TRACED])
def test_every_default_is_valid(axis):
    validate(axis, getattr(Run, axis))


def test_axes_are_static_or_traced_and_documented():
    fields = [field for field in dataclasses.fields(Run) if field.name != "options"]
    assert set(STATIC) | set(TRACED) == {field.name for field in fields}
    assert not set(STATIC) & set(TRACED)
    assert all(field.metadata["doc"] for field in fields)


@pytest.mark.parametrize(
    ("axis", "value", "message"),
    [
        ("learning_rate", NAN, "learning_rate = nan: give a finite number."),
        ("learning_rate", INF, "learning_rate = inf: give a finite number."),
        ("learning_rate", 0, "learning_rate = 0: give a number above 0."),
        ("learning_rate", -0.1, "learning_rate = -0.1: give a number above 0."),
        ("learning_rate", "0.1", "learning_rate = '0.1' is not a number."),
        ("learning_rate", True, "learning_rate = True is not a number."),
        ("l2", -1, "l2 = -1: give 0 or more."),
        ("diverge_above", 0.0, "diverge_above = 0.0: give a number above 0."),
        ("optimizer.momentum", NAN, "optimizer.momentum = nan: give a finite number."),
        ("optimizer.momentum", "0.9", "optimizer.momentum = '0.9' is not a number."),
        ("seed", 1.5, "seed = 1.5: give a whole number from 0 to 2^63 - 1."),
        ("seed", -1, "seed = -1: give a whole number from 0 to 2^63 - 1."),
        ("seed", 2**63, f"seed = {2**63}: give a whole number from 0 to 2^63 - 1."),
        ("batch_size", 0, "batch_size = 0: give a whole number of at least 1 or 'full'."),
        ("batch_size", "all", "batch_size = 'all': give a whole number of at least 1 or 'full'."),
        ("depth", -1, "depth = -1: give a whole number of at least 0."),
        ("depth", 1.0, "depth = 1.0: give a whole number of at least 0."),
        ("width", 0, "width = 0: give a whole number of at least 1."),
        ("width", (8, 0), "width = 0: give a whole number of at least 1."),
        ("epochs", -1, "epochs = -1: give a whole number of at least 0."),
        ("repeats", 0, "repeats = 0: give a whole number of at least 1."),
        ("normalize_rows", -1.0, "normalize_rows = -1.0: give 0 or more."),
        ("normalize_rows", NAN, "normalize_rows = nan: give a finite number."),
        ("final_parameters", 1, "final_parameters = 1: give true or false."),
        ("bias", "yes", "bias = 'yes': give true or false."),
        ("probe_rows", 0, "probe_rows = 0: give a whole number of at least 1 or 'all'."),
        ("probe_rows", "some", "probe_rows = 'some': give a whole number of at least 1 or 'all'."),
    ],
)
def test_impossible_values_are_refused_in_one_sentence(axis, value, message):
    with pytest.raises(InputError) as caught:
        validate(axis, value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("axis", "value"),
    [
        ("learning_rate", 1e30),
        ("depth", 0),
        ("steps", 0),
        ("batch_size", "full"),
        ("diverge_above", INF),
        ("width", (3, 4)),
        ("probe_rows", "all"),
        ("seed", 2**63 - 1),
    ],
)
def test_unusual_but_possible_values_are_accepted(axis, value):
    validate(axis, value)


@pytest.mark.parametrize(
    ("axis", "value", "hint"),
    [
        ("dtype", "float23", "Did you mean 'float32'?"),
        ("scaling", "standart", "Did you mean 'standard'?"),
        ("constant_columns", "kep", "Did you mean 'keep'?"),
        ("ragged", "drpo", "Did you mean 'drop'?"),
        ("learning_rat", 0.1, "Did you mean 'learning_rate'?"),
        ("batchsize", 8, "Did you mean 'batch_size'?"),
    ],
)
def test_unknown_names_get_the_nearest_valid_one_and_all_valid_ones(axis, value, hint):
    with pytest.raises(InputError) as caught:
        validate(axis, value)
    assert hint in str(caught.value)
    assert "Valid: " in str(caught.value)


@pytest.mark.parametrize("axis", ["lr", "optimizer.", "optimiser.momentum", ".momentum", ""])
def test_unknown_axes_are_refused(axis):
    with pytest.raises(InputError, match="unknown axis"):
        validate(axis, 1.0)


@given(st.sampled_from(sorted(OPTIONS)), st.text("abc_", min_size=1, max_size=5))
def test_options_of_a_part_are_dotted_axes(prefix, option):
    validate(f"{prefix}.{option}", 1.0)


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_the_error_for_an_unknown_name_always_lists_the_valid_ones(name, valid):
    message = str(unknown("thing", name, valid))
    assert message.startswith(f"unknown thing {name!r}.")
    assert all(words(one) in message for one in valid)
