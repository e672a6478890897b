"""The command line: what is selected, what is said, and the exit status."""

import dataclasses
import json
import logging
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import bench
from bench import __main__ as commands
from bench import merge, options, run, studies
from bench.spec import Claim, Finding, Grid
from bench.stopping import Terminated

ROOT = Path(__file__).parents[1]
GRID = Grid({"data": "iris", "model": "softmax", "steps": 2, "learning_rate": [0.1, 0.2], "probes": "off"})
CRASHES = Grid({"data": "iris", "model": "softmax", "steps": 2, "repeats": 2, "probes": "off"})


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path, devices):
    """Everything is written below an empty folder; compiled programs go where the tests put them."""
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def only(monkeypatch):
    """Makes some studies the whole catalogue."""
    return lambda *chosen: monkeypatch.setattr(studies, "select", lambda asked: list(chosen))


def lines(capsys):
    """What was said: (stdout, stderr) without the frames of tables."""
    out, err = capsys.readouterr()
    return out.strip().splitlines(), err.strip().splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quadratic_mods"], "unknown study 'quadratic_mods'. Did you mean 'quadratic_modes'?"),
        (["A0"], "unknown study 'A0'. Did you mean 'A"),
        (["convx"], "unknown study 'convx'. Did you mean 'convex'?"),
        (["../../etc"], "unknown study '../../etc'."),
        (["A02", "--profile", "quik"], "unknown profile 'quik'. Did you mean 'quick'?"),
        (["A02", "--platform", "gpuu"], "unknown platform 'gpuu'. Did you mean 'gpu'?"),
        (["A02", "--platform", "tpu"], "platform 'tpu' is not available here"),
        (["A02", "--devices", "0"], "--devices 0: give a number of at least 1."),
        (["A02", "--lanes", "-1"], "--lanes -1: give a number of at least 1."),
        (["A02", "--workers", "0"], "--workers 0: give a number of at least 1."),
        (["A02", "--workers", "99"], "--workers 99: there are "),
        (["A02", "--workers", "2", "--time"], "--time measures programs that run alone; leave out --workers 2."),
        (["A02", "--shard", "3"], "--shard 3: give i/n, such as 1/8 for the first of eight array jobs."),
        (["A02", "--shard", "0/2"], "--shard 0/2: shards are counted from 1; give 1/2 to 2/2."),
        (["A02", "--shard", "1/2", "--audit", "3"], "--shard trains a part and does not look at it; leave"),
        (["A02", "--seed", "-1"], "--seed and --audit take 0 or more."),
        (["--show", "nothing"], "no run 'nothing' in results"),
        (["--show", "../../x-1"], "no run '../../x-1' in results"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(arguments, message, capsys, tmp_path):
    assert run.main(arguments) == 2
    out, err = lines(capsys)
    assert not out
    assert len(err) == 1
    assert err[0].startswith(f"error: {message}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "hint"), [(["--profil", "quick"], "--profile"), (["--dry-ru"], "--dry-run")])
def test_a_mistyped_option_gets_a_suggestion_and_exit_status_2(arguments, hint, capsys):
    assert run.main(arguments) == 2
    _, err = lines(capsys)
    assert any("Perhaps you meant" in line for line in err)
    assert any(hint in line for line in err)


def test_help_lists_every_option_without_twins_and_noise(capsys):
    assert run.main(["--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--list", "--show RUN", "--profile quick|full", "--out DIR", "--dry-run", "-v, --verbose"):
        assert option in text
    assert re.findall(r"--no-[a-z]+", text) == ["--no-report"]
    for noise in ("(default", "None", "STR", "\n\n\n"):
        assert noise not in text
    examples = [line for line in text.splitlines() if line.startswith("$ python -m bench.run")]
    assert len(examples) == 6


def test_starting_the_command_imports_nothing_heavy():
    code = "import sys, bench.run; print([m for m in ('jax', 'numpy', 'pandas', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_training_on_real_data_waits_for_no_package_that_only_other_commands_need(tmp_path):
    grid = tmp_path / "mine.toml"
    grid.write_text('[grid]\ndata = "iris"\nmodel = "softmax"\nsteps = 2\nseed = [0, 1]\n')
    arguments = [str(grid), "--yes", "--no-report", "--out", str(tmp_path / "out")]
    heavy = ("sklearn", "scipy.stats", "scipy.optimize", "altair", "distributed")
    code = f"import sys, bench.run; bench.run.main({arguments}); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_list_names_every_study_its_question_verdicts_and_the_tour(capsys):
    assert run.main(["--list"]) == 0
    text = capsys.readouterr().out
    for name in studies.names():
        study = studies.get(name)
        (row,) = [line for line in text.splitlines() if f"│ {study.id} │ {name} " in line]
        assert f" {study.id} " in row
        assert study.family in row
        assert study.title.split()[0] in row
        assert study.claims[0].expected in row
        assert (" yes " in row) == (name in studies.TOUR)


def test_the_list_of_a_family_is_of_that_family(capsys):
    assert run.main(["convex", "--list"]) == 0
    text = capsys.readouterr().out
    assert "quadratic_modes" in text
    assert "depth_cliff" not in text


def test_without_a_name_the_tour_runs_in_its_order():
    assert [study.name for study in studies.select([])] == list(studies.TOUR)
    assert 10 <= len(studies.TOUR) <= 14


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "profile"), [([], "quick"), (["trial"], "full")])
def test_the_tour_is_quick_and_the_rest_full_unless_told_otherwise(arguments, profile, only, trial, tmp_path):
    only(trial(GRID))
    assert run.main(arguments) == 0
    assert (tmp_path / "results" / "trial" / profile / "runs.parquet").exists()
    other = {"quick": "full", "full": "quick"}[profile]
    assert run.main([*arguments, "--profile", other]) == 0
    assert (tmp_path / "results" / "trial" / other / "runs.parquet").exists()


def test_a_dry_run_says_how_much_and_writes_nothing(capsys, only, trial, tmp_path):
    only(trial(GRID))
    assert run.main(["trial", "--dry-run"]) == 0
    out, err = lines(capsys)
    assert out[-1].startswith("2 runs -> 1 programs, about ")
    assert not err
    assert run.main(["trial", "--dry-run", "--json"]) == 0
    (event,) = map(json.loads, lines(capsys)[0])
    assert (event["event"], event["study"], event["runs"], event["programs"]) == ("plan", "T01", 2, 1)
    assert event["seconds"] > 0
    assert event["bytes"] > 0
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_same_command_again_trains_nothing_and_says_so(capsys, only, trial):
    only(trial(GRID))
    assert run.main(["trial"]) == 0
    out, _ = lines(capsys)
    assert "2 runs, 1 of 1 programs trained" in out[-1]
    assert "All as expected." in out[-1]
    assert run.main(["trial"]) == 0
    out, err = lines(capsys)
    assert "2 runs, nothing to do, all results were saved" in out[-1]
    assert err[0] == "T01 trial: 2 runs in 1 programs, nothing to do, all saved"


@pytest.mark.slow
def test_events_are_lines_of_json(capsys, only, trial):
    only(trial(GRID))
    assert run.main(["trial", "--json", "--audit", "1"]) == 0
    out, err = lines(capsys)
    events = [json.loads(line) for line in out]
    assert not err
    assert [event["event"] for event in events] == ["plan", "program", "finding", "finding", "audit", "done"]
    assert all(event["version"] == 1 for event in events)
    finding = events[2]
    assert {"study", "name", "quantity", "measured", "predicted", "impl", "claim", "expected"} <= set(finding)
    assert events[3]["claim"] == events[3]["expected"] == "SUPPORTED"
    assert (events[-1]["runs"], events[-1]["trained"], events[-1]["exit"]) == (2, 1, 0)


FAIL = Finding("a number", 1.1, 1.0, "EXACT(0)", "FAIL")
NOT_RUN = Finding("another number", None, None, "EXACT(0)", "NOT RUN", reason="[PyTorch] is not installed")
PASSED = Finding("a number", 1.0, 1.0, "EXACT(0)", "PASS")
CLAIMED = Finding("a claim", None, None, "", claim="c", verdict="SUPPORTED")


@pytest.mark.parametrize(
    ("found", "status", "says"),
    [
        ([PASSED, CLAIMED], 0, ["All as expected."]),
        ([FAIL, CLAIMED], 4, ["NOT AS EXPECTED: T01."]),
        ([PASSED, Finding("a claim", None, None, "", claim="c", verdict="REFUTED")], 4, ["NOT AS EXPECTED: T01."]),
        ([PASSED], 4, ["NOT AS EXPECTED: T01."]),  # a claim that nobody judged, for no reason
        ([PASSED, NOT_RUN, CLAIMED], 0, ["All as expected.", "1 finding(s) NOT RUN."]),
        ([NOT_RUN, NOT_RUN, CLAIMED], 0, ["All as expected.", "2 finding(s) NOT RUN."]),
        ([FAIL, NOT_RUN, CLAIMED], 4, ["NOT AS EXPECTED: T01.", "1 finding(s) NOT RUN."]),
        (
            [PASSED, Finding("a claim", None, None, "", "NOT RUN", claim="c", reason="no torch")],
            0,
            ["All as expected.", "1 finding(s) NOT RUN."],
        ),
    ],
)
def test_verdicts_decide_the_exit_status_and_what_was_not_run_is_said_aloud(found, status, says, capsys, only, trial):
    only(trial(GRID, found=found))
    assert run.main(["trial"]) == status
    out, _ = lines(capsys)
    assert all(text in out[-1] for text in says), out[-1]
    reasons = [line for line in out if "NOT RUN: " in line]
    assert len(reasons) == len({f.reason for f in found if f.impl == "NOT RUN"})
    if NOT_RUN in found:
        assert reasons[0] == f"T01: {found.count(NOT_RUN)} finding(s) NOT RUN: [PyTorch] is not installed"


@pytest.mark.slow
def test_a_study_without_its_optional_package_is_judged_by_the_rest(capsys, monkeypatch):
    monkeypatch.setattr("bench.theory.updates.by_torch", lambda *given: None)  # what it returns without PyTorch
    assert run.main(["H04", "--profile", "quick"]) == 0
    out, _ = lines(capsys)
    assert "PASS, 6 NOT RUN" in " ".join(out)
    assert out[-1].endswith("All as expected. 6 finding(s) NOT RUN.")


@pytest.fixture
def broken(monkeypatch):
    """Makes the programs that are executed twice fail."""
    from bench.measure import runner  # noqa: PLC0415

    real = runner._run

    def fail(compiled, devices, timed, repeats):
        if repeats > 1:
            raise MemoryError("no room\nfor all of it")
        return real(compiled, devices, timed, repeats)

    monkeypatch.setattr(runner, "_run", fail)


@pytest.mark.slow
def test_a_program_that_fails_gives_exit_status_3_and_the_others_are_kept(capsys, only, trial, broken):
    only(trial(CRASHES, GRID))
    assert run.main(["trial"]) == 3
    out, err = lines(capsys)
    assert next(line for line in err if line.startswith("failed:")).endswith(": MemoryError: no room")
    assert "1 program(s) FAILED; the same command tries them again." in out[-1]
    assert run.main(["trial"]) == 3
    assert "T01 trial: 3 runs in 2 programs, 1 to train" in lines(capsys)[1][0]


def test_fail_fast_stops_at_the_first_failure(capsys, only, trial, broken):
    only(trial(CRASHES, GRID), trial(GRID, name="second"))
    assert run.main(["--fail-fast", "--json"]) == 3
    events = [json.loads(line) for line in lines(capsys)[0]]
    assert [event["event"] for event in events] == ["plan", "program", "error", "finding", "done"]
    assert events[-1]["trained"] == 1


@pytest.mark.slow
def test_without_fail_fast_everything_else_is_trained(capsys, only, trial, broken):
    only(trial(CRASHES, GRID), trial(GRID, name="second"))
    assert run.main(["--json"]) == 3
    events = [json.loads(line) for line in lines(capsys)[0]]
    assert events[-1]["studies"] == 2
    assert events[-1]["trained"] == 3


@pytest.mark.slow
def test_another_seed_is_another_plan(capsys, only, trial):
    only(trial(GRID))
    assert run.main(["trial"]) == 0
    assert run.main(["trial", "--seed", "7"]) == 2
    _, err = lines(capsys)
    assert err[-1].startswith("error: results/trial/full holds results of another plan (different: programs, seed).")
    assert err[-1].endswith("remove these with `python -m bench.clean trial --out results`.")
    assert run.main(["trial", "--seed", "7", "--out", "again"]) == 0


def test_final_parameters_are_saved_on_request_as_another_plan(capsys, only, trial, tmp_path):
    only(trial(GRID))
    assert run.main(["trial", "--parameters"]) == 0
    assert run.main(["trial"]) == 2
    assert "(different: parameters, programs)" in lines(capsys)[1][-1]
    saved = bench.load("trial", out="results")["parameters"]
    assert saved.groupby("run", observed=True).size().tolist() == [15, 15]


def test_an_estimate_above_an_hour_asks_for_yes(capsys, only, trial, monkeypatch):
    monkeypatch.setattr(options, "MOST_SECONDS", 0.01)
    only(trial(GRID))
    assert run.main(["trial"]) == 2
    assert "add --yes to go on" in lines(capsys)[1][-1]
    assert run.main(["trial", "--yes"]) == 0


@pytest.mark.slow
def test_a_damaged_manifest_is_bad_input_and_a_damaged_program_is_trained_again(capsys, only, trial, tmp_path):
    only(trial(GRID))
    assert run.main(["trial"]) == 0
    folder = tmp_path / "results/trial/full"
    (program,) = (folder / "programs").glob("*.zip")
    program.write_bytes(program.read_bytes()[:1000])
    (folder / "runs.parquet").write_bytes(b"PAR1")
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run.main(["trial", "--json"]) == 0
    events = [json.loads(line) for line in lines(capsys)[0]]
    assert [event["message"] for event in events if event["event"] == "warning"] == [
        f"results/trial/full/programs/{program.name} is damaged (File is not a zip file): set aside as"
        f" {program.stem}.damaged, and its runs are trained anew."
    ]
    assert events[-1]["trained"] == 1
    manifest = folder / "manifest-0.json"
    manifest.write_text(manifest.read_text()[:300])
    assert run.main(["trial"]) == 2
    _, err = lines(capsys)
    assert len(err) == 1
    assert err[0].startswith("error: results/trial/full/manifest-0.json is damaged (")
    manifest.unlink()
    assert run.main(["trial", "--json"]) == 0
    assert json.loads(lines(capsys)[0][-1])["trained"] == 0


def test_warnings_and_what_jax_logs_become_events(capsys, only, trial):
    def judge(evidence):
        for _ in range(2):
            warnings.warn("overflow in exp", RuntimeWarning, stacklevel=1)
            logging.getLogger("jax._src.cache").warning("a truncated entry")
        return [PASSED, CLAIMED]

    only(trial(GRID, judge=judge))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run.main(["trial", "--json"]) == 0
        out, err = lines(capsys)
        assert not err
        told = [json.loads(line)["message"] for line in out if json.loads(line)["event"] == "warning"]
        assert told[0].startswith("RuntimeWarning: overflow in exp (")
        assert told[1:] == ["jax._src.cache: a truncated entry"]
        assert run.main(["trial"]) == 0
        assert sum(line.startswith("warning: ") for line in lines(capsys)[1]) == 2


def test_an_error_of_the_suite_itself_gives_exit_status_1_and_v_the_traceback(capsys, only, trial):
    def refine(evidence, round_):
        raise ZeroDivisionError("by zero")

    only(trial(GRID, refine=refine))
    assert run.main(["trial"]) == 1
    assert lines(capsys)[1][-1] == "internal error: ZeroDivisionError: by zero (-v shows the traceback)"
    with pytest.raises(ZeroDivisionError):
        run.main(["trial", "-v"])


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_an_interrupted_run_says_how_to_go_on(stop, status, capsys, only, trial):
    def judge(evidence):
        raise stop

    only(trial(GRID, judge=judge))
    assert run.main(["trial"]) == status
    assert lines(capsys)[1][-1] == "stopped: what was saved is kept. To go on: python -m bench.run trial"


def test_verbose_shows_every_finding_and_program(capsys, only, trial):
    only(trial(GRID, found=[PASSED, CLAIMED]))
    assert run.main(["trial", "-v"]) == 0
    _, err = lines(capsys)
    assert any(line.strip().startswith("program ") for line in err)
    assert any("a number: measured 1, predicted 1, EXACT(0)" in line for line in err)
    assert any(line.split() == ["SUPPORTED", "a", "claim"] for line in err)


def test_a_region_is_said_below_the_table(capsys, only, trial):
    conditional = Finding("a claim", None, None, "", claim="c", verdict="CONDITIONAL", region="where [x] > 0")
    claims = (Claim("c", "a claim", "nobody", "CONDITIONAL"),)
    only(trial(GRID, found=[PASSED, conditional], claims=claims))
    assert run.main(["trial"]) == 0
    assert "T01 holds where: where [x] > 0" in lines(capsys)[0]


@pytest.mark.parametrize("verdict", ["SUPPORTED", "REFUTED"])
def test_a_claim_that_is_not_conditional_has_no_region(verdict, capsys, only, trial):
    plain = Finding("a claim", None, None, "", claim="c", verdict=verdict, region="where [x] > 0")
    only(trial(GRID, found=[PASSED, plain], claims=(Claim("c", "a claim", "nobody", verdict),)))
    assert run.main(["trial"]) == 0
    assert not any("holds where" in line for line in lines(capsys)[0])


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["--list A02", "--dry-run --json --profile quick A02"])
def test_a_reader_that_has_seen_enough_is_no_error(arguments):
    command = f"{sys.executable} -m bench.run {arguments} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == ""


def test_the_console_script_knows_its_commands(capsys, monkeypatch):
    for arguments, status in ((["--help"], 0), (["rum"], 2), (["run", "--profile", "quik"], 2)):
        monkeypatch.setattr(sys, "argv", ["descentbench", *arguments])
        assert commands.main() == status
    out, err = lines(capsys)
    assert any(line.split()[:1] == ["run"] for line in out)
    assert err[0].startswith("error: unknown command 'rum'. Did you mean 'run'?")


@pytest.mark.slow
def test_shards_into_one_folder_then_the_same_command_judges(only, trial, capsys):
    only(trial(GRID, dataclasses.replace(GRID, axes={**GRID.axes, "steps": [3, 4]})))
    for number in (1, 2):
        assert run.main(["trial", "--shard", f"{number}/2", "--out", "shared"]) == 0
        out, _ = lines(capsys)
        assert "Nothing is judged yet." in out[-1]
        assert not list(Path("shared/trial/full").glob("*.parquet"))
    assert len(list(Path("shared/trial/full/programs").glob("*.zip"))) == 3
    assert run.main(["trial", "--out", "shared"]) == 0
    assert "nothing to do, all results were saved" in lines(capsys)[0][-1]


@pytest.mark.slow
def test_rounds_after_the_first_are_trained_after_the_merge(only, trial, capsys):
    finer = dataclasses.replace(GRID, axes={**GRID.axes, "steps": 7})
    both = dataclasses.replace(GRID, axes={**GRID.axes, "steps": [2, 3]})
    only(trial(both, refine=lambda evidence, completed: (finer,) if completed == 0 and len(evidence.runs) == 4 else ()))
    for number in (1, 2):
        assert run.main(["trial", "--shard", f"{number}/2", "--out", f"shard-{number}"]) == 0
    assert not Path("shard-1/trial/full/manifest-1.json").exists()
    assert merge.main(["shard-1/trial", "shard-2/trial", "--out", "all"]) == 0
    assert "2 of 2 programs" in capsys.readouterr().out
    assert run.main(["trial", "--out", "all"]) == 0
    assert "1 of 3 programs trained" in lines(capsys)[0][-1]
