"""What a grid cannot answer is said before anything is compiled; what it can answer is not refused."""

import pandas as pd
import pytest

import bench
from bench import run

AXES = {
    "data": '"circles"',
    '"data.rows"': "40",
    "scaling": '"raw"',
    "model": '"logistic"',
    "steps": "4",
    "checkpoints": '"end"',
    "probes": '"off"',
    "optimizer": '["sgd", "adam"]',
    "learning_rate": "[0.1, 1.0]",
    "seed": "{ range = [0, 8] }",
}
EQUAL = '[[claim]]\nkind = "equal"\nfirst = {optimizer = "sgd"}\nsecond = {optimizer = "adam"}\nwithin = 0.1'
BEFORE = EQUAL.replace("equal", "before").replace("within = 0.1", "target = 0.5")
SLOPE = '[[claim]]\nkind = "slope"\nover = "depth"\nsign = "positive"'
NO_SEED = 'exclude = [{ optimizer = "adam", seed = [0, 1, 2, 3, 4] }]'
NO_ADAM = 'exclude = [{ optimizer = "adam" }]'
APART = 'exclude = [{ optimizer = "adam", depth = [1, 2] }, { optimizer = "sgd", depth = [3, 4] }]'
MLP = {"model": '"mlp"', "depth": "[1, 2]", "width": "3"}
SURFACE = {"data": None, '"data.rows"': None, "scaling": None, "model": '"quadratic"'}
DIABETES = {"data": '"diabetes"', '"data.rows"': None}
BOTH = {"data": '["circles", "diabetes"]', '"data.rows"': None}
NO_TESTS = "data 'circles' has no test rows under split = 'all'; give one such as '32/8'. Valid: "
NO_CLASSES = "data 'diabetes' has no classes to be right about. Valid: "


def text(tables="", head="", **own):
    axes = "\n".join(f"{axis} = {value}" for axis, value in {**AXES, **own}.items() if value)
    return f"{head}\n[grid]\n{axes}\n{tables}\n"


CASES = {
    "no test rows": (
        text('[rank]\nmeasure = "final_test_accuracy"'),
        f"rank: measure = 'final_test_accuracy': {NO_TESTS}final_train_loss, final_train_accuracy, best_train_loss",
    ),
    "no test rows for a target": (
        text('[rank]\nmeasure = "test_loss"\ntarget = 0.5'),
        f"rank: measure = 'test_loss': {NO_TESTS}train_loss, train_accuracy.",
    ),
    "regression": (text('[rank]\nmeasure = "final_train_accuracy"', model='"linear"', **DIABETES), NO_CLASSES),
    "one of two data sets": (text('[rank]\nmeasure = "best_train_accuracy"', **MLP, **BOTH), NO_CLASSES),
    "surface": (
        text('[rank]\nmeasure = "final_test_loss"', **SURFACE),
        "model 'quadratic' has no data, and so a train loss alone. Valid: final_train_loss, best_train_loss.",
    ),
    "percent": (text('[rank]\nmeasure = "train_accuracy"\ntarget = 90'), "target = 90.0: an accuracy is a share"),
    "no steps": (text("[rank]\ntarget = 0.5", steps="0"), "target = 0.5: runs of 0 steps take no time"),
    "an axis that does not apply": (
        text('[rank]\nby = "depth"', depth="[1, 2]"),
        "by = 'depth': all runs have the same, or none; axes that vary: optimizer, learning_rate.",
    ),
    "one is left": (text("[rank]", NO_ADAM), "rank: by = 'optimizer': all runs have the same"),
    "seeds are left out": (text("[rank]", NO_SEED), "rank: 3 seed(s) are common to all configurations; give them"),
    "twice": (text('[rank]\nby = ["optimizer", "optimizer"]'), "name every axis once"),
    "nobody meets anybody": (
        text('[rank]\nby = "optimizer"', APART, **MLP | {"depth": "[1, 2, 3, 4]"}),
        "on no problem (depth) are there two of optimizer to compare",
    ),
    "refines who competes": (
        text('[rank]\nby = "learning_rate"\n[refine]'),
        "refine: axis = 'learning_rate': it competes, or goes with who competes; refine another.",
    ),
    "refines without end": (
        text('[refine]\naxis = "diverge_above"', diverge_above="[10.0, inf]"),
        "two and more finite",
    ),
    "claim about no test rows": (
        text(EQUAL + '\nmeasure = "final_test_loss"'),
        f"claim 1: measure = 'final_test_loss': {NO_TESTS}",
    ),
    "claim in percent": (
        text(BEFORE + '\nmeasure = "train_accuracy"').replace("0.5", "90"),
        "claim 1: target = 90.0: an",
    ),
    "claim without a target": (text(BEFORE.replace("0.5", "nan")), "claim 1: target = nan: give a finite number"),
    "claim that always holds": (text(EQUAL.replace("0.1", "inf")), "claim 1: within = inf"),
    "accuracies are always so near": (
        text(EQUAL.replace("within = 0.1", 'within = 1.0\nmeasure = "final_train_accuracy"')),
        "above 0 and below 1",
    ),
    "claim about what is left out": (text(EQUAL, NO_ADAM), "claim 1: second: no run has optimizer = 'adam'."),
    "claim about what does not apply": (
        text(
            EQUAL.replace('optimizer = "sgd"', "depth = 1").replace('optimizer = "adam"', "depth = 2"), depth="[1, 2]"
        ),
        "claim 1: first: no run has depth = 1.",
    ),
    "claim in other seeds": (text(EQUAL, NO_SEED), "claim 1: second: its runs are not all there under the same seeds"),
    "claim in one seed": (text(BEFORE, seed="0"), "claim 1: 1 of 1 seed(s) judge it, the other half choosing"),
    "claim in few seeds": (
        text(BEFORE, learning_rate="0.1", seed="[1, 2]"),
        "2 of 2 seed(s) judge it, which decides nothing; give at least 6.",
    ),
    "slope over what does not apply": (
        text(SLOPE, depth="[1, 2]"),
        "claim 1: over = 'depth': some runs do not have it",
    ),
    "slope over itself": (
        text(SLOPE + "\nwhere = {depth = 1}", **MLP),
        "claim 1: where.depth: the slope is over 'depth'",
    ),
    "slope without a side": (
        text(SLOPE + '\nwhere = {optimizer = "adam"}', 'exclude = [{ optimizer = "adam", depth = 2 }]', **MLP),
        "claim 1: depth = 2: no run has optimizer = 'adam', depth = 2.",
    ),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch, devices, tmp_path):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_answered_is_one_sentence_before_anything_is_compiled(case, tmp_path, capsys):
    grid, said = CASES[case]
    (tmp_path / "mine.toml").write_text(grid)
    for more in ((), ("--dry-run",)):
        assert run.main(["mine.toml", *more]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.startswith("error: ")
        assert error.count("\n") == 1
    assert [own.name for own in tmp_path.iterdir()] == ["mine.toml"]


GOOD = {
    "accuracy of test rows": text('[rank]\nmeasure = "final_test_accuracy"', split='"32/8"'),
    "loss of two data sets": text("[rank]", **MLP, **BOTH),
    "widths of layers": text('[rank]\nby = "width"', **MLP | {"depth": "2", "width": "[[2, 3], [3, 2]]"}),
    "a full batch": text('[rank]\nby = "batch_size"', batch_size='["full", 8]'),
    "claim about a data set": text(
        EQUAL.replace("first = {", 'first = {data = "circles", ').replace("second = {", 'second = {data = "circles", ')
        + '\nmeasure = "final_train_accuracy"',
        **MLP,
        **BOTH,
    ),
    "claim in enough seeds": text(BEFORE, learning_rate="0.1", seed="{ range = [0, 6] }"),
    "claim about a full batch": text(
        EQUAL.replace('optimizer = "sgd"', 'batch_size = "full"').replace('optimizer = "adam"', "batch_size = 8"),
        batch_size='["full", 8]',
    ),
    "slope of the best rate": text(SLOPE + '\nmeasure = "best_learning_rate"', seed="{ range = [0, 6] }", **MLP),
    "a rank on seeds that all have": text("[rank]", 'exclude = [{ optimizer = "adam", seed = [0, 1] }]'),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_can_be_answered_is_planned(case, tmp_path, capsys):
    (tmp_path / "mine.toml").write_text(GOOD[case])
    assert run.main(["mine.toml", "--dry-run"]) == 0
    assert "programs" in capsys.readouterr().out


@pytest.mark.slow
def test_widths_of_layers_compete(tmp_path, capsys):
    grid = GOOD["widths of layers"].replace('["sgd", "adam"]', '"sgd"').replace("[0.1, 1.0]", "0.1")
    (tmp_path / "mine.toml").write_text(grid)
    assert run.main(["mine.toml"]) == 0
    ranking = pd.read_csv("results/mine/full/ranking.csv")
    assert sorted(ranking["contestant"]) == ["(2, 3)", "(3, 2)"]


@pytest.mark.slow
def test_data_sets_of_which_one_has_no_classes_are_ranked_by_what_both_have(tmp_path):
    axes = {"data": ["iris", "diabetes"], "model": "mlp", "depth": 1, "width": 3, "steps": 2, "checkpoints": "end"}
    axes |= {"split": "all", "probes": "off", "seed": [0, 1, 2, 3], "optimizer": ["sgd", "adam"]}
    result = bench.run_grid(axes)
    assert set(result.rank().table["value"]) == {"final_train_loss"}
    assert result.best()["mean"].notna().all()


@pytest.mark.slow
def test_runs_that_measured_nothing_are_no_internal_error(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text(text(schedule='"cosine"', **{'"schedule.period"': "0"}))
    assert run.main(["mine.toml"]) == 0


def test_a_claim_about_a_data_file_is_found_beside_the_grid(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a", "b"):
        rows = "".join(f"{x},{x * x + (name == 'b')},{name if x % 2 else 'c'}\n" for x in range(24))
        (tmp_path / "sub" / f"{name}.csv").write_text(f"x,z,y\n{rows}")
    claim = EQUAL.replace('optimizer = "sgd"', 'data = "a.csv"').replace('optimizer = "adam"', 'data = "b.csv"')
    (tmp_path / "sub" / "mine.toml").write_text(
        text(claim, data='["a.csv", "b.csv"]', **{'"data.rows"': None, '"data.target"': '"y"'})
    )
    assert run.main(["sub/mine.toml", "--dry-run"]) == 0
