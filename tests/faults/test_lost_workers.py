"""Workers that die, stall or run out of memory, signals at random times, and the memory of many programs."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from whole import KILLS, long, numbers

from bench.measure import Compiler, InProcess
from bench.pipeline import run_study
from bench.planning import Settings
from bench.spec import Grid
from bench.store import Folder
from bench.workers import Work, Workers, packed, pool, shares

pytestmark = [pytest.mark.faults, pytest.mark.slow]
WIDTHS = (2, 3, 4, 5, 6, 7)
LOOK = {"data": "iris", "model": "mlp", "depth": 1, "epochs": 5, "seed": [0, 1], "learning_rate": [0.01, 0.1]}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def suffering(parts, trial, devices, tmp_path):
    """Trains a grid with one worker that suffers something as it compiles program `victim`, so many times."""
    sgd, here = parts.methods["sgd"], os.getpid()
    grids = [Grid(LOOK | {"width": width, "optimizer": f"sgd{width}"}) for width in WIDTHS]

    def run(victim, act, times, least=60.0):
        path, own = tmp_path / f"acted-{victim}", parts
        for width in WIDTHS:

            def compiled(hyper, width=width):
                if os.getpid() != here and width == victim:
                    with path.open("a") as file:
                        file.write("x")
                    if path.stat().st_size <= times:
                        act()
                return sgd.make(hyper)

            own = own.added("methods", f"sgd{width}", sgd._replace(make=compiled))
        settings = Settings("quick", tmp_path / f"out-{victim}", devices[:1])
        work = Work(packed(own), "cpu", 1, None, False)
        with Workers(own, work, shares(1, devices[:1]), least=least) as workers:
            judged = run_study(trial(*grids), own, settings, executor=workers)
        return judged, own

    return run


@pytest.mark.filterwarnings("ignore:program .* is tried again")
def test_a_worker_that_dies_on_any_program_costs_that_program_alone(suffering, points):
    """F10."""
    chosen = WIDTHS if KILLS > 2 else WIDTHS[::5]
    survived = 0
    for number, width in enumerate(chosen):
        death = (signal.SIGKILL, signal.SIGSEGV)[number % 2]
        judged, _ = suffering(width, lambda death=death: os.kill(os.getpid(), death), 1000)
        assert (judged.trained, judged.failed) == (len(WIDTHS), 1)
        found = judged.evidence.runs.groupby("width", observed=True)["status"].agg(lambda own: set(map(str, own)))
        assert found.pop(width) == {"crashed"}
        assert all("crashed" not in own for own in found)
        survived += 1
    points("F10", len(chosen), survived)


@long
@pytest.mark.filterwarnings("ignore:program .* is tried again")
def test_a_worker_that_is_stopped_past_its_time_is_replaced_and_the_numbers_are_those_of_others(
    suffering, trial, devices, tmp_path, points, monkeypatch
):
    """F11."""
    monkeypatch.setattr(pool, "SLOWER", 0.0)
    began = time.monotonic()
    judged, own = suffering(4, lambda: os.kill(os.getpid(), signal.SIGSTOP), 1, least=20)
    assert time.monotonic() - began > 20
    assert (judged.trained, judged.failed) == (len(WIDTHS), 0)
    grids = [Grid(LOOK | {"width": width, "optimizer": f"sgd{width}"}) for width in WIDTHS]
    settings = Settings("quick", tmp_path / "undisturbed", devices[:1])
    executor = InProcess(Compiler(own, devices[:1]))
    assert numbers(Folder(judged.folder)) == numbers(
        Folder(run_study(trial(*grids), own, settings, executor=executor).folder)
    )
    points("F11", 1, 1)


@long
@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: the limit on memory is that of Linux")
@pytest.mark.filterwarnings("ignore:program .* is tried again")
def test_a_program_for_which_memory_runs_out_is_said_and_the_rest_completes(suffering, points, say):
    """F13; that a program is refused beforehand where its estimate is above what there is, is said elsewhere."""

    def starve():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))

    judged, _ = suffering(3, starve, 1000)
    assert (judged.trained, judged.failed) == (len(WIDTHS), 1)
    (error,) = judged.evidence.programs.query("status == 'crashed'")["error"]
    assert error
    say(f"a worker that may not have the memory: {error}")
    points("F13", 1, 1)


@long
def test_signals_at_random_times_end_the_command_and_its_worker_and_it_goes_on(
    forge, command, same, chance, points, tmp_path
):
    """F5."""
    out, said = tmp_path / "out", tmp_path / "said"
    numbers_ = (signal.SIGINT, signal.SIGTERM)
    stopped = 0
    for number in numbers_ * max(1, KILLS // 10):
        workers = ["--workers", "1"] if stopped % 2 else []
        child = forge.start([*command(out), *workers], said)
        time.sleep(chance.uniform(1, 6))
        os.kill(child, number)
        status, words = forge.wait(child)
        assert status in (0, 128 + number), words
        if status:
            assert words.splitlines()[-1].startswith("stopped: what was saved is kept. To go on: python -m bench.run ")
        stopped += 1
    assert forge(command(out), said)[0] == 0
    same(out)
    points("F5", stopped, stopped)


MANY = """
import sys
from bench import train
from bench.measure import Compiler, InProcess, compiler
from bench.parts import Catalogue, default_parts
from bench.plan import plan
from bench.spec import Grid

compiler.FORGET //= 10  # as if there were ten times as many
devices, parts = train.configure(devices=1), default_parts()
catalogue = Catalogue(parts)
axes = {"data": "iris", "model": "mlp", "depth": 1, "width": list(range(2, 102)), "steps": [1, 2, 3, 4, 5]}
programs = plan([Grid({**axes, "probes": "off"})], catalogue.describe, "x").programs
assert len(programs) == 500

def kilobytes():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])

found = InProcess(Compiler(parts, devices))(programs, lambda program: catalogue.tables(program.static, [0]))
for number, done in enumerate(found, 1):
    assert not done.error, done.error
    if number % 50 == 0:
        print(kilobytes(), flush=True)
"""


@long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="NOT RUN: no /proc to read memory from")
def test_memory_levels_off_over_500_programs(points, say):
    """F15: the last 250 of 500 programs, three executables for five of them, add at most a twentieth.

    Memory is given back after a number of programs that needed something new, and rises between.
    """
    here = {**os.environ, "PYTHONPATH": str(ROOT), "DESCENTBENCH_CACHE": "off"}
    done = subprocess.run([sys.executable, "-c", MANY], env=here, capture_output=True, text=True, check=True)
    sizes = [int(line) for line in done.stdout.split()]
    say(f"resident memory after 50, 100, ... 500 programs: {', '.join(f'{size / 1024:.0f}' for size in sizes)} MiB")
    assert len(sizes) == 10
    assert max(sizes[5:]) < 1.05 * max(sizes[:5])
    points("F15", 1, 1)
