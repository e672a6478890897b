"""A grid of one's own ends with who is best: in the terminal, as events, as files, and in Python."""

import json
import tomllib

import jsonschema
import pandas as pd
import pytest

import bench
from bench import gridfile, gridtext, run
from bench.errors import InputError

GRID = """
title = "Which optimizer?"
{head}
[grid]
data = "circles"
"data.rows" = 40
scaling = "raw"
model = "logistic"
batch_size = [10, 20]
steps = 12
checkpoints = 3
probes = "off"
optimizer = ["sgd", "momentum", "adam"]
"optimizer.momentum" = [0.9]
learning_rate = {{ logspace = [0.01, 1.0, 3] }}
seed = {{ range = [0, 8] }}
{tables}
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch, devices, tmp_path):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    monkeypatch.chdir(tmp_path)


def write(path, tables="", head="", replace=()):
    text = GRID.format(tables=tables, head=head)
    for old, new in replace:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return str(path)


def events(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.slow
def test_optimizers_are_ranked_unasked_and_the_winner_can_be_trained_again(tmp_path, capsys):
    path = write(tmp_path / "mine.toml")
    assert run.main([path]) == 0
    said = capsys.readouterr().out
    few = "4 seeds judge, which is too few to separate anybody among 3 pairs; 14 seeds can."
    title = "rank by final_train_loss over 2 problems (batch_size), 4 seeds"
    for words in (title, few, "best learning rate", "batch_size = 20", "seeds would be needed"):
        assert words in said
    folder = tmp_path / "results" / "mine" / "full"
    ranking, pairs, rates = (pd.read_csv(folder / f"{name}.csv") for name in ("ranking", "pairs", "best_rates"))
    assert len(ranking) == 3 * 3
    assert len(pairs) == 3 * 3
    assert len(rates) == 2 * 3
    assert pd.read_csv(folder / "budgets.csv")["configurations"].unique().tolist() == [1, 2, 3]
    best = folder / "best-mine.toml"
    assert best.read_text().rstrip() in said
    assert run.main([str(best), "--out", "again"]) == 0
    again = bench.load("best-mine", out="again").runs
    first = ranking[ranking["problem"].isna()]["contestant"].iloc[0]
    assert again["optimizer"].unique().tolist() == [first]
    runs = bench.load("mine").runs
    for size, own in again.groupby("batch_size"):  # the configuration is the best by all seeds, and trains as it did
        all_own = runs[(runs["optimizer"] == first) & (runs["batch_size"] == size)]
        lowest = all_own.groupby("learning_rate")["final_train_loss"].mean()
        assert own["learning_rate"].unique().tolist() == pytest.approx([lowest.idxmin()])
        assert own["final_train_loss"].mean() == pytest.approx(lowest.min(), rel=1e-5)


@pytest.mark.slow
def test_the_same_is_told_as_events_and_in_python(tmp_path, capsys):
    path = write(tmp_path / "mine.toml", '[rank]\nmeasure = "train_loss"\ntarget = 0.65\nunit = "epoch"')
    assert run.main([path, "--json"]) == 0
    told = events(capsys)
    places = [event for event in told if event["event"] == "rank"]
    assert [place["value"] for place in places[:3]] == ["profile score"] * 3
    assert {place["value"] for place in places[3:]} == {"epochs to train_loss 0.65"}
    assert [event["event"] for event in told].count("best_rate") == 6
    result = bench.load("mine")
    found = result.rank(target=0.65, unit="epoch")
    assert found.table["mean"].tolist() == pytest.approx([place["mean"] for place in places])
    assert set(found.table["time_runs"].dropna()) == {4}
    assert len(found.profile) == 3 * 6
    assert found.sentences[0].startswith(("separated: ", "not separated: "))
    assert len(result.rank(by="batch_size", tuned=["learning_rate", "optimizer"]).pairs) == 1
    assert result.best_rates(by="batch_size")["best"].between(0.01, 1).all()


@pytest.mark.slow
def test_a_grid_is_refined_around_every_best_rate_and_nothing_is_trained_twice(tmp_path, capsys):
    path = write(tmp_path / "mine.toml", "[refine]\nrounds = 2\ncount = 2")
    assert run.main([path, "--json"]) == 0
    told = events(capsys)
    assert [event["runs"] for event in told if event["event"] == "plan"] == [144, 96, 96]
    assert run.main([path, "--json"]) == 0
    assert [event["missing"] for event in events(capsys) if event["event"] == "plan"] == [0, 0, 0]
    result = bench.load("mine")
    assert (result.runs.groupby(["optimizer", "batch_size"], observed=True)["learning_rate"].nunique() == 7).all()
    assert (result.best_rates()["tried"] == 7).all()
    budgets = pd.read_csv(result.path / "budgets.csv")
    assert budgets["configurations"].max() == 3  # refined values are no random sample


@pytest.mark.slow
def test_python_refines_as_the_file_does(tmp_path):
    grid, _ = gridfile.parse(GRID.format(tables="", head=""), "x")
    axes = {**grid.axes, "batch_size": 20, "optimizer": "sgd", "seed": [0, 1]}
    del axes["optimizer.momentum"]
    coarse = bench.run_grid(axes)
    fine = bench.run_grid(axes, refine={"count": 2})
    assert coarse.path != fine.path
    assert fine.runs["learning_rate"].nunique() == 5
    with pytest.raises(InputError, match=r"refine: .*rond"):
        bench.run_grid(axes, refine={"rond": 2})


@pytest.mark.slow
def test_the_init_that_goes_with_an_activation_goes_with_the_contestant(tmp_path, capsys):
    path = write(
        tmp_path / "mine.toml",
        '[rank]\nby = "activation"',
        'zipped = [["activation", "init"]]\nexclude = [{ activation = "sigmoid", batch_size = 20 }]',
        [('optimizer = ["sgd", "momentum", "adam"]\n"optimizer.momentum" = [0.9]',
          'activation = ["sigmoid", "relu"]\ninit = ["glorot", "he"]'),
         ('model = "logistic"', 'model = "mlp"\ndepth = 1\nwidth = 3')],
    )  # fmt: skip
    assert run.main([path]) == 0
    said = capsys.readouterr().out
    assert "over 1 problem (batch_size)" in said
    folder = tmp_path / "results" / "mine" / "full"
    best = tomllib.loads((folder / "best-mine.toml").read_text())["grid"]
    assert (best["activation"], best["init"]) in (("sigmoid", "glorot"), ("relu", "he"))
    assert best["batch_size"] == 10


BAD = {
    '[rank]\nby = "optimiser"': "rank: unknown axis 'optimiser'. Did you mean 'optimizer'",
    '[rank]\nby = "seed"': "rank: by = 'seed': give an axis of two and more values",
    '[rank]\nby = "model"': "rank: by = 'model'",
    "[rank]\nby = []": "rank: by = []",
    "[rank]\nby = 3": "rank.by",
    '[rank]\nbye = "optimizer"': "bye",
    '[rank]\ntuned = ["batch_siz"]': "unknown axis 'batch_siz'. Did you mean 'batch_size'",
    '[rank]\ntuned = ["optimizer"]': "tuned = 'optimizer'",
    '[rank]\nmeasure = "train_loss"': "unknown measure 'train_loss'",
    '[rank]\nmeasure = "final_train_loss"\ntarget = 0.5': "unknown measure 'final_train_loss'",
    '[rank]\nunit = "epoch"': "unit = 'epoch' is of the time to a target",
    '[rank]\nunit = "epochs"\ntarget = 0.5': "unknown unit 'epochs'. Did you mean 'epoch'",
    "[rank]\ntarget = inf": "target = inf: give a finite number",
    '[refine]\naxis = "batch_size"': "refine: axis = 'batch_size': give a traced axis",
    '[refine]\naxis = "seed"': "refine: axis = 'seed'",
    '[refine]\naxis = "optimizer.momentum"': "two and more finite numbers",
    "[refine]\nrounds = 0": "rounds = 0: give a whole number from 1 to 6",
    "[refine]\ncount = 5000": "count = 5000",
    "[refine]\ncount = 2.5": "refine.count",
}


@pytest.mark.parametrize("tables", BAD)
def test_a_question_that_cannot_be_answered_is_one_sentence_before_anything_is_written(tables, refused):
    said = refused(GRID.format(head="", tables=tables).replace('"logistic"', '["logistic"]'))
    assert "mine.toml: " in said
    assert BAD[tables] in said


@pytest.mark.slow
def test_too_few_seeds_are_refused_where_a_ranking_is_asked_for_and_left_alone_where_it_is_not(tmp_path, capsys):
    few = [("range = [0, 8]", "range = [0, 2]")]
    path = write(tmp_path / "mine.toml", "[rank]", replace=few)
    assert run.main([path]) == 2
    assert "the grid has 2 seed(s); give at least 4" in capsys.readouterr().err
    assert run.main([write(tmp_path / "mine.toml", replace=few)]) == 0
    assert "rank by" not in capsys.readouterr().out
    with pytest.raises(InputError, match="fewer than 4 seeds"):
        bench.load("mine").rank()
    with pytest.raises(InputError, match="by = 'model' has one value"):
        bench.load("mine").rank(by="model")
    with pytest.raises(InputError, match="unknown axis 'modell'"):
        bench.load("mine").rank(by="modell")
    with pytest.raises(InputError, match="unknown measure 'final_los'"):
        bench.load("mine").rank(measure="final_los")


def test_the_schema_knows_questions():
    schema = json.loads(json.dumps(gridtext.schema()))
    jsonschema.validate(tomllib.loads(GRID.format(tables="[rank]\ntarget = 0.5\n[refine]\ncount = 3", head="")), schema)
    for tables in ("[rank]\nunit = 'hour'", "[refine]\nrounds = 0", "[rank]\nbye = 'optimizer'"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(GRID.format(tables=tables, head="")), schema)
