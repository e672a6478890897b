"""The tutorial's grid, on fewer runs, and its code work as they stand, and show what the page says."""

import re
from pathlib import Path

import pytest

from bench import gridfile, run

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()
FEWER = {
    "depth = [1, 2, 3, 4, 5, 6, 8]": "depth = [2, 6]",
    "epochs = 20": "epochs = 4",
    "[0.03, 3.0, 9]": "[0.3, 1.0, 2]",
    "range = [0, 4]": "range = [0, 2]",
}


def blocks(language):
    return re.findall(rf"<!-- tutorial -->\n```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_grid_is_as_large_as_the_page_says():
    grid, _ = gridfile.parse(blocks("toml")[0], "sigmoid.toml")
    size = 1
    for values in grid.axes.values():
        size *= len(values) if isinstance(values, list | tuple) else 1
    assert f"That is {size} networks in 21 compiled programs" in PAGE


@pytest.mark.slow
def test_the_reader_sees_what_the_page_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = blocks("toml")[0]
    for long, short in FEWER.items():
        assert long in text
        text = text.replace(long, short)
    Path("sigmoid.toml").write_text(text)
    assert run.main(["sigmoid.toml", "--verdict", "gradients"]) == 0
    assert "depth = 6, activation = sigmoid: gradients shrink by 0.2" in capsys.readouterr().out
    names: dict = {}
    for number, block in enumerate(blocks("python")):
        exec(compile(block, f"block {number + 1}", "exec"), names)
    accuracy = names["mean"].groupby(["depth", "activation"], observed=True).max()
    assert accuracy[6, "sigmoid"] < 0.2
    assert accuracy[6, "tanh"] > 0.7
    norms = names["norms"]
    assert norms.loc["sigmoid", 1] < norms.loc["sigmoid", 7] / 500
