"""Every peer does the work that the suite does: same data, same steps, same losses."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from bench.errors import InputError
from bench.peers import __main__ as command
from bench.peers import compare, growth, headline, limit, report, work

NET = {"model": "mlp", "data": "digits", "depth": 2, "width": 8, "activation": "tanh", "init": "glorot"}
TASKS = {
    "linear": {"model": "linear", "data": "diabetes", "batch_size": 1},
    "logistic": {"model": "logistic", "data": "breast_cancer", "batch_size": 32},
    "softmax": {"model": "softmax", "data": "digits", "batch_size": "full"},
    "mlp-1": {**NET, "batch_size": 1},
    "mlp-32": {**NET, "batch_size": 32},
    "mlp-full": {**NET, "batch_size": "full"},
}
STEPS = 12


@pytest.fixture(scope="module", params=TASKS)
def ours(request, devices):
    return work.Ours(work.Cell(request.param, TASKS[request.param], 2, 0.01), devices, STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, peer in compare.PEERS.items() if not peer.own_start])
def test_losses_are_ours(ours, name):
    if name.startswith("pytorch") and importlib.util.find_spec("torch") is None:
        pytest.skip("torch: compares with PyTorch; needs the extra `peers`")
    plain = ours.work()
    runs = list(range(len(plain.rates)))
    theirs = compare.build(compare.PEERS[name], plain)(runs, STEPS)
    np.testing.assert_allclose(theirs, ours.losses(), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jax-vmap", "scikit-learn"])
def test_peers_with_their_own_random_numbers_end_at_similar_losses(devices, name):
    cell = work.Cell("net", {**NET, "batch_size": 32}, 2, 0.05)
    ours = work.Ours(cell, devices, 280)
    plain = ours.work()
    theirs = compare.build(compare.PEERS[name], plain)(range(8), 280)
    assert np.median(theirs) == pytest.approx(np.median(ours.losses()), rel=0.35)


@pytest.mark.slow
def test_scikit_learn_sits_out_where_it_trains_something_else(devices):
    suits = {
        name: compare.suits(compare.PEERS["scikit-learn"], work.Ours(work.Cell(name, axes), devices, 2).work())
        for name, axes in TASKS.items()
    }
    assert suits == {
        "linear": True, "logistic": False, "softmax": False, "mlp-1": True, "mlp-32": True, "mlp-full": True,
    }  # fmt: skip


@pytest.mark.slow
def test_a_comparison_has_a_ratio_with_and_without_compilation(devices, tmp_path):
    cell = work.Cell("tiny", TASKS["softmax"], 2, 0.01)
    found = list(compare.compare(cell, ["jax-scan", "jax-vmap"], devices, repeats=2))
    assert [(r.peer, r.compile_included) for r in found] == [
        ("jax-scan", False), ("jax-scan", True), ("jax-vmap", False), ("jax-vmap", True),
    ]  # fmt: skip
    assert all(0 < r.ratio_low <= r.ratio_median <= r.ratio_high for r in found)
    report.save(found, tmp_path / "ratios.csv")
    report.save(found[:2], tmp_path / "ratios.csv")
    table = pd.read_csv(tmp_path / "ratios.csv")
    assert list(table.columns) == list(compare.Ratio._fields)
    assert len(table) == 4


@pytest.mark.slow
def test_training_takes_longer_than_its_products_alone(devices):
    cell = work.Cell("tiny", {**NET, "batch_size": 1}, 2, 0.05)
    found = list(limit.limits(cell, devices, repeats=2))
    assert [one.limit.split()[0] for one in found] == ["products", "traffic"]
    assert all(one.limit_seconds > 0 and one.rate > 0 for one in found)


def test_products_of_a_step_are_counted(devices):
    own = limit.shapes(work.Ours(work.Cell("tiny", {**NET, "batch_size": 32}, 4, 0.05), devices, 3))
    assert own.sizes == ((61, 8), (8, 8), (8, 10))
    assert own.chunks * own.lanes == 16
    assert own.flops == 2 * 16 * 32 * (3 * (8 * 8 + 8 * 10) + 2 * 61 * 8)


@pytest.mark.slow
def test_the_products_neither_grow_nor_die_out(devices):
    for rows in (1, 8, 50):
        operands = limit._operands(limit.Shapes(2, 3, rows, ((20, 8), (8, 5))))
        for h, w in operands:
            once = np.swapaxes(h, -1, -2) @ (h @ w)
            np.testing.assert_allclose(np.swapaxes(h, -1, -2) @ (h @ once), once, atol=1e-5)


@pytest.mark.slow
def test_the_headline_grid_is_sampled_and_marked(devices, monkeypatch):
    monkeypatch.setattr(headline, "ours", lambda profile: 2.0)
    monkeypatch.setattr(headline, "SECONDS", 0.01)
    found = list(headline.compare(["jax-loop", "jax-scan"], devices, repeats=2, profile="cell", tell=lambda _: None))
    assert [(one.cell, one.peer, one.extrapolated) for one in found] == [("headline", "jax-loop", True)]
    assert found[0].peer_seconds == pytest.approx(2 * found[0].ratio_median)


@pytest.mark.slow
def test_growth_has_a_point_per_trainer_and_pictures_are_drawn(devices, monkeypatch, tmp_path):
    monkeypatch.setattr(growth, "VALUES", {"runs": (8,), "depth": (1,), "batch_size": ("full",)})
    monkeypatch.setattr(growth, "STEPS", 3)
    points = list(growth.grow(["jax-scan"], devices, repeats=1))
    assert [(one.axis, one.trainer) for one in points][:2] == [("runs", "descentbench"), ("runs", "jax-scan")]
    assert len(points) == 6
    assert points[-1].value == 1797
    report.save(points, tmp_path / "growth.csv")
    report.save([compare.Ratio("tiny", "jax-scan", 2, 1, 3, False, False, 1, 2)], tmp_path / "ratios.csv")
    assert [path.name for path in report.draw(tmp_path)] == ["ratios.svg", "growth.svg"]
    assert "hidden layers" in (tmp_path / "growth.svg").read_text()


def test_cells_have_the_names_that_the_list_shows(capsys):
    assert command.main(["--list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in [*work.CELLS, *compare.PEERS])


@pytest.mark.parametrize("arguments", [["--cell", "mlp-d4-w32"], ["--peer", "torch"], ["--repeats", "0"]])
def test_bad_input_is_one_sentence(arguments, capsys):
    assert command.main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_an_unknown_cell_gets_a_suggestion():
    with pytest.raises(InputError, match="Did you mean 'logistic-b1'"):
        work.cell("logstic-b1")
