"""Bad input that no other test gives: each is one sentence and exit status 2, and nothing is written."""

import pytest

from bench import run

SLOPE = '[[claim]]\nkind = "slope"\nover = "depth"\nsign = "positive"\nmeasure = "best_learning_rate"'
GRIDS = {
    '[rank]\n[grid]\noptimizer = ["sgd", "adam"]\nseed = [0, 1]': "the grid has 2 seed(s); give at least 4",
    f'[grid]\nmodel = "mlp"\ndepth = [1, 2]\n{SLOPE}': "the grid has one learning rate; give it several",
    "[grid]\ncheckpoints = [[[1, 2]]]": "give one value or a list of values",
    '[grid]\ndata = "openml:abc"': "give the number of an OpenML data set, such as 'openml:61'",
    '[grid]\nmodel = "mlp"\nloss = "softmax_cross_entropy"\ndata = "diabetes"': "needs classes; data 'diabetes'",
    '[grid]\nmodel = "mlp"\ndepth = 2\nwidth = [[3, 4, 5]]': "width = [3, 4, 5]: depth 2 needs 2 widths, got 3",
    '[grid]\ndata = "iris"\nbatch_size = 1000': "batch_size = 1000: data 'iris' has 150 train rows; give at most that",
    "[grid]\nlearning_rate = [[[0.1]]]": "learning_rate",
    "[grid]\noptimizer = 3": "optimizer = 3: give a name in quotes",
    '[grid]\nprobes = [["norms", 3]]': "probes = ",
    '[grid]\nscaling = "standrad"': "Did you mean 'standard'",
    f"[grid]\nlearning_rate = {2**1030}": "learning_rate is a number of 1031 bits: give a finite number",
    '[grid]\n"ewma.decay" = 1.0': "ewma.decay = 1.0: give a number from 0, no average, to below 1",
    '[grid]\nmodel = "mlp"\npretraining = "denoising"\n"pretraining.noise" = 1.5': "pretraining.noise = 1.5: give a",
    '[grid]\ndata = "circles"\n"data.rows" = 2.5': "data.rows = 2.5: give a whole number",
    '[grid]\ndata = "circles"\n"data.rows" = true': "data.rows = True: give a whole number",
    '[grid]\ndata = "circles"\n"data.rows" = "many"': "data.rows = 'many': give a whole number",
    '[grid]\ndata = "circles"\n"data.noise" = inf': "data.noise = inf: give a finite number",
    '[grid]\ndata = "circles"\n"data.rows" = -3': "data.rows = -3: give a whole number from 0 to",
    '[grid]\ndata = "circles"\n"data.rows" = 0': "circles",
    '[grid]\ndata = "iris"\nsplit = "own"': "split 'own': this data set has no test rows of its own",
    'zipped = [["depth", "width"]]\n[grid]\nmodel = "mlp"\nwidth = [2, 3]': "zipped axis 'depth'",
    'zipped = [["width", "depth"], ["depth"]]\n[grid]\nwidth = [2, 3]\ndepth = [1, 2]': "'depth' is named twice",
    '[rank]\nby = "activatoin"\n[grid]\nseed = [0, 1, 2, 3]': "unknown axis 'activatoin'",
    '[rank]\nby = ["depth", "depth"]\n[grid]\nmodel = "mlp"\nseed = [0, 1, 2, 3]\ndepth = [1, 2]': "every axis once",
    'zipped = [["learning_rate", "l2"]]\n[refine]\n[grid]\nlearning_rate = [0.1, 0.2]\nl2 = [0, 1]': "is zipped with",
}


@pytest.mark.parametrize("text", GRIDS)
def test_a_bad_grid_is_one_sentence_and_nothing_is_written(text, refused):
    assert GRIDS[text] in refused(text, "--dry-run")


def test_the_same_rows_under_two_names_are_refused(tmp_path, capsys):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("x,y\n" + "".join(f"{x},{x % 3}.5\n" for x in range(9)))
    (tmp_path / "mine.toml").write_text('[grid]\ndata = ["a.csv", "b.csv"]\n"data.target" = "y"')
    assert run.main([str(tmp_path / "mine.toml"), "--dry-run"]) == 2
    assert "have the same content; name one of them" in capsys.readouterr().err


def test_an_example_of_another_ending_is_refused(tmp_path, capsys):
    assert run.main(["--new", str(tmp_path / "first.txt")]) == 2
    assert "the name of a grid's file ends in .toml" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--verdict", "gradient"], "unknown verdict 'gradient'. Did you mean 'gradients'?"),
        (["--commit", "worker"], "--commit worker is about the workers of a cluster; leave it out, or name one with"),
        (["--dask", "local:2", "--time"], "--dask trains elsewhere; leave out --time."),
    ],
)
def test_bad_options_are_one_sentence(options, said, tmp_path, capsys):
    assert run.main(["A02", "--dry-run", *options, "--out", str(tmp_path / "results")]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
