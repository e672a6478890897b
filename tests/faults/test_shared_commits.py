"""Workers of a cluster that save what they train themselves: the same tables, whoever is killed on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from whole import long, numbers

from bench import run
from bench.cluster import OnDask, connected
from bench.cluster.shared import Shared
from bench.errors import InputError
from bench.gridfile import read
from bench.pipeline import run_study
from bench.planning import Settings
from bench.store import Folder, marked

pytest.importorskip("distributed", reason="needs the extra `cluster`")
pytestmark = [pytest.mark.slow, pytest.mark.faults]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster(devices):
    with connected("local:2", "cpu", 1) as found:
        yield found


@pytest.fixture(scope="module")
def trained(cluster, parts, grid):
    """Trains the grid on the cluster into a folder."""

    def train(out, commit):
        settings = Settings("full", out, [cluster.device], cluster=cluster, commit=commit)
        return run_study(read(grid), parts, settings, executor=OnDask(cluster, parts))

    return train


@pytest.fixture(scope="module")
def by_the_owner(trained, tmp_path_factory):
    return trained(tmp_path_factory.mktemp("owner"), "owner")


def test_tables_are_those_that_the_owner_saves(trained, by_the_owner, tmp_path, monkeypatch):
    commit, here = Folder.commit, []
    monkeypatch.setattr(Folder, "commit", lambda *given: (here.append(given), commit(*given))[1])
    judged = trained(tmp_path, "worker")
    assert not here  # in this process
    assert (judged.trained, judged.failed) == (8, 0)
    assert numbers(Folder(judged.folder)) == numbers(Folder(by_the_owner.folder))
    assert set(judged.evidence.programs["workers"]) == {2}
    assert not list(judged.folder.glob(".writing-*"))


def test_workers_with_another_folder_of_that_name_are_refused(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(Shared, "__new__", lambda cls, folder, mark: tuple.__new__(cls, (folder, "of another disk")))
    with pytest.raises(InputError, match=r"^--commit worker: worker tcp://127\S+ has no /\S+mine/full, or another one"):
        trained(tmp_path, "worker")
    assert not list((tmp_path / "mine" / "full" / "programs").iterdir())


def test_what_a_worker_says_to_have_saved_must_be_there_and_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.cluster.shared.SEEN", 0.2)
    (tmp_path / "programs").mkdir()
    with marked(tmp_path) as mark:
        shared = Shared(tmp_path, mark)
        assert shared.here()
        assert not shared.has("absent")
        (tmp_path / "programs" / "half.zip").write_bytes(b"PK")
        with pytest.warns(UserWarning, match="is damaged"):
            assert not shared.has("half")
    assert not shared.here()


@long
def test_an_owner_that_is_killed_leaves_what_its_workers_saved_and_goes_on(by_the_owner, grid, tmp_path, points):
    """F10, of the process that asked."""
    command = [sys.executable, "-m", "bench.run", grid, "--dask", "local:2", "--commit", "worker", "--devices", "1"]
    where = ["--out", tmp_path, "--no-report"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    folder = Folder(tmp_path / "mine" / "full")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, *where], env=environment, **quiet) as owner:
        while not list(folder.programs.glob("*.zip")):
            assert owner.poll() is None
            time.sleep(0.05)
        owner.send_signal(signal.SIGKILL)
    saved = folder.saved()
    assert saved
    again = subprocess.run([*command, *where], env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert numbers(folder) == numbers(Folder(by_the_owner.folder))
    assert not list(folder.path.glob(".writing-*"))
    points("F10", 1, 1)


def test_who_commits_is_one_of_two_and_needs_a_cluster(capsys):
    for options, said in (
        (["--commit", "worker"], "--commit worker is about the workers of a cluster"),
        (["--commit", "nobody", "--dask", "local:1"], "nobody"),
    ):
        assert run.main(["A02", *options]) == 2
        assert said in capsys.readouterr().err
