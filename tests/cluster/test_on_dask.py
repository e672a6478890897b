"""Programs trained by workers of a cluster: the same numbers, nothing lost and nothing twice, whatever dies."""

import ctypes
import dataclasses
import inspect
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

import jax.numpy as jnp
import optax
import pytest

import bench
from bench.cluster import connect, executor, patience, rate, worker
from bench.errors import InputError
from bench.measure import Compiler, execute
from bench.parts import Catalogue
from bench.pipeline import run_study
from bench.plan import Room, memory_of, plan
from bench.planning import Settings
from bench.spec import Grid
from bench.store import Folder

ROOT = Path(__file__).parents[2]

KilledWorker = pytest.importorskip("distributed", reason="needs the extra `cluster`").KilledWorker
pytestmark = pytest.mark.slow

LOOK = {"data": "iris", "steps": 3, "probes": "norms"}
GRID = Grid({**LOOK, "model": "mlp", "depth": [1, 2, 3], "width": 4, "batch_size": 16, "learning_rate": [0.01, 0.1]})


@pytest.fixture(scope="module")
def cluster(devices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESCENTBENCH_CACHE", "off")
        with connect.connected("local:2", "cpu", 1) as found:
            yield found


def test_a_worker_of_one_device_has_one_core():
    with connect.connected("local:1", "cpu", 1) as found:
        assert [len(cores) for cores in found.workplace.cores] == [1]
        (affinity,) = found.client.run(lambda: len(os.sched_getaffinity(0))).values()
        assert affinity == 1
        assert set(found.client.run(looks).values()) == {1000}


def looks(dask_worker):
    """Milliseconds from one look of a worker at itself to the next."""
    return dask_worker.periodic_callbacks["tick"].callback_time


def _faults(size=8 << 20, times=50):
    """Pages that the system had to find for a buffer that is freed and asked for again and again, in a thread."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(times):
        buffer = libc.malloc(size)
        ctypes.memset(buffer, 1, size)
        libc.free(buffer)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: memory that glibc keeps")
def test_a_worker_keeps_the_memory_of_a_step_for_the_next_one(cluster):
    pages, times = (8 << 20) // resource.getpagesize(), 50
    assert max(cluster.client.run(_faults).values()) < 10 * pages
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}
    code = f"import ctypes, resource\n{inspect.getsource(_faults)}\nprint(_faults())"
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(said.stdout) > times * pages / 2, "glibc has learnt to keep it: `heap.keep` is not needed any more"


def planned(parts, *grids):
    catalogue = Catalogue(parts)
    programs = plan(grids, catalogue.describe, parts.hash).programs
    return programs, lambda program: catalogue.tables(program.static, program.lanes["seed"])


def arrays(outcome):
    kinds = dataclasses.asdict(outcome)
    return {(kind, name): array for kind in kinds for name, array in kinds[kind].items()}


def test_tables_are_those_of_this_process_bit_for_bit(cluster, parts, devices):
    programs, tables = planned(parts, GRID)
    here = {done.program.key: done.outcome for done in execute(programs, tables, Compiler(parts, devices[:1]))}
    there = {done.program.key: done.outcome for done in executor.OnDask(cluster, parts)(programs, tables)}
    assert set(here) == set(there)
    for key, outcome in here.items():
        mine, theirs = arrays(outcome), arrays(there[key])
        assert set(mine) == set(theirs)
        for name, array in mine.items():
            assert array.tobytes() == theirs[name].tobytes(), name


def lethal(parts, path, times):
    """Parts with an activation that kills the process that builds it, so many times."""

    def relu(z):
        with path.open("a") as file:
            file.write("begun\n")
        if path.read_text().count("begun") <= times:
            time.sleep(1)  # until its nanny knows that it has started, which real programs take longer than
            os.kill(os.getpid(), 9)
        return jnp.maximum(z, 0)

    return parts.added("activations", "lethal", parts.activations["relu"]._replace(apply=lambda z, c: relu(z)))


def trained(cluster, parts, tmp_path, times):
    parts = lethal(parts, tmp_path / "begun", times)
    deadly = dataclasses.replace(GRID, axes={**GRID.axes, "depth": 2, "activation": "lethal"})
    programs, tables = planned(parts, GRID, deadly)
    found = list(executor.OnDask(cluster, parts)(programs, tables))
    assert Counter(done.program.key for done in found) == Counter(program.key for program in programs)
    return {done.program.static["activation"]: done for done in found}, found


def test_a_worker_that_dies_is_replaced_and_its_program_is_tried_again(cluster, parts, tmp_path):
    _, found = trained(cluster, parts, tmp_path, times=1)
    assert [done.error for done in found] == [""] * 4


def test_a_program_that_kills_its_workers_is_given_up_and_the_others_are_done(cluster, parts, tmp_path):
    by_activation, found = trained(cluster, parts, tmp_path, times=99)
    assert by_activation["lethal"].error == "3 workers died while they trained it"
    assert by_activation["lethal"].outcome is None
    assert sum(bool(done.error) for done in found) == 1
    assert patience.TRIES <= (tmp_path / "begun").read_text().count("begun") <= patience.TRIES + 1


class Deadly:
    """A client whose workers die under the n-th longest program so many times, and train it at once otherwise."""

    status = "running"

    def __init__(self, *deaths):
        self.deaths, self.met, self.begun = list(deaths), {}, Counter()

    def nthreads(self):
        return {"a worker": 1}

    def subscribe_topic(self, topic, handler):
        self.said = handler

    def unsubscribe_topic(self, topic): ...

    def cancel(self, futures, force): ...

    def submit(self, work, *arguments, key, **_):
        future = Future()
        future.key, future.status = key, "finished"
        if work is list:
            return future
        program = arguments[1]
        place = self.met.setdefault(program.key, len(self.met))
        self.begun[place] += 1
        self.said((0.0, program.key))
        if self.begun[place] <= self.deaths[place]:
            future.set_exception(KilledWorker(key, None, 3))
        else:
            future.set_result(worker.Trained(None, None, ""))
        return future


@pytest.mark.parametrize(
    ("deaths", "begun", "errors"),
    [
        ((99, 0, 0), 3, ["3 workers died while they trained it"]),
        ((3, 2, 2), 4, []),  # is put aside after three, until it is known that others die as well
        ((99, 1, 1), patience.MOST, [f"{patience.MOST} workers died while they trained it"]),
    ],
)
def test_a_program_is_given_up_for_more_deaths_than_others_have(parts, deaths, begun, errors):
    client = Deadly(*deaths)
    job = worker.Job(worker.Workplace(), {}, None, "a topic of this test")
    programs, tables = planned(parts, GRID)
    found = list(executor._Flight(client, job, tables).all(programs))
    assert client.begun[0] == begun
    assert [done.error for done in found if done.error] == errors
    assert Counter(done.program.key for done in found) == Counter(program.key for program in programs)


def test_a_beginning_too_many_ends_a_program_unless_others_have_died_as_often_meanwhile(parts):
    client, future = Deadly(), Future()
    future.status = "pending"
    (program, *_), tables = planned(parts, GRID)
    flight = executor._Flight(client, worker.Job(worker.Workplace(), {}, None, "a topic"), tables)
    for innocent, flying, doubted in ((1, {"its name"}, []), (0, set(), [program])):
        flight.flying["its name"] = future, program
        flight.patience = patience.Patience(Counter({program.key: patience.TRIES + 1}), back=1, innocent=innocent)
        assert flight._landed("its name") is None
        assert set(flight.flying) == flying
        assert list(flight.doubted) == doubted


def test_few_programs_are_under_way_however_many_there_are(cluster, parts, monkeypatch):
    monkeypatch.setattr(executor, "LEAST", 3)
    monkeypatch.setattr(executor, "AHEAD", 1)
    many = Grid({**LOOK, "model": "softmax", "learning_rate": 0.1, "steps": [*range(1, 7)]})
    programs, tables = planned(parts, many)
    sent = []

    def counted(program):
        sent.append(program)
        return tables(program)

    for number, _ in enumerate(executor.OnDask(cluster, parts, rate.nothing)(programs, counted)):
        assert len(sent) - number <= 3
    assert [program.seconds for program in sent] == sorted((p.seconds for p in programs), reverse=True)


def test_what_raises_on_a_worker_is_said_and_the_others_go_on(cluster, parts):
    def make(hyper):
        raise NotImplementedError("no such hardware")

    parts = parts.added("methods", "broken", parts.methods["sgd"]._replace(make=make))
    both = Grid({**LOOK, "model": "softmax", "optimizer": ["broken", "sgd"], "learning_rate": 0.1})
    found = list(executor.OnDask(cluster, parts)(*planned(parts, both)))
    assert sorted(done.error for done in found) == ["", "NotImplementedError: no such hardware"]


def test_a_caller_that_stops_early_leaves_nothing_behind(cluster, parts):
    found = executor.OnDask(cluster, parts)(*planned(parts, GRID))
    next(found)
    found.close()
    deadline = time.monotonic() + 10
    while any(cluster.client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(cluster.client.processing().values())
    assert len(list(executor.OnDask(cluster, parts)(*planned(parts, GRID)))) == 3


def test_a_program_that_cannot_be_split_until_it_fits_is_refused_with_its_size(cluster, parts):
    programs, tables = planned(parts, GRID)
    huge = dataclasses.replace(programs[0], working_set=10**13)
    with pytest.raises(
        InputError, match=r"2 runs, 2 computed together\) needs about 20000.0 GB, and the smallest worker has "
    ):
        executor.OnDask(cluster, parts)([*programs, huge], tables)


def test_workers_say_how_much_memory_they_have(cluster):
    limits = [own["memory_limit"] for own in cluster.client.scheduler_info()["workers"].values()]
    assert 0 < cluster.room.bytes < min(limits)
    assert cluster.room.devices == 1


def test_programs_larger_than_a_worker_are_split_and_every_run_is_there(cluster, parts, trial, tmp_path):
    study = trial(dataclasses.replace(GRID, axes={**GRID.axes, "learning_rate": [0.01, 0.02, 0.1], "lanes": 1}))
    largest = max(memory_of(program, 1) for program in planned(parts, *study.grids("quick", None))[0])
    tight = dataclasses.replace(cluster, room=Room(largest - 1, 1))
    found = []
    for number, own in enumerate((cluster, tight)):
        settings = Settings("quick", tmp_path / str(number), [own.device], cluster=own)
        found.append(run_study(study, parts, settings, executor=executor.OnDask(own, parts)))
    whole, split = found
    assert (whole.programs, whole.runs, split.runs) == (3, 9, 9)
    assert split.programs > 3
    axes = ["depth", "learning_rate"]
    numbers = [one.evidence.runs.sort_values(axes)["final_train_loss"].tolist() for one in found]
    assert numbers[0] == numbers[1]


def test_workers_of_other_versions_are_refused_with_both(cluster, monkeypatch):
    here = connect.facts_here()
    monkeypatch.setattr(connect, "facts_here", lambda: {**here, "jax": "0.0.1"})
    with pytest.raises(InputError, match=rf"worker tcp://127.0.0.1:\d+ has jax {here['jax']} instead of 0.0.1"):
        connect.checked(cluster.client, cluster.workplace)


def test_a_worker_that_joins_late_with_other_versions_is_left_out(cluster, parts, tmp_path):
    from distributed import Event  # noqa: PLC0415

    fake = tmp_path / "optax-9.9.9.dist-info"
    fake.mkdir()
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: optax\nVersion: 9.9.9\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.client.scheduler.address]
    bare = dataclasses.replace(cluster, workplace=dataclasses.replace(cluster.workplace, cores=()))
    many = Grid({**LOOK, "model": "softmax", "learning_rate": 0.1, "steps": [*range(1, 7)]})
    refused = f"refused-{os.urandom(4).hex()}"

    def in_turn(job, program, tables):
        """Holds those who may train until the other one has been asked."""
        found = worker.train(job, program, tables)
        said = Event(refused)
        if isinstance(found, worker.Refused):
            said.set()
        else:
            assert said.wait("60s")
        return found

    options = ["--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path)]
    with subprocess.Popen([*command, *options], env=environment, cwd=tmp_path) as other:
        try:
            cluster.client.wait_for_workers(3, timeout=60)
            with pytest.warns(UserWarning, match="left out: it has optax 9.9.9 instead of"):
                found = list(executor.OnDask(bare, parts, in_turn)(*planned(parts, many)))
            assert [done.error for done in found] == [""] * 6
        finally:
            other.kill()


def test_a_scheduler_that_is_gone_ends_it_with_a_word_on_how_to_go_on(parts, tmp_path):
    from dask import config  # noqa: PLC0415

    file = tmp_path / "scheduler.json"
    where = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    joining = ["--scheduler-file", str(file), "--no-dashboard", "--nthreads", "1", "--local-directory", str(tmp_path)]
    dask = [sys.executable, "-m", "distributed.cli."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DESCENTBENCH_CACHE": "off"}
    with (
        config.set({"distributed.comm.timeouts.connect": "5s"}),
        subprocess.Popen([*dask[:2], f"{dask[2]}dask_scheduler", *where], env=environment, cwd=tmp_path) as scheduler,
        subprocess.Popen([*dask[:2], f"{dask[2]}dask_worker", *joining], env=environment, cwd=tmp_path) as other,
    ):
        try:
            while not file.exists():
                time.sleep(0.1)
            with connect.connected(str(file), "cpu", 1) as cluster:
                found = executor.OnDask(cluster, parts)(*planned(parts, GRID))
                next(found)
                scheduler.kill()
                with pytest.raises(InputError, match="the scheduler is gone; what was saved is kept"):
                    list(found)
        finally:
            other.kill()
            scheduler.kill()


def test_a_grid_in_python_is_trained_by_the_workers_of_a_client(cluster, tmp_path):
    axes = {**LOOK, "model": "softmax", "learning_rate": [0.1, 0.2]}
    optimizers = {"half": lambda learning_rate: optax.sgd(learning_rate / 2)}
    own = bench.run_grid(
        {**axes, "optimizer": "half"}, out=tmp_path, client=cluster.client, optimizers=optimizers, platform="cpu"
    )
    plain = bench.run_grid({**axes, "learning_rate": [0.05, 0.1]}, out=tmp_path)
    assert set(own["programs"]["workers"]) == {2}
    assert own["runs"]["final_train_loss"].tolist() == pytest.approx(plain["runs"]["final_train_loss"].tolist())


def test_in_python_too_workers_save_what_they_train(cluster, tmp_path, monkeypatch):
    here, axes = [], {**LOOK, "model": "softmax", "learning_rate": [0.1, 0.2]}
    monkeypatch.setattr(Folder, "commit", lambda *given: here.append(given))
    found = bench.run_grid(axes, out=tmp_path, client=cluster.client, commit="worker", platform="cpu")
    assert len(found["runs"]) == 2
    assert not here  # in this process
