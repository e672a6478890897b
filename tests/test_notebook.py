"""The notebook runs from its first cell to its last and draws three figures."""

import json
from pathlib import Path

import altair
import pytest

BOOK = json.loads((Path(__file__).parents[1] / "docs" / "analysis.ipynb").read_text())


@pytest.mark.slow
def test_the_notebook_runs_and_draws_three_figures(capsys):
    names: dict = {}
    for cell in BOOK["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
            printed = "".join(line for output in cell["outputs"] for line in output.get("text", ()))
            assert capsys.readouterr().out == printed, "its outputs are of other results: run it again and save it"
    charts = [value for value in names.values() if isinstance(value, altair.Chart)]
    assert len({json.dumps(chart.to_dict()["encoding"]) for chart in charts}) == 3
