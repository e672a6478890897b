"""What the page says, and that whatever comes from results stays data."""

import json
import re
from html import unescape
from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest

from bench import after, run, studies
from bench.errors import InputError
from bench.report import __main__ as command
from bench.report import files
from bench.report.collect import axes, collect
from bench.report.exports import csv, markdown, safe
from bench.report.formulas import formula
from bench.report.page import html, totals
from bench.report.pictures import overview, packed, pictures
from bench.report.still import MOST_BYTES, small
from bench.report.words import count, number, seconds, spread
from bench.spec import Finding
from bench.store import Folder, findings_table

WRITES = after.page  # the tests of other commands do without


def text_of(page: str) -> str:
    """What the page says, without scripts, styles and tags."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def judged(out, name, *findings):
    """Replaces what was found by a study."""
    study = studies.get(name)
    expected = {claim.id: claim.expected for claim in study.claims}
    Folder(out / name / "quick").derive("findings", findings_table(study.id, name, findings, expected))


@pytest.mark.slow
def test_the_first_lines_are_the_answer(results):
    report = collect(results)
    total = totals(report)
    assert [card.anchor for card in report.cards] == ["A06", "B08", "own-grid"]
    assert total["verdicts"] == {"SUPPORTED": 1, "CONDITIONAL": 1, "REFUTED": 0}
    assert total["passed"] == total["checks"] == sum(len([f for f in card.findings if f.impl]) for card in report.cards)
    assert total["runs"] == sum(card.runs for card in report.cards) > 200
    said = text_of(html(report, static=False))
    assert "Both claims came out as theory expects" in said
    assert f"{total['runs']:,} runs in" in said
    assert re.search(r"1 (?:CPU|\d).*device|[0-9]+ CPU devices?", said)


def test_a_card_says_claim_verdict_region_theory_and_how_to_repeat_it(results):
    said = text_of(html(collect(results, ["B08"]), static=False))
    assert "mini-batch descent is the compromise between speed and stability" in said
    assert "◐ conditional as expected" in said
    assert "Holds where: rows run in parallel" in said
    assert "McCandlish et al. 2018" in said
    assert "python -m bench.run batch_size_trade_off --profile quick" in said
    assert "batch_size 1, 16, none" in said or "batch_size" in said


@pytest.mark.slow
def test_news_is_said_first(copied):
    failed = Finding("a number", 1.0, 2.0, "EXACT(0)", "FAIL")
    name, claim = "feature_scaling", studies.get("A06").claims[0]
    judged(copied, name, failed, Finding(claim.text, 1.0, 1.0, "", claim=claim.id, verdict="REFUTED"))
    report = collect(copied)
    assert [card.anchor for card in report.news] == ["A06"]
    said = text_of(html(report, static=False))
    assert "1 check of the implementation failed, 1 of 2 claims came out otherwise than expected" in said
    assert "! expected supported" in said


def test_what_was_not_run_says_why_and_is_no_news(copied):
    claim = studies.get("A06").claims[0]
    judged(copied, "feature_scaling", Finding(claim.text, None, None, "", "NOT RUN", claim=claim.id, reason="no data"))
    report = collect(copied, ["A06"])
    assert not report.news
    said = text_of(html(report, static=False))
    assert "could not be judged" in said
    assert "no data" in said


def test_a_study_that_did_not_end_or_is_damaged_does_not_hide_the_others(copied):
    (copied / "feature_scaling" / "quick" / "findings.parquet").unlink()
    (copied / "own-grid" / "full" / "manifest-0.json").write_text("{")
    report = collect(copied)
    assert [bool(card.note) for card in report.cards] == [True, False, True]
    said = text_of(html(report, static=False))
    assert "Not judged:" in said
    assert "is damaged" in said
    assert "mini-batch descent" in said


def test_a_grid_of_ones_own_shows_its_best_configurations(results):
    said = text_of(html(collect(results, ["own-grid"]), static=False))
    assert "Best configurations" in said
    assert "8 runs diverged" in said
    assert "learning_rate 0.1, 1, 1e+30" in said


@pytest.mark.slow
def test_claims_of_ones_own_are_on_the_card_under_the_title_of_the_file(copied):
    won = Finding("adam is faster", -4.0, None, "BEFORE(6)", claim="claim-1", verdict="SUPPORTED", seeds=6)
    unclear = Finding("width does not matter", None, None, "EQUAL", claim="claim-2", verdict="UNDECIDED", reason="few")
    table = findings_table("", "own-grid", [won, unclear], {})
    Folder(copied / "own-grid" / "full").derive(
        "findings", table.replace_schema_metadata({"title": "which is faster?"})
    )
    report = collect(copied, ["own-grid"])
    assert not report.news
    said = text_of(html(report, static=False))
    assert "2 claims of your own, 1 supported, 1 undecided" in said
    assert "Which is faster?" in said
    assert "adam is faster ✓ supported said in a file of one's own" in said
    assert "? undecided" in said
    assert "\\| adam is faster" not in markdown(report)
    assert "adam is faster | ✓ SUPPORTED" in markdown(report)
    news = findings_table("", "own-grid", [won], {"claim-1": "REFUTED"})
    Folder(copied / "own-grid" / "full").derive("findings", news)
    assert "1 of 1 claim came out otherwise" in text_of(html(collect(copied, ["own-grid"]), static=False))


def test_the_pictures_at_the_top_have_stills_too(results):
    found = overview(collect(results), static=True)
    assert "ledger" in found
    assert all(picture.static.startswith("data:image/svg+xml,") for picture in found.values())
    assert not any(picture.static for picture in overview(collect(results), static=False).values())


def test_a_still_is_small_and_says_the_same():
    shape = 'transform="translate(1.23456,2)" d="M2.7386,0A2.7386,2.7386,0,1,1,-2.7386,0Z"'
    point = f'<path {shape} fill="#0072B2" opacity="1"/>'
    svg = f'<svg class="marks"><g aria-hidden="true">{3 * point}</g><text>0.0025 &lt; b</text></svg>'
    made = small(svg)
    assert made.count("<use transform='translate(1.2,2)' href='#s0' class='l0'/>") == 3
    assert made.count("<path ") == 1
    assert "aria" not in made
    assert "<text>0.0025 &lt; b</text>" in made
    assert len(made) < len(svg)


def test_the_still_of_a_figure_is_sound_and_has_its_words(results):
    (card,) = collect(results, ["B08"]).cards
    figures, _ = pictures(card, static=True)
    found = unquote(figures[0].static.removeprefix("data:image/svg+xml,"))
    words = [text.text for text in ElementTree.fromstring(found).iter("{http://www.w3.org/2000/svg}text")]
    assert {"steps to the target", "rows per batch", "softmax"} <= set(words)
    assert len(found) < MOST_BYTES


def test_results_stay_data(results, hostile):
    page = html(collect(results, ["own-grid"]), static=False)
    assert "<script>window.PWNED" not in page
    assert "<img src=x" not in page
    assert "49" not in re.findall(r"x onerror.{0,60}", unescape(page))[0]
    assert "\u2028" not in "".join(re.findall(r"<script type=\"application/json\".*?</script>", page, re.DOTALL))
    assert unescape(page).count(hostile[:40]) >= 2
    specs = re.findall(r'<script type="application/json" id="([^"]*)">(.*?)</script>', page, re.DOTALL)
    assert specs
    for _, spec in specs:
        assert not set("<>&") & set(spec)
        json.loads(spec, parse_constant=pytest.fail)


def test_the_policy_names_the_scripts_and_nothing_else(results):
    page = html(collect(results, ["A06"]), static=False)
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    assert "default-src 'none'" in policy
    assert not {"unsafe-eval", "http", "*"} & set(re.split(r"[ ;:']+", policy))
    assert policy.count("'sha256-") == len(re.findall(r"<(?:script|style)>", page)) == 3
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))


@pytest.mark.slow
def test_ratios_are_shown_only_where_they_were_measured(page, copied):
    assert "pytorch took 7.5 times as long" in text_of(page.read_text())
    (copied / "peers" / "ratios.csv").unlink(missing_ok=True)
    assert "times as long" not in text_of(html(collect(copied), static=False))


def test_the_table_of_verdicts_is_markdown_that_stays_in_its_cells(copied):
    lines = markdown(collect(copied)).splitlines()
    assert len(lines) == 2 + 3
    assert all(len(re.split(r"(?<!\\)\|", line)) == 7 for line in lines)
    assert lines[3].startswith("| B08 batch\\_size\\_trade\\_off | mini-batch descent")
    assert "◐ CONDITIONAL (rows run in parallel" in lines[3]
    bad = Finding("x", None, None, "", claim="x", verdict="CONDITIONAL", region="a | b <script>\n@all `x`")
    claim = studies.get("A06").claims[0]
    judged(copied, "feature_scaling", Finding(**{**vars(bad), "claim": claim.id}))
    assert "a \\| b &lt;script&gt; \\@all \\`x\\`" in markdown(collect(copied))


def test_the_csv_is_safe_for_spreadsheets(copied):
    judged(copied, "feature_scaling", Finding("=1+1", -1.0, None, "@x", "PASS", reason="\tx"))
    out = copied / "x.csv"
    out.write_text(csv(collect(copied, ["A06"])))
    row = pd.read_csv(out).iloc[0]
    assert (row["quantity"], row["measured"], row["rule"], row["reason"]) == ("'=1+1", -1.0, "'@x", "'\tx")
    assert [safe(value) for value in ("+1", "-1", -1.0, "a=b", None)] == ["'+1", "'-1", -1.0, "a=b", None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no results in nowhere; run `python -m bench.run --out nowhere` first."),
        (["--format", "pdf"], "unknown format 'pdf'."),
        (["--profile", "cell"], "unknown profile 'cell'."),
        (["{results}", "--study", "A02"], "no results of quadratic_modes in"),
        (["{results}", "--study", "A0x"], "unknown study 'A0x'."),
        (["{results}", "--out", "{results}"], "cannot write"),
    ],
)
def test_bad_input_is_one_sentence(arguments, message, results, capsys):
    assert command.main([one.format(results=results) for one in arguments]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert not [path for path in results.parent.iterdir() if "partial" in path.name]


def test_the_command_writes_where_it_is_told(results, tmp_path, capsys):
    assert command.main([str(results), "--study", "A06", "--out", str(tmp_path / "a" / "x.html")]) == 0
    assert capsys.readouterr().out.startswith(f"wrote {tmp_path / 'a' / 'x.html'} (")
    assert command.main([str(results), "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| study |")


def test_without_the_extra_it_says_how_to_get_it(results, monkeypatch, capsys):
    monkeypatch.setattr(files, "NEEDED", ("altair", "no_such_library"))
    assert command.main([str(results)]) == 2
    assert "the page needs no_such_library; `pip install" in capsys.readouterr().err
    assert command.main([str(results), "--format", "csv"]) == 0
    with pytest.raises(InputError):
        files.write(results)


def test_formulas_are_set_and_names_are_not():
    cases = {
        "sigma_w^2 >= 2": "σ<sub>w</sub><sup>2</sup> ≥ 2",
        "(e_k)_i = (1 - eta lambda_i)^k": "(e<sub>k</sub>)<sub>i</sub> = (1 − η λ<sub>i</sub>)<sup>k</sup>",
        "q_{l+1} = E phi(q_l)": "q<sub>l+1</sub> = E φ(q<sub>l</sub>)",
        "rho^(2k), x^-1": "ρ<sup>2k</sup>, x<sup>-1</sup>",
        "||dL/dz_1||": "‖dL/dz_1‖",
        "batch_size_trade_off, optimizer.beta1, init.gain": "batch_size_trade_off, optimizer.beta1, init.gain",
        "<b>_x^2": "&lt;b&gt;_x<sup>2</sup>",
    }
    assert {text: str(formula(text)) for text in cases} == cases


def test_rows_are_packed_by_column():
    rows = [{"x": 1.0, "y": 0.1234567, "c": "a", "k": True}, {"x": 2.0, "y": float("nan"), "c": "b", "k": True}]
    assert packed(rows) == {
        "rows": 2,
        "columns": {"x": [1, 2], "y": [0.12346, None], "c": {"words": ["a", "b"], "places": [0, 1]}, "k": True},
    }


def test_numbers_and_values_are_short():
    assert [number(value) for value in (None, float("nan"), 12345.0, -0.5, 1e-12, True, "x")] == [
        "", "", "12,345", "−0.5", "1e−12", "True", "x",
    ]  # fmt: skip
    assert spread([0.1 * i for i in range(1, 20)]) == "19 values from 0.1 to 1.9"
    assert spread([2, None, 1]) == "1, 2, none"
    assert [seconds(value) for value in (3.14, 59, 61, 7300)] == ["3.1 s", "59 s", "1 min 1 s", "2 h 1 min"]
    assert [count(1, "run"), count(1480, "run"), count(2, "study")] == ["1 run", "1,480 runs", "2 studies"]


def test_what_a_grid_varied_and_fixed(results):
    varied, fixed = axes(collect(results, ["own-grid"]).cards[0].tables["runs"])
    assert dict(varied)["l2"] == "0, 0.1"
    assert dict(fixed)["model"] == "softmax"
    assert "bias" not in dict(fixed)  # its default


@pytest.fixture
def ran(monkeypatch, results):
    """Runs a study whose results are saved, with the page at its end; returns the folder."""
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    monkeypatch.setattr(after, "page", WRITES)
    (results / "report.html").unlink(missing_ok=True)
    return lambda *more: run.main(["A06", "--profile", "quick", "--out", str(results), *more])


@pytest.mark.slow
def test_a_run_ends_with_the_page_about_it(ran, results, capsys):
    assert ran() == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Report: {results / 'report.html'}"
    said = text_of((results / "report.html").read_text())
    assert "How much does gradient descent gain from scaled features?" in said
    assert "own-grid" not in said


def test_a_run_without_the_page(ran, results, monkeypatch, capsys):
    assert ran("--no-report") == 0
    assert "Report" not in capsys.readouterr().out
    assert ran("--json") == 0
    assert all(json.loads(line)["event"] for line in capsys.readouterr().out.splitlines())
    monkeypatch.setattr(files, "NEEDED", ("no_such_library",))
    assert ran() == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("`pip install -c constraints.txt -e '.[report]'`.")
    assert not (results / "report.html").exists()


@pytest.mark.slow
def test_a_page_that_fails_fails_no_run(ran, results, monkeypatch, capsys):
    monkeypatch.setattr(files, "save", lambda text, path: 1 / 0)
    assert ran() == 0
    assert "no report: ZeroDivisionError" in capsys.readouterr().err
