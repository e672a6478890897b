"""The command under kills, full disks, other users, many processes and jumping clocks: the same numbers."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from forge import Forge
from whole import ALL, KILLS, long

from bench.store import Folder

pytestmark = [pytest.mark.faults, pytest.mark.slow]
NOBODY = 65534


def test_killed_in_training_at_random_times_the_same_command_goes_on(
    forge, command, same, chance, points, tmp_path, say
):
    """F4."""
    out, kills, rounds = tmp_path / "out", 0, 0
    longest = _seconds(forge, command, tmp_path / "first")
    while kills < KILLS:
        child = forge.start(command(out), tmp_path / "said")
        time.sleep(chance.uniform(0.2, longest))
        os.kill(child, signal.SIGKILL)
        status, said = forge.wait(child)
        assert status in (0, -signal.SIGKILL), said
        if status == 0:
            same(out)
            shutil.rmtree(out)
            rounds += 1
        else:
            kills += 1
    assert forge(command(out), tmp_path / "said")[0] == 0
    same(out)
    say(f"killed {kills} times, completed {rounds + 1} times")
    points("F4", kills, kills)


def _seconds(forge, command, out: Path) -> float:
    start = time.perf_counter()
    assert forge(command(out), out.with_suffix(".said"))[0] == 0
    return time.perf_counter() - start


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """A file system of 160 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "none", place], check=False)
    if mounted.returncode:
        pytest.skip("NOT RUN: mounting a small file system is refused")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_really_full_disk_is_named_with_its_bytes_and_more_room_goes_on(forge, command, same, points, small):
    """F3."""
    status, said = forge(command(small), small.with_suffix(".said"))
    assert status == 2
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert f"cannot write {small}/mine/full/" in line
    assert " bytes): No space left on device. What was saved before is kept: make room" in line
    folder = Folder(small / "mine" / "full")
    saved = folder.saved()
    assert saved
    assert all(folder.has(key) for key in saved)
    subprocess.run(["mount", "-o", "remount,size=100m", small], check=True)
    assert forge(command(small), small.with_suffix(".said"))[0] == 0
    same(small)
    points("F3", 1, 1)


@pytest.fixture
def public(grid) -> Iterator[Path]:
    """A folder that everybody may read, with the grid; the temporary folders of pytest are private."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        shutil.copy(grid, place)
        for own in ("cache", "said"):
            (place / own).mkdir()
            os.chown(place / own, NOBODY, NOBODY)
        yield place


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: only root can become another user")
@pytest.mark.parametrize("there", ["nothing", "results"])
def test_a_read_only_folder_is_refused_before_anything_is_compiled(there, forge, command, undisturbed, points, public):
    """F7, as an ordinary user."""
    out, cache = public / "out", public / "cache"
    out.mkdir()
    if there == "results":
        shutil.copytree(undisturbed.path, out / "mine" / "full")
        next((out / "mine" / "full" / "programs").iterdir()).unlink()  # something is left to do
    before = sorted(out.rglob("*"))
    own = {"DESCENTBENCH_CACHE": str(cache)}
    child = forge.start([public / "mine.toml", *command(out)[1:]], public / "said" / "words", own, NOBODY)
    status, said = forge.wait(child)
    assert status == 2, said
    assert said.count("\n") == 1
    assert said.startswith(f"error: cannot write {out}")
    assert "Permission denied" in said
    assert sorted(out.rglob("*")) == before
    assert not [path for path in cache.rglob("*") if path.is_file()]
    points("F7", 1, 1)


@pytest.mark.parametrize("processes", [2, 8] if ALL else [2])
def test_processes_that_share_a_folder_save_each_program_once(processes, forge, command, same, points, tmp_path):
    """F8."""
    out = tmp_path / "out"
    children = [forge.start([*command(out), "--json"], tmp_path / f"{n}.said") for n in range(processes)]
    for child in children:
        status, said = forge.wait(child)
        assert status == 0, said
        events = [json.loads(line) for line in said.splitlines()]
        assert not {event["event"] for event in events} & {"warning", "error"}
    same(out)
    points("F8", processes, processes)


@long
@pytest.mark.skipif(not shutil.which("faketime"), reason="NOT RUN: faketime is not installed")
def test_a_clock_that_jumps_changes_no_number_and_no_duration(forge, command, same, points, tmp_path):
    """F12: years back and forth, every other second."""
    out, clock = tmp_path / "out", tmp_path / "clock"
    clock.write_text("+0")
    environment = {**forge.environment, "FAKETIME_TIMESTAMP_FILE": str(clock)}
    environment |= {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    preload = subprocess.run(["faketime", "now", "printenv", "LD_PRELOAD"], check=True, capture_output=True, text=True)
    environment["LD_PRELOAD"] = preload.stdout.strip()
    arguments = [sys.executable, "-m", "bench.run", *map(str, command(out)), "--json"]
    over, jumps = threading.Event(), 0

    def jump() -> None:
        nonlocal jumps
        while not over.wait(2):
            jumps += 1
            fresh = clock.with_suffix(".new")
            fresh.write_text(("-20y", "+0", "+20y")[jumps % 3])
            fresh.replace(clock)

    thread, start = threading.Thread(target=jump), time.perf_counter()
    thread.start()
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, env=environment, cwd=tmp_path)
    elapsed = time.perf_counter() - start
    over.set()
    thread.join()
    assert done.returncode == 0, done.stderr
    same(out)
    programs = Folder(out / "mine" / "full").merged(Folder(out / "mine" / "full").saved(), "programs").to_pandas()
    seconds = programs[[name for name in programs if name.endswith("_seconds") and not name.startswith("estimated")]]
    assert (seconds.to_numpy() >= 0).all()
    assert seconds["run_seconds"].sum() < elapsed
    assert 0 < json.loads(done.stdout.splitlines()[-1])["seconds"] < elapsed
    assert jumps > 2
    points("F12", jumps, jumps)


@long
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_poisoned_compile_cache_is_said_once_mended_and_changes_no_number(harm, command, same, points, tmp_path):
    """F16."""

    def said(forge: Forge, name: str) -> list[str]:
        status, text = forge([*command(tmp_path / name), "--json"], tmp_path / f"{name}.said")
        assert status == 0, text
        same(tmp_path / name)
        events = [json.loads(line) for line in text.splitlines()]
        return [event["message"] for event in events if event["event"] == "warning"]

    with Forge(tmp_path / "cache") as forge:
        assert said(forge, "first") == []
        entries = [path for path in (tmp_path / "cache").rglob("*-cache") if path.is_file()]
        for path in entries:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data[: len(data) // 2] if harm == "cut" else data)
        (message,) = said(forge, "poisoned")
        assert re.match(r"the compile cache had \d+ damaged entries, which are removed and compiled anew\.", message)
        assert said(forge, "after") == []
    points("F16", len(entries), len(entries))
