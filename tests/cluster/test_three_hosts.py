"""A scheduler and two workers on three hosts, which are network namespaces of this one, with TLS between them.

Namespaces need root and iproute2, and a cut of half a minute takes its time: `make faults` runs this, and says NOT RUN
where it cannot.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from test_encrypted import certified

import bench

ROOT = Path(__file__).parents[2]
HEAD, WORKERS = "10.77.0.1", ("10.77.0.2", "10.77.0.3")
SCHEDULER = f"tls://{HEAD}:8786"
CUT = 30.0
GRID = """
[grid]
data = "iris"
model = "mlp"
depth = [1, 2]
width = {{ range = [3, {widest}] }}
learning_rate = [0.01, 0.1, 1.0]
epochs = 5
probes = "off"
"""

pytest.importorskip("distributed", reason="needs the extra `cluster`")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.skipif(os.environ.get("FAULTS") != "all", reason="takes minutes: `make faults` runs it"),
]


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Hosts:
    """Three namespaces on one bridge, and the processes in them."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.names = [f"descent{os.getpid()}-{number}" for number in range(3)]
        self.tls = {
            f"DASK_{name.upper().replace('-', '_').replace('.', '__')}": value
            for name, value in certified(folder, "own").items()
        }
        self.tls["DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP"] = "120s"  # as docs/cluster.md says

    def __enter__(self):
        head, *others = self.names
        for name in self.names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", head, "link", "add", "bridge", "type", "bridge")
        ip("-n", head, "addr", "add", f"{HEAD}/24", "dev", "bridge")
        ip("-n", head, "link", "set", "bridge", "up")
        for number, (name, address) in enumerate(zip(others, WORKERS, strict=True)):
            ip("-n", head, "link", "add", f"to{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", head, "link", "set", f"to{number}", "master", "bridge", "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        return self

    def __exit__(self, *error):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def start(self, host, module, *words, certificates=True, said=None):
        """Starts a Python module on a host, with certificates unless told otherwise."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(self.tls if certificates else {})}
        command = ["ip", "netns", "exec", self.names[host], sys.executable, "-m", module, *map(str, words)]
        with (said or self.folder / f"{module}-{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                command, env=environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def worker(self, host, **more):
        where = [
            "--host",
            WORKERS[host - 1],
            "--nthreads",
            1,
            "--no-dashboard",
            "--local-directory",
            self.folder / f"{host}",
        ]
        return self.start(host, "distributed.cli.dask_worker", SCHEDULER, *where, **more)

    def train(self, grid, out):
        """Starts the command that trains a grid on the cluster, on the host of the scheduler."""
        options = ["--dask", SCHEDULER, "--platform", "cpu", "--devices", 1, "--out", out, "--no-report"]
        return self.start(0, "bench.run", grid, *options, said=out.with_suffix(".said"))


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    missing = [name for name in ("ip", "openssl") if not shutil.which(name)]
    if missing or os.geteuid():
        pytest.skip(f"NOT RUN: needs {'root' if os.geteuid() else missing[0]}, to make three hosts of this one")
    folder = tmp_path_factory.mktemp("hosts")
    with Hosts(folder) as found:
        where = ["--host", HEAD, "--port", 8786, "--protocol", "tls", "--no-dashboard"]
        found.start(0, "distributed.cli.dask_scheduler", *where)
        for number in (1, 2):
            found.worker(number)
        yield found


def finished(hosts, process, out, widest):
    """The result of a command, which has every run once."""
    assert process.wait(300) == 0, out.with_suffix(".said").read_text()
    result = bench.load("many", out=out)
    assert len(result.runs) == len(set(result.runs["run"])) == 2 * (widest - 3) * 3
    assert set(result.runs["status"]) <= {"done", "stalled", "diverged"}
    return result


@pytest.fixture
def grid(tmp_path):
    def write(widest):
        path = tmp_path / "many.toml"
        path.write_text(GRID.format(widest=widest))
        return path

    return write


def test_three_hosts_train_a_grid(hosts, grid, tmp_path):
    out = tmp_path / "out"
    result = finished(hosts, hosts.train(grid(5), out), out, 5)
    assert Counter(result.programs["status"]) == {"done": 4}


def test_a_worker_without_a_certificate_is_refused(hosts, tmp_path):
    said = tmp_path / "said"
    process = hosts.worker(1, certificates=False, said=said)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(40)
    assert "Registered to" not in said.read_text()
    assert "TLS" in said.read_text() or "ssl" in said.read_text().lower()


def test_a_link_that_is_cut_for_half_a_minute_loses_nothing(hosts, grid, tmp_path):
    out, widest = tmp_path / "out", 15
    process = hosts.train(grid(widest), out)
    programs = out / "many" / "full" / "programs"
    while len(list(programs.glob("*.zip"))) < 2:
        assert process.poll() is None, out.with_suffix(".said").read_text()
        time.sleep(0.1)
    ip("-n", hosts.names[0], "link", "set", "to1", "down")
    time.sleep(CUT)
    assert process.poll() is None or process.returncode == 0
    ip("-n", hosts.names[0], "link", "set", "to1", "up")
    finished(hosts, process, out, widest)
    after = tmp_path / "after"
    deadline = time.monotonic() + 120
    while True:  # until the worker that was cut off is back
        result = finished(hosts, hosts.train(grid(5), after), after, 5)
        if set(result.programs["workers"]) == {2}:
            return
        assert time.monotonic() < deadline
        shutil.rmtree(after)
