"""The page of studies: every claim with both verdicts, from saved results."""

import re

from bench import catalogue, run, studies


def test_the_page_has_every_study_and_the_verdicts_of_those_that_ran(tmp_path, capsys):
    assert run.main(["chi1_per_layer_ratio", "--profile", "quick", "--out", str(tmp_path)]) == 0
    page = tmp_path / "docs" / "studies.md"
    assert catalogue.main(["--out", str(tmp_path), "--profile", "quick", "--to", str(page)]) == 0
    text = page.read_text()
    row = next(line for line in text.splitlines() if line.startswith("| E03 `chi1_per_layer_ratio`"))
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
    assert cells[3:5] == ["SUPPORTED", "SUPPORTED"]
    assert cells[5].startswith("PASS (")
    assert float(cells[7]) > 0
    assert catalogue.main(["--out", str(tmp_path), "--to", str(page)]) == 0
    assert f"| {cells[7]} (quick) |" in page.read_text()
    assert all(f"**{studies.get(name).id}** " in text for name in studies.names())


def test_no_results_and_an_unknown_profile_are_one_sentence(tmp_path, capsys):
    assert catalogue.main(["--out", str(tmp_path)]) == 2
    assert "python -m bench.run all --profile full" in capsys.readouterr().err
    assert catalogue.main(["--profile", "cell"]) == 2
    assert capsys.readouterr().err == "error: --profile cell: give full or quick.\n"
