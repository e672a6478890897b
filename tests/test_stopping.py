"""Commands that are stopped, as real processes: the exit status, what is said and kept, and that no worker is left."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench import stopping
from bench.stopping import stoppable

ROOT = Path(__file__).parents[1]
GRID = """
title = "many programs"
[grid]
data = "iris"
split = "120/30"
model = "mlp"
depth = 1
batch_size = 8
epochs = 40
learning_rate = [0.01, 0.1]
seed = [0, 1]
width = {widths}
"""
LONG = GRID.replace("epochs = 40", 'epochs = 4000000\ncheckpoints = "end"')


@pytest.fixture
def begin():
    """Begins commands, and sees to it that none outlives its test."""
    begun: list[Command] = []

    def make(*given: Any) -> Command:
        begun.append(Command(*given))
        return begun[-1]

    yield make
    for command in begun:
        with command.process as process:
            process.kill()


class Command:
    """`python -m bench.run grid.toml` in a folder of its own; its output comes line by line."""

    def __init__(self, folder: Path, text: str, *options: str) -> None:
        (folder / "grid.toml").write_text(text)
        command = [sys.executable, "-m", "bench.run", "grid.toml", "--json", "--yes", *options]
        here = {**os.environ, "PYTHONPATH": str(ROOT), "DESCENTBENCH_CACHE": "off"}
        self.process = subprocess.Popen(
            command, cwd=folder, env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def until(self, kind: str, count: int = 1) -> None:
        """Reads events until so many of a kind have come."""
        assert self.process.stdout
        for line in self.process.stdout:
            count -= json.loads(line)["event"] == kind
            if not count:
                return
        raise AssertionError(f"it ended before: {self.process.stderr.read() if self.process.stderr else ''}")

    def children(self) -> list[int]:
        """Its workers."""
        path = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for own in path.glob("*/children") for pid in own.read_text().split()]

    def ends(self) -> tuple[int, str]:
        """The exit status and the last line on stderr."""
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.strip().rpartition("\n")[2]


def gone(pids: list[int], seconds: float = 10) -> bool:
    """Whether processes end within some seconds; one that nobody waited for counts as ended."""
    states = [Path(f"/proc/{pid}/stat") for pid in pids]
    for _ in range(int(10 * seconds)):
        if not any(path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z" for path in states):
            return True
        time.sleep(0.1)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="NOT RUN: no /proc to find children in")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "options"),
    [(signal.SIGINT, 130, []), (signal.SIGINT, 130, ["--workers", "1"]), (signal.SIGTERM, 143, ["--workers", "1"])],
)
def test_the_first_signal_ends_it_with_a_word_on_how_to_go_on(number, status, options, tmp_path, begin):
    command = begin(tmp_path, GRID.format(widths=list(range(2, 60))), *options)
    command.until("program", 2)
    workers = command.children()
    command.process.send_signal(number)
    ended, said = command.ends()
    assert ended == status
    again = shlex.join(["grid.toml", "--json", "--yes", *options])
    assert said == f"stopped: what was saved is kept. To go on: python -m bench.run {again}"
    assert gone(workers)
    programs = list(tmp_path.glob("results/*/full/programs/*"))
    assert len(programs) >= 2
    assert {path.suffix for path in programs} == {".zip"}


@pytest.mark.slow
def test_a_program_that_takes_for_ever_is_given_up(tmp_path, begin):
    command = begin(tmp_path, LONG.format(widths=[2]))
    command.until("plan")
    time.sleep(8)  # it is compiled, and runs
    began = time.monotonic()
    command.process.send_signal(signal.SIGINT)
    ended, said = command.ends()
    assert ended == 130
    assert said.startswith("stopped: what was saved is kept. To go on: python -m bench.run grid.toml")
    assert time.monotonic() - began < stopping.GRACE + 5


@pytest.mark.slow
@needs_proc
def test_the_second_signal_ends_it_and_its_workers_at_once(tmp_path, begin):
    command = begin(tmp_path, LONG.format(widths=[2]), "--workers", "1")
    command.until("plan")
    for _ in range(300):
        if workers := command.children():
            break
        time.sleep(0.1)
    time.sleep(5)
    command.process.send_signal(signal.SIGINT)
    command.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert command.ends()[0] == 130
    assert time.monotonic() - began < 3
    assert workers
    assert gone(workers)


@pytest.mark.slow
@needs_proc
def test_workers_of_a_killed_command_end(tmp_path, begin):
    command = begin(tmp_path, GRID.format(widths=list(range(2, 60))), "--workers", "1")
    command.until("program")
    workers = command.children()
    assert workers
    command.process.kill()
    command.ends()
    assert gone(workers)


@pytest.mark.slow
def test_stopped_and_given_again_with_workers_the_bits_are_those_of_an_undisturbed_run(tmp_path, begin):
    text, folders = GRID.format(widths=[2, 3, 4, 5, 6]), [tmp_path / name for name in ("stopped", "whole")]
    for folder in folders:
        folder.mkdir()
    stopped = begin(folders[0], text, "--workers", "1", "--devices", "1")
    stopped.until("program", 2)
    stopped.process.send_signal(signal.SIGINT)
    assert stopped.ends()[0] == 130
    for folder, options in zip(folders, (["--workers", "1"], []), strict=True):
        assert begin(folder, text, *options, "--devices", "1").ends()[0] == 0
    for name in ("runs", "curves", "layers"):
        one, other = (
            pd.read_parquet(folder / "results/grid/full" / f"{name}.parquet").drop(columns="seconds", errors="ignore")
            for folder in folders
        )
        assert len(one) > 10
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_signals_are_what_they_were_before_afterwards():
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    assert stoppable(lambda: 3, "never said") == 3
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_becomes_the_exit_status_and_the_farewell(number, status, capsys):
    def action() -> int:
        signal.raise_signal(number)
        time.sleep(5)
        return 0

    assert stoppable(action, "farewell") == status
    assert capsys.readouterr().err == "farewell\n"
