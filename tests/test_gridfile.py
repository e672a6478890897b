"""Grids in TOML: what they mean, and one sentence for whatever is wrong with them."""

import json
import tomllib

import jsonschema
import numpy as np
import pytest

from bench import gridfile, gridtext, run
from bench.errors import InputError
from bench.spec import expand

TINY = """
title = "Which rate?"
[grid]
data = "classes"
"data.rows" = 24
scaling = "raw"
model = "mlp"
depth = [2, 3]
width = 4
steps = 3
probes = "norms"
learning_rate = { logspace = [0.01, 1.0, 3] }
seed = { range = [0, 2] }
"""


def test_values_ranges_and_options_become_axes():
    grid, file = gridfile.parse(TINY, "x.toml")
    assert file.title == "Which rate?"
    np.testing.assert_allclose(grid.axes["learning_rate"], [0.01, 0.1, 1])
    assert grid.axes["seed"] == [0, 1]
    assert grid.axes["data.rows"] == 24


def test_options_have_quoted_dots():
    quoted, _ = gridfile.parse('[grid]\noptimizer = "momentum"\n"optimizer.momentum" = [0.5, 0.9]', "x")
    assert quoted.axes["optimizer.momentum"] == [0.5, 0.9]
    spread, _ = gridfile.parse('[grid]\n"optimizer.momentum" = { linspace = [0, 1, 3] }', "x")
    assert spread.axes["optimizer.momentum"] == [0, 0.5, 1]


def test_options_without_a_part_of_their_own_need_no_quotes():
    plain, _ = gridfile.parse("[grid]\ninit.gain = 2\noptimizer.momentum = { linspace = [0, 1, 3] }", "x")
    assert plain.axes["init.gain"] == 2
    assert plain.axes["optimizer.momentum"] == [0, 0.5, 1]


BAD = {
    "[grid": "at the end of a table declaration",
    "": r"no table \[grid\]",
    "depth = 3\n[grid]": r"unknown key 'depth'.*\[grid\]",
    "titel = 'x'\n[grid]": "Did you mean 'title'",
    "title = 3\n[grid]": "title",
    "grid = 3": "grid",
    "zipped = 'depth'\n[grid]": "zipped",
    "exclude = [3]\n[grid]": "exclude",
    "[grid]\ndeph = 3": "unknown axis 'deph'. Did you mean 'depth'",
    "[grid]\ndepth = {}": "grid.depth",
    "[grid]\ndepth = {logspace = [1, 2, 3], range = [3]}": "one value, a list, or one of logspace, linspace, range",
    "[grid]\nseed = {range = [0, 4, 0]}": "grid.seed.range",
    "[grid]\nseed = {range = [0.5]}": "whole numbers",
    "[grid]\nseed = {range = []}": "whole numbers",
    "[grid]\nseed = {range = [100000000]}": "more than 1,000,000",
    "[grid]\nseed = {range = ['a']}": "give numbers",
    "[grid]\nseed = {range = true}": "give numbers",
    "[grid]\nlearning_rate = {logspace = [-3, 0, 7]}": "not over exponents",
    "[grid]\nlearning_rate = {logspace = [1, 2]}": r"give \[from, to, count\]",
    "[grid]\nlearning_rate = {logspace = [1, 2, 2.5]}": r"give \[from, to, count\]",
    "[grid]\nlearning_rate = {linspace = [1, inf, 3]}": "finite",
    "[grid]\nlearning_rate = {linspace = [1, 2, 0]}": "count",
    "[grid]\nlearning_rate = {geomspace = [1, 2, 3]}": "logspace, linspace, range",
    "[grid]\noptimizer.momentun = 3\noptimizer.x = {y = 1}": "grid.optimizer.x",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_said_with_its_place(text):
    with pytest.raises(InputError, match=BAD[text]) as caught:
        gridfile.parse(text, "my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert "\n" not in str(caught.value)


WRONG = {
    "[grid]\nlearning_rate = -1": "learning_rate = -1",
    "[grid]\nlearning_rate = nan": "finite",
    "[grid]\ndepth = 2.5": "depth = 2.5",
    "[grid]\ndepth = []": "no values",
    "[grid]\nmodel = 'mpl'": "Did you mean 'mlp'",
    "[grid]\ndata = 'digit'": "Did you mean 'digits'",
    "[grid]\nactivation = 'rleu'\nmodel = 'mlp'": "Did you mean",
    "[grid]\n'optimizer.momentum' = [0.5, 0.9]": "does not apply to optimizer 'sgd'",
    "[grid]\nbatch_size = 0": "batch_size",
    "[grid]\nbatch_size = 'all'": "batch_size",
    "[grid]\nepochs = 3\nsteps = 3": "not as both",
    "[grid]\nsteps = 3\nbudget = {flops = 1e9}": "not as both steps and budget.flops",
    "[grid]\nbudget = {flop = 1e9}": "Did you mean 'budget.flops'",
    "[grid]\nbudget = {flops = 0}": "budget.flops = 0: give a number above 0",
    "[grid]\nbudget = {gradient_evaluations = 3}\nbatch_size = 32": "one step takes 32",
    "zipped = [['depth', 'width']]\n[grid]\nmodel = 'mlp'\ndepth = [1, 2]\nwidth = [1, 2, 3]": "equal lengths",
    "zipped = [['depth', 'seed']]\n[grid]\nmodel = 'mlp'\ndepth = [1, 2]": "zipped axis 'seed'",
    "exclude = [{depth = 1}]\n[grid]\nseed = 1": "exclude names the axis 'depth'",
    "exclude = [{seed = 1}]\n[grid]\nseed = 1": "nothing is left",
    "exclude = [{model = 'x'}]\n[grid]\nmodel = ['mlp', 'linear']": "model = 'x' is not in the grid, which has 'mlp'",
    "[grid]\nsteps = 5000000000": "5000000000 steps are more than 2,147,483,647",
    "[grid]\nbudget = {flops = 1e300}": "steps are more than 2,147,483,647",
    "[grid]\nsteps = 2000000000": "checkpoints = 'epoch' are 2,000,000,000, more than 1,000,000; give 'log', 'end'",
    "[grid]\nsteps = 2000000000\ncheckpoints = 10": "checkpoints = 10 are 200,000,000",
    "[grid]\ncheckpoints = [[-5, 3]]": "checkpoints = [-5, 3]: give whole numbers of steps, from 0 on",
    "[grid]\ncheckpoints = [[1.5, 3]]": "checkpoints = [1.5, 3]: give whole numbers",
    "[grid]\ncheckpoints = [['end', 3]]": "checkpoints = ['end', 3]: give whole numbers",
    "[grid]\nsplit = '9/x'": "split",
    "[grid]\nbias = 'yes'\nmodel = 'mlp'": "true or false",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_grid_that_cannot_be_right_stops_before_anything_is_written(text, refused):
    assert WRONG[text] in refused(text)


def test_values_of_a_range_are_left_out_whatever_their_rounding():
    text = "exclude = [{l2 = [0.3, 0.7]}]\n[grid]\nl2 = {linspace = [0, 1, 11]}"
    grid, _ = gridfile.parse(text, "x")
    assert 0.3 not in grid.axes["l2"]
    assert expand(grid).runs == 9


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("none.toml", None, "No such file"),
        ("latin.toml", b"title = '\xe9'", "not UTF-8"),
        ("gd_1d_closed_form.toml", b"[grid]\nseed = 1", "give the file another name"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, word):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=word):
        gridfile.read(tmp_path / name)


def test_the_example_trains_and_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "first.toml"
    assert run.main(["--new", str(path)]) == 0
    assert run.main(["--new", str(path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert run.main(["--new", str(tmp_path / "first.txt")]) == 2
    assert run.main([str(path), "--dry-run", "--out", str(tmp_path)]) == 0
    assert "224 runs -> 8 programs" in capsys.readouterr().out


@pytest.mark.slow
def test_a_grid_of_ones_own_ends_with_its_best_configurations_and_the_verdict_on_gradients(tmp_path, capsys):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    assert run.main([str(path), "--verdict", "gradients", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Which rate? 12 runs done." in said
    assert "best of 6 configurations by final_train_loss" in said
    assert "depth = 3: gradients" in said
    assert "; theory 0." in said
    assert run.main([str(path), "--verdict", "gradient", "--out", str(tmp_path)]) == 2


@pytest.mark.slow
def test_the_verdict_on_gradients_is_told_as_events_too(tmp_path, capsys):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    assert run.main([str(path), "--verdict", "gradients", "--json", "--out", str(tmp_path)]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [event for event in events if event["event"] == "finding"]
    assert len(told) == 2  # one for each depth
    assert all("gradients" in event["reason"] and event["measured"] > 0 for event in told)


def test_the_schema_accepts_the_example_and_refuses_a_typo():
    schema = json.loads(json.dumps(gridtext.schema()))
    example = tomllib.loads(gridtext.EXAMPLE.format(name="x.toml"))
    jsonschema.validate(example, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example | {"grid": {"deph": 3}}, schema)
