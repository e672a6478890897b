"""Every system call of a commit is killed, refused or held back in turn: what was reported saved is there and whole."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from zygote import KEYS, tables

from bench.store import Folder

CALLS = ("openat", "write", "fsync", "link", "linkat", "unlink", "rename", "mkdir", "chmod")
ERRORS = {
    "ENOSPC": ("openat", "write", "fsync", "link", "linkat", "mkdir"),
    "EIO": ("write", "fsync"),
    "EDQUOT": ("write",),
}


def _refuses() -> str:
    """Why system calls cannot be traced here; empty where they can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], check=False, capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"tracing is refused: {tried.stderr.strip()}"


REFUSED = _refuses()
pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.skipif(bool(REFUSED), reason=f"NOT RUN: {REFUSED}")]


class Committer:
    """Commits into a folder under strace."""

    def __init__(self) -> None:
        command, root = [sys.executable, Path(__file__).with_name("zygote.py")], Path(__file__).parents[2]
        here = {**os.environ, "PYTHONPATH": str(root)}
        self.zygote = subprocess.Popen(command, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, path: Path, *options: str) -> tuple[int, list[str], str]:
        """The exit status (negative: the signal), what was reported, and the log of system calls."""
        assert self.zygote.stdin
        assert self.zygote.stdout
        self.zygote.stdin.write(f"{path}\n")
        self.zygote.stdin.flush()
        child = int(self.zygote.stdout.readline())
        log = path.parent / f"{path.name}.log"
        trace = f"trace={','.join(CALLS)}"
        command = ["strace", "-f", "-p", str(child), "-o", str(log), "-e", trace, *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr
            while "attached" not in (line := tracer.stderr.readline()):
                assert line, "strace ended before it had attached"
            os.kill(child, signal.SIGCONT)
            status = int(self.zygote.stdout.readline())
        said = (path.parent / f"{path.name}.said").read_text().splitlines()
        return status, said, log.read_text()

    def close(self) -> None:
        with self.zygote:
            pass


@pytest.fixture(scope="module")
def committer():
    found = Committer()
    yield found
    found.close()


@pytest.fixture(scope="module")
def counts(committer, tmp_path_factory):
    """How often an undisturbed commit makes each call."""
    path = tmp_path_factory.mktemp("counts") / "folder"
    status, said, log = committer(path)
    assert status == 0
    assert said == [f"saved {key}" for key in KEYS]
    return {name: len(re.findall(rf"^\d+ +{name}\(", log, re.MULTILINE)) for name in CALLS}


def holds(path: Path, said: list[str]) -> None:
    """What was reported saved is there, and nothing in the folder is half of something."""
    folder = Folder(path)
    for line in said:
        if line.startswith("saved "):
            key = line.removeprefix("saved ")
            assert folder.has(key), f"{key} was reported saved and is not there"
    for key in folder.saved(KEYS):
        assert folder.has(key), f"{key} has its name and is not whole"
        assert folder.merged([key], "runs").to_pydict() == {
            name: column.to_pylist() for name, column in zip(["run", "loss"], tables(key)["runs"].columns, strict=True)
        }


def completes(committer, path: Path) -> None:
    """The same again, undisturbed, saves everything."""
    status, said, _ = committer(path)
    assert status == 0
    assert said[-len(KEYS) :] == [f"saved {key}" for key in KEYS]
    holds(path, said)
    assert len(Folder(path).merged(KEYS, "runs")) == 2 * len(KEYS)


def test_killed_at_every_call_nothing_that_was_reported_is_lost(committer, counts, tmp_path, points):
    """F1."""
    survived = 0
    for name in CALLS:
        for number in range(1, counts[name] + 1):
            path = tmp_path / f"{name}-{number}"
            status, said, _ = committer(path, "-e", f"inject={name}:signal=KILL:when={number}")
            assert status == -signal.SIGKILL, f"{name} {number} was not reached"
            holds(path, said)
            completes(committer, path)
            survived += 1
    assert survived == sum(counts.values()) > 30
    points("F1", sum(counts.values()), survived)


def test_refused_at_every_call_it_says_so_and_nothing_false_is_reported(committer, counts, tmp_path, points):
    """F2."""
    survived = 0
    for error, names in ERRORS.items():
        for name in names:
            for number in range(1, counts[name] + 1):
                path = tmp_path / f"{error}-{name}-{number}"
                status, said, _ = committer(path, "-e", f"inject={name}:error={error}:when={number}")
                saved = [line for line in said if line.startswith("saved")]
                assert status in (0, 1, 2)
                assert status or len(saved) == len(KEYS), "it ended well without having saved everything"
                assert (status == 2) == said[-1:][0].startswith("error: ") if said else status == 1
                holds(path, saved)
                completes(committer, path)
                survived += 1
    points("F2", sum(counts[name] for names in ERRORS.values() for name in names), survived)


def test_data_are_flushed_before_they_have_a_name_and_the_name_before_it_is_reported(committer, tmp_path, points):
    """F17."""
    _, _, log = committer(tmp_path / "folder")
    calls = re.findall(r"^\d+ +(\w+)\((?:\d+, \"(saved \w+))?", log, re.MULTILINE)
    kinds = [said or {"linkat": "link"}.get(name, name) for name, said in calls]
    order = [kind for kind in kinds if kind in ("fsync", "link") or kind.startswith("saved")]
    once = ["fsync", "link", "fsync"]
    assert order == [*once, *(step for key in KEYS for step in (*once, f"saved {key}"))]
    points("F17", len(KEYS) + 1, len(KEYS) + 1)
