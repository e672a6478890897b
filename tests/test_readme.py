"""The examples of the README and of the documentation run as they stand."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md", *sorted((ROOT / "docs").rglob("*.md")))


def _examples() -> list[str]:
    pages = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    text = "\n".join(page.read_text() for page in pages)
    return re.findall(r"<!-- tested -->\n```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.slow
def test_the_examples_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    from bench import run  # noqa: PLC0415 - a command, not a library

    monkeypatch.chdir(tmp_path)
    assert run.main(["depth_activation_lr", "--profile", "quick"]) == 0
    examples, names = _examples(), {}
    assert len(examples) >= 5
    for number, example in enumerate(examples):
        exec(compile(example, f"example {number + 1}", "exec"), names)
    assert "momentum" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page).removeprefix(f"{ROOT}/"))
def test_links_between_pages_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target
