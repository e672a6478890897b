"""The picture of the best learning rates: depth along x, width in colours, contestants in panels."""

import pandas as pd
import pytest

from bench import figure, run
from bench.figures import best_rates
from bench.report.collect import card_of
from bench.report.pictures import pictures

GRID = """
[grid]
data = "circles"
"data.rows" = 20
scaling = "raw"
model = "mlp"
depth = [1, 2]
width = [2, 3]
steps = 4
checkpoints = "end"
probes = "off"
learning_rate = [0.1, 1.0]
seed = { range = [0, 4] }
"""


def rates(**axes):
    rows = pd.MultiIndex.from_product(axes.values(), names=list(axes)).to_frame(index=False)
    rows = rows.assign(best=0.1, typical=[0.01 * (1 + row) for row in range(len(rows))])
    return rows.assign(
        low=rows["typical"] / 2, high=2 * rows["typical"], decades=1.0, open=False, tried=6, measure="final_train_loss"
    )


def test_depth_is_along_x_width_in_colours_and_who_competes_in_panels(sound):
    drawn = best_rates(rates(optimizer=["sgd", "adam"], depth=[1, 2, 4], width=[8, 16]))
    sound(drawn)
    assert drawn.title.startswith("The best learning rate over hidden layers, by training loss at the end")
    assert {"depth", "best learning rate", "width", "optimizer", "low", "high"} <= set(drawn.data)
    own = drawn.data[(drawn.data["optimizer"] == "adam") & (drawn.data["width"] == "16")]
    assert own["depth"].tolist() == [1, 2, 4]
    assert own["best learning rate"].tolist() == pytest.approx([0.08, 0.10, 0.12])
    ticks = [layer["encoding"]["x"]["axis"]["tickMinStep"] for layer in drawn.chart.to_dict()["spec"]["layer"]]
    assert set(ticks) == {1}  # no one and a half layers


def test_without_a_second_number_the_contestants_have_colours(sound):
    drawn = best_rates(rates(optimizer=["sgd", "adam"], width=[8, 16, 64]))
    sound(drawn)
    assert "over units per layer" in drawn.title
    assert "logarithmic axes" in drawn.description
    assert set(drawn.data["optimizer"]) == {"sgd", "adam"}


def test_what_else_varies_is_in_the_panels(sound):
    drawn = best_rates(rates(optimizer=["sgd", "adam"], data=["iris", "wine"], depth=[1, 2], width=[8, 16]))
    sound(drawn)
    assert set(drawn.data["optimizer, data"]) == {"sgd, iris", "sgd, wine", "adam, iris", "adam, wine"}


def test_without_a_number_there_is_no_picture():
    assert best_rates(rates(optimizer=["sgd", "adam"], data=["iris", "wine"])) is None
    assert best_rates(rates(optimizer=["sgd"], depth=[3])) is None


@pytest.mark.slow
def test_a_grid_of_ones_own_has_it_on_its_card_and_as_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    (tmp_path / "mine.toml").write_text(GRID)
    assert run.main([str(tmp_path / "mine.toml"), "--out", str(tmp_path / "results")]) == 0
    shown, _ = pictures(card_of(tmp_path / "results", "mine", "full"), static=False)
    titles = [picture.title for picture in shown]
    assert sum(title.startswith("The best learning rate over hidden layers") for title in titles) == 1
    number = 1 + next(place for place, title in enumerate(titles) if title.startswith("The best learning rate"))
    command = ["mine", "--results", str(tmp_path / "results"), "--figure"]
    assert figure.main([*command, str(number), "--out", str(tmp_path / "rates.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "rates.csv")) == 4
    (tmp_path / "results" / "mine" / "full" / "best_rates.csv").unlink()  # as after `run_grid`: from the tables
    assert figure.main([*command, str(number), "--out", str(tmp_path / "again.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "again.csv")) == 4
    capsys.readouterr()
    assert figure.main([*command, "9", "--out", str(tmp_path / "no.csv")]) == 2
    assert "--figure 9: mine has 4 figures." in capsys.readouterr().err
