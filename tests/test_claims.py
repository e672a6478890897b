"""Claims of one's own in a grid's file: what is wrong with them, and what the runs say of them."""

import json
import tomllib

import jsonschema
import pytest

from bench import claims, gridfile, gridtext, run
from bench.errors import InputError

GRID = """
[grid]
data = "circles"
"data.rows" = 40
scaling = "raw"
model = "mlp"
depth = [1, 2]
width = 4
activation = ["tanh", "sigmoid"]
steps = 20
checkpoints = 2
probes = "off"
learning_rate = [0.3, 1.0]
seed = { range = [0, 24] }
"""
BEFORE = 'kind = "before"\nfirst = {activation = "tanh"}\nsecond = {activation = "sigmoid"}\ntarget = 0.68'
EQUAL = 'kind = "equal"\nfirst = {depth = 1}\nsecond = {depth = 2}\nwithin = 0.5'
SLOPE = 'kind = "slope"\nover = "depth"\nsign = "negative"'

BAD = {
    'kind = "befor"': r"unknown kind 'befor'. Did you mean 'before'",
    'kind = "before"\nfirst = {depth = 1}\nsecond = {depth = 2}': "'target' is missing",
    BEFORE + "\nwithin = 3": "'within' does not belong to a claim of kind 'before'",
    BEFORE.replace("tanh", "tahn"): r"first.activation = 'tahn' is not in the grid, which has 'tanh', 'sigmoid'",
    BEFORE.replace("activation", "activatoin"): "unknown axis 'activatoin'. Did you mean 'activation'",
    BEFORE.replace("sigmoid", "tanh"): "two different sides",
    BEFORE.replace("{activation", "{seed = 1, activation"): "first.seed",
    BEFORE + '\nmeasure = "final_train_loss"': "unknown measure 'final_train_loss'",
    BEFORE + '\nexpected = "TRUE"': "unknown expected verdict 'TRUE'",
    BEFORE + "\nnotes = 3": "notes",
    EQUAL.replace("0.5", "-1"): "within = -1",
    EQUAL + '\nmeasure = "final_test_accuracies"': "Did you mean 'final_test_accuracy'",
    SLOPE.replace("depth", "activation"): "two and more numbers",
    SLOPE.replace("depth", "seed"): "other than the seed",
    SLOPE.replace("negative", "down"): "unknown sign 'down'",
    EQUAL.replace("depth = 1", "depth = [1]"): "one number or one name",
    SLOPE + "\nwhere = {depth = 3}": "where.depth = 3 is not in the grid",
}


@pytest.mark.parametrize("text", BAD)
def test_a_claim_that_cannot_be_judged_is_named_with_its_place_before_anything_is_written(text, tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_text(f"{GRID}\n[[claim]]\n{EQUAL}\n[[claim]]\n{text}\n")
    assert run.main([str(path), "--out", str(tmp_path / "results")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}: ")
    assert said.count("\n") == 1
    assert "claim 2: " in said or "claim[1]" in said
    assert not (tmp_path / "results").exists()
    with pytest.raises(InputError, match=BAD[text]):
        gridfile.read(path)


def test_values_of_a_range_are_found_whatever_their_rounding(tmp_path):
    grid = GRID.replace("[0.3, 1.0]", "{ logspace = [0.001, 1.0, 7] }")
    path = tmp_path / "mine.toml"
    path.write_text(
        grid + '[[claim]]\nkind = "equal"\nfirst = {learning_rate = 0.1}\nsecond = {learning_rate = 0.01}\nwithin = 1'
    )
    assert len(gridfile.read(path).claims) == 1


def _study(tmp_path, *texts):
    path = tmp_path / "mine.toml"
    path.write_text(GRID + "".join(f"\n[[claim]]\n{text}\n" for text in texts))
    return str(path)


def _events(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.slow
def test_claims_are_supported_refuted_or_undecided_by_the_runs(tmp_path, capsys):
    turned = BEFORE.replace("tanh", "x").replace("sigmoid", "tanh").replace('"x"', '"sigmoid"')
    few = EQUAL.replace("0.5", "0.0001")
    path = _study(tmp_path, BEFORE, turned, EQUAL, few, BEFORE.replace("0.68", "1e-9"), SLOPE)
    assert run.main([path, "--json", "--out", str(tmp_path)]) == 0  # a claim without `expected` never fails a run
    found = [event for event in _events(capsys) if event["event"] == "finding"]
    assert [event["claim"] for event in found[:3]] == ["SUPPORTED", "REFUTED", "SUPPORTED"]
    assert found[3]["claim"] in ("UNDECIDED", "REFUTED")
    assert (found[4]["claim"], found[4]["reason"]) == ("UNDECIDED", "no run reaches train_loss 1e-09")
    assert "slope of final_train_loss" in found[5]["reason"]
    assert all(not event["expected"] for event in found)


@pytest.mark.slow
def test_an_expected_verdict_decides_the_exit_status(tmp_path, capsys):
    path = _study(tmp_path, EQUAL + '\nexpected = "SUPPORTED"\ntext = "depth changes little"')
    assert run.main([path, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "depth changes little" in said.out
    assert "All as expected." in said.out
    assert "NOT RUN" not in said.out + said.err
    path = _study(tmp_path, EQUAL + '\nexpected = "REFUTED"')
    assert run.main([path, "--out", str(tmp_path)]) == 4
    assert "NOT AS EXPECTED: mine." in capsys.readouterr().out


@pytest.mark.slow
def test_the_best_learning_rate_has_a_slope_too(tmp_path, capsys):
    own = SLOPE + '\nmeasure = "best_learning_rate"\nwhere = {activation = "tanh"}'
    assert run.main([_study(tmp_path, own), "--json", "--out", str(tmp_path)]) == 0
    (found,) = [event for event in _events(capsys) if event["event"] == "finding"]
    assert "slope of log10 of best_learning_rate" in found["reason"]


def test_the_schema_knows_the_claims():
    schema = json.loads(json.dumps(gridtext.schema()))
    for text in (BEFORE, EQUAL, SLOPE):
        jsonschema.validate(tomllib.loads(f"{GRID}\n[[claim]]\n{text}"), schema)
    for text in (BEFORE + "\nwithin = 1", SLOPE.replace("slope", "slop"), EQUAL.replace("within = 0.5", "")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(f"{GRID}\n[[claim]]\n{text}"), schema)


def test_every_field_of_a_claim_belongs_to_some_kind():
    named = {name for names in claims.FIELDS.values() for name in names}
    assert {*claims.OwnClaim.__struct_fields__} == named | {"kind", "measure", "where", "text", "expected"}
