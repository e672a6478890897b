"""The page of studies: every claim with both verdicts, and published figures beside what was measured."""

import re

import pandas as pd

from bench import catalogue, studies

UNDER = {"command": "python -m bench.run all --profile full", "versions": {"jax": "0.0"}, "platform": "cpu"}


def tables(study, **more):
    """Findings and costs as if one study had run."""
    own = {"study": study.id, "name": study.name, "region": None, "reason": None, "seeds": 1}
    judged = {**own, "quantity": "x", "measured": 1.0, "predicted": 1.25, "rule": "EXACT(1)", "impl": "PASS"} | more
    claims = [
        {**own, "quantity": claim.text, "claim": claim.id, "verdict": claim.expected, "impl": None}
        for claim in study.claims
    ]
    names = ("trace_seconds", "lower_seconds", "compile_seconds", "run_seconds")
    costs = pd.DataFrame([{"name": study.name, **dict.fromkeys(names, 0.25)}] * 2)
    return pd.DataFrame([{**judged, "claim": None, "verdict": None}, *claims]), costs


def test_the_page_has_every_study_and_the_verdicts_of_those_that_ran():
    text = catalogue.page(*tables(studies.get("E03")), UNDER)
    row = next(line for line in text.splitlines() if line.startswith("| E03 `chi1_per_layer_ratio`"))
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
    assert cells[3:6] == ["SUPPORTED", "SUPPORTED", "PASS (1 of 1)"]
    assert cells[6:] == ["x: 1, 1.25; EXACT(1)", "2.0"]
    assert all(f"**{studies.get(name).id}** " in text for name in studies.names())
    assert "python -m bench.run all --profile full" in text


def test_a_published_figure_stands_beside_what_was_measured():
    found, costs = tables(studies.get("A12"), quantity="three parabolas from 3.3, momentum", measured=0.6465)
    text = catalogue.page(found, costs, UNDER)
    row = next(line for line in text.splitlines() if line.startswith("| Lessard"))
    assert "792/1225" in row
    assert "| 0.6465 | 1.25 | EXACT(1) | PASS |" in row
    assert "Nielsen" not in text.partition("## Published")[2]
