"""Drawing: charts are valid, names stay text, and prints have the width that was asked for."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from bench.figures import PAPER, SCREEN, WIDE, against_theory, growth, ledger, ratios, stability
from bench.figures.axes import ticks
from bench.figures.export import FORMATS, fitted
from bench.figures.findings import dots
from bench.figures.heat import cells, draw
from bench.figures.lines import draw as draw_lines
from bench.figures.points import points, selected
from bench.spec import Figure

HOSTILE = ["<script>alert(1)</script>", "\"quoted\" & 'single'", "d'aта\n日本 \\ {{x}}", "=cmd()", "datum.x; alert(1)"]


def runs(names, rates=(0.01, 0.1, 1.0)):
    rows = [(name, rate, seed) for name in names for rate in rates for seed in (0, 1, 2)]
    frame = pd.DataFrame(rows, columns=["data", "learning_rate", "seed"])
    frame["run"] = pd.Categorical([f"r{i}" for i in range(len(frame))])
    frame["final_train_loss"] = 1 / (1 + np.arange(len(frame)))
    return {"runs": frame.assign(status="done", optimizer="sgd", depth=frame["seed"] + 1)}


def picture(names, look, **more):
    figure = Figure("A <b>title</b>", "runs", "learning_rate", "final_train_loss", "data", log="xy", **more)
    return draw_lines(figure, points(figure, runs(names)), look, ordered=False)


@pytest.mark.slow
@pytest.mark.parametrize("look", [SCREEN, PAPER])
@pytest.mark.parametrize("facet", [None, "data"])
def test_hostile_names_stay_text(look, facet, sound):
    drawn = picture(HOSTILE, look, facet=facet)
    sound(drawn)
    svg = FORMATS[".svg"](drawn).decode()
    assert "<script" not in svg
    assert "<b>" not in svg
    assert "&lt;script&gt;" in svg
    specification = drawn.chart.to_dict()
    rows = [row for data in specification["datasets"].values() for row in data]
    assert set(HOSTILE) == {row["colour"] for row in rows}
    specification.pop("datasets")
    expressions = re.findall(r'"(?:labelExpr|filter|calculate)": (".*?"|{.*?})', json.dumps(specification))
    assert expressions
    assert not any("alert" in one for one in expressions)


def test_no_cell_of_a_csv_is_a_formula():
    drawn = picture(HOSTILE, PAPER)
    read = pd.read_csv(io.BytesIO(FORMATS[".csv"](drawn)), keep_default_na=False)
    assert "'=cmd()" in set(read["data"])
    assert not any(name.startswith(("=", "+", "@")) for name in read["data"])


@pytest.mark.slow
@pytest.mark.parametrize("look", [PAPER, WIDE])
@pytest.mark.parametrize("facet", [None, "data"])
def test_prints_are_as_wide_as_a_column(look, facet):
    drawn = fitted(picture(["iris", "digits", "wine"], look, facet=facet), look.width)
    svg = FORMATS[".svg"](drawn).decode()
    found = re.search(r'width="([\d.]+)"', svg)
    assert float(found[1]) == pytest.approx(look.width, abs=3)
    assert FORMATS[".pdf"](drawn).startswith(b"%PDF")
    assert FORMATS[".png"](drawn).startswith(b"\x89PNG")


def test_letters_on_a_page_take_its_colour_and_on_paper_they_are_black():
    assert SCREEN.config()["axis"]["labelColor"] == "currentColor"
    assert SCREEN.config()["background"] == "transparent"
    assert PAPER.config()["axis"]["labelColor"] == "#000000"


def test_prints_have_shapes_beside_colours_and_no_tooltips():
    text = json.dumps(picture(["iris", "digits"], PAPER).chart.to_dict())
    assert '"shape"' in text
    assert '"tooltip"' not in text
    assert '"tooltip"' in json.dumps(picture(["iris", "digits"], SCREEN).chart.to_dict())


def test_the_order_of_categories_is_that_of_the_data():
    specification = json.dumps(picture(["zebra", "ant", "mole"], SCREEN).chart.to_dict())
    assert '"domain": ["zebra", "ant", "mole"]' in specification


def test_ticks_of_a_logarithmic_axis_are_few_powers_of_ten():
    assert ticks(pd.Series([1e-30, 1.0])) == [1e-28, 1e-24, 1e-20, 1e-16, 1e-12, 1e-8, 1e-4, 1.0]
    assert ticks(pd.Series([0.5, 3.0])) == [0.5, 1.0, 2.0]
    assert ticks(pd.Series([0.12, 0.14])) == [0.12, 0.126, 0.133, 0.14]
    assert ticks(pd.Series([0.0, -1.0])) == [1.0]


def test_the_description_says_what_is_on_which_axis():
    text = picture(["iris", "digits"], SCREEN).description
    assert "training loss at the end over learning rate, one colour per data set" in text
    assert "95 %" in text


@pytest.mark.parametrize("facet", [None, "depth"])
def test_a_picture_without_rows_is_valid_and_says_so(facet, sound):
    figure = Figure("empty", "runs", "learning_rate", "final_train_loss", "data", facet, where={"data": "nobody"})
    drawn = draw_lines(figure, points(figure, runs(["iris"])), SCREEN, ordered=False)
    sound(drawn)
    assert "No rows." in drawn.description


def test_a_single_panel_says_its_column_and_value_in_one_line():
    one, two = (
        json.dumps(picture(names, PAPER, facet="data").chart.to_dict()) for names in (["iris"], ["iris", "wine"])
    )
    assert '"title": "data set: iris"' in one
    assert '"title": "data set"' in two


def test_points_between_which_theory_knows_more_are_not_joined():
    figure = Figure("points", "runs", "learning_rate", "final_train_loss", "data", log="xy")
    theory = pd.DataFrame({"learning_rate": [0.01, 0.03, 1.0], "final_train_loss": 0.1, "data": "iris"})
    drawn = [draw_lines(figure, points(figure, runs(["iris"]), one), PAPER, False) for one in (None, theory)]
    joined, apart = (json.dumps(one.chart.to_dict()).count('"type": "line"') for one in drawn)
    assert (joined, apart) == (1, 1)  # of what was measured, and of theory


def test_a_map_crosses_out_what_diverged_and_has_the_boundary(sound):
    tables = runs(["iris"])
    tables["runs"].loc[tables["runs"]["learning_rate"] == 1.0, "status"] = "diverged"
    boundary = pd.DataFrame({"learning_rate": [0.5, 0.4, 0.3], "depth": [1, 2, 3]})
    drawn = stability(tables, "learning_rate", "depth", boundary=boundary)
    sound(drawn)
    assert set(drawn.data["kind"]) == {"measured", "theory"}
    assert drawn.data["diverged"].sum() == 3
    assert "Dashed: theory. ×: runs that diverged." in drawn.description


def test_cells_of_a_map_meet_half_way():
    figure = Figure("map", "runs", "learning_rate", "depth", "final_train_loss", log="x", heat=True)
    found = cells(selected(figure, runs(["iris"])), figure)
    row = found[found["depth" if "depth" in found else "y"] == 1].sort_values("x")
    assert row["x2"].iloc[0] == pytest.approx(np.sqrt(0.01 * 0.1))
    assert row["x1"].iloc[1] == pytest.approx(row["x2"].iloc[0])
    draw(figure, found, PAPER)


def findings(count, **more):
    frame = pd.DataFrame({"quantity": [f"q{i}" for i in range(count)], "measured": 1.0 + np.arange(count)})
    frame = frame.assign(predicted=frame["measured"] * 1.01, low=np.nan, high=np.nan, impl="PASS", rule="EXACT(.1)")
    return frame.assign(**more)


@pytest.mark.parametrize("count", [1, 10, 100])
@pytest.mark.parametrize("sign", [1, -1])
def test_findings_are_drawn_few_or_many_positive_or_not(count, sign, sound):
    frame = findings(count)
    frame["measured"] *= sign
    sound(dots("found", frame, SCREEN))


def test_findings_without_both_numbers_are_left_out(trial):
    assert against_theory(trial(), findings(3, predicted=np.nan)) is None
    assert against_theory(trial(), pd.DataFrame()) is None


def test_the_ledger_adds_the_small_programs_up(sound):
    phases = {f"{name}_seconds": 1.0 for name in ("trace", "lower", "compile", "run", "transfer")}
    drawn = ledger(pd.DataFrame([{"program": f"p{i}", **phases} for i in range(40)]))
    sound(drawn)
    assert drawn.data["seconds"].sum() == pytest.approx(200)
    assert "25 others" in set(drawn.data["program"])


def test_ratios_are_of_what_was_compiled_before_where_that_was_measured(sound):
    rows = [("small", "x", 2.0, False), ("small", "x", 1.5, True), ("large", "y", 20.0, True)]
    table = pd.DataFrame(rows, columns=["cell", "peer", "ratio_median", "compile_included"])
    table = table.assign(ratio_low=table["ratio_median"] * 0.9, ratio_high=table["ratio_median"] * 1.1)
    drawn = ratios(table)
    sound(drawn)
    assert drawn.data["ratio_median"].tolist() == [2.0, 20.0]
    assert drawn.description.endswith("for 2 trainings and 2 peers: 1.8 to 22.")


def test_growth_has_a_panel_for_each_thing_that_grows_and_says_what_is_extrapolated(sound):
    rows = [
        ("runs", 8, "here", 0.1, 1.0, False),
        ("runs", 80, "there", 10.0, 0.0, True),
        ("depth", 1, "here", 0.1, 1.0, False),
    ]
    table = pd.DataFrame(rows, columns=["axis", "value", "trainer", "seconds", "compile_seconds", "extrapolated"])
    drawn = growth(table)
    sound(drawn)
    assert drawn.description.endswith("over runs, hidden layers: here, there take 1.1 to 10.")
    assert "extrapolated" in str(drawn.chart.to_dict()["title"])
    assert "extrapolated" not in str(growth(table[~table["extrapolated"]]).chart.to_dict()["title"])
