"""Two sides are timed in turn, and a slower one is told apart."""

import shutil
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.speed import __main__ as command
from bench.speed import sides

ROOT = Path(__file__).parents[1]


def test_a_side_is_a_checkout_a_configuration_or_a_variable():
    assert sides.parse(str(ROOT)).folder == ROOT
    assert sides.parse("lanes=8,activation=relu,bias=false").changes == {
        "lanes": 8,
        "activation": "relu",
        "bias": False,
    }
    assert sides.parse("XLA_FLAGS=--a=1,b").environment == {"XLA_FLAGS": "--a=1,b"}


@pytest.mark.parametrize("text", ["nowhere", "lanes=8,width", "=3"])
def test_anything_else_is_an_error(text):
    with pytest.raises(InputError, match=text.split(",")[-1]):
        sides.parse(text)


def test_a_folder_without_the_project_is_an_error(tmp_path):
    with pytest.raises(InputError, match="not a checkout"):
        sides.parse(str(tmp_path))


@pytest.mark.parametrize(
    ("second", "slow", "status", "word"),
    [("b", 1.0, 0, "no slower"), ("b", 2.0, 4, "slower: "), ("b", 0.5, 0, "faster")],
)
def test_the_exit_status_tells_a_regression(monkeypatch, capsys, second, slow, status, word):
    def in_turn(both, cell, what, repeats):
        yield from ((1 + i / 100, slow * (1 + i / 100)) for i in range(repeats))

    monkeypatch.setattr(sides, "in_turn", in_turn)
    monkeypatch.setattr(sides, "parse", sides.Side)
    assert command.main(["a", second]) == status
    assert word in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[".", ".", "--cell", "mlp-d4"], [".", ".", "--repeats", "1"], ["x", "."]])
def test_bad_input_is_one_sentence(arguments, capsys):
    assert command.main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
def test_another_checkout_is_what_its_folder_says(tmp_path):
    for name in ("bench", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    work = tmp_path / "bench" / "peers" / "work.py"
    work.write_text(work.read_text().replace("return time.perf_counter() - start", "return 1e6"))
    both = [sides.parse(text) for text in (str(ROOT), str(tmp_path))]
    for one, other in sides.in_turn(both, "logistic-b32", "run", 2):
        assert one < 1e3
        assert other == 1e6


@pytest.mark.slow
def test_what_a_side_cannot_train_is_said():
    both = [sides.parse("lane=8"), sides.parse("lanes=8")]
    with pytest.raises(InputError, match=r"lane=8: unknown axis 'lane'\. Did you mean"):
        list(sides.in_turn(both, "logistic-b32", "run", 1))
