"""How a grid is refused: one sentence, exit status 2, and nothing written."""

from pathlib import Path

import pytest

from bench import run


def refusal(folder: Path, capsys: pytest.CaptureFixture[str], text: str, *options: str) -> str:
    """Runs a grid's text in an empty folder and returns the sentence with which it was refused."""
    path = folder / "mine.toml"
    path.write_text(text)
    assert run.main([str(path), "--out", str(folder / "results"), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert [own.name for own in folder.iterdir()] == ["mine.toml"]
    return said
