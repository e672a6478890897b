"""A scheduler that speaks TLS alone: it serves who has a certificate of its authority, and nobody else."""

import os
import shutil
import subprocess
import sys

import pytest

from bench.cluster import OnDask, connected
from bench.cluster.connect import LOCAL
from bench.errors import InputError
from bench.parts import Catalogue
from bench.plan import plan
from bench.spec import Grid

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl, to make certificates"),
]


def certified(folder, name):
    """Settings of Dask with a certificate that is its own authority, for scheduler, workers and clients."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run(["openssl", "req", *options, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = "distributed.comm.tls"
    roles = {f"{tls}.{role}.{what}": str(path) for role in ("client", "scheduler", "worker")
             for what, path in (("cert", certificate), ("key", key))}  # fmt: skip
    return {f"{tls}.ca-file": str(certificate), "distributed.comm.timeouts.connect": "10s", **roles}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return certified(tmp_path_factory.mktemp("foreign"), "foreign")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory, devices):
    """The address of a scheduler with one worker; its certificates are those of this process."""
    from dask import config  # noqa: PLC0415

    with config.set(certified(tmp_path_factory.mktemp("own"), "own")), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESCENTBENCH_CACHE", "off")
        security = distributed.Security(require_encryption=True)
        with distributed.LocalCluster(n_workers=1, protocol="tls", security=security, **LOCAL) as cluster:
            yield cluster.scheduler_address


def test_who_has_a_certificate_trains(scheduler, parts):
    assert scheduler.startswith("tls://")
    catalogue = Catalogue(parts)
    grid = Grid({"data": "iris", "model": "softmax", "steps": 2, "learning_rate": [0.1, 0.2]})
    programs = plan([grid], catalogue.describe, parts.hash).programs
    with connected(scheduler, "cpu", 1) as cluster:
        (done,) = OnDask(cluster, parts)(programs, lambda p: catalogue.tables(p.static, p.lanes["seed"]))
    assert not done.error


def test_a_client_of_another_authority_is_refused(scheduler, foreign):
    from dask import config  # noqa: PLC0415

    with config.set(foreign), pytest.raises(InputError, match="no scheduler answers"), connected(scheduler):
        pass


def test_a_worker_of_another_authority_is_refused(scheduler, foreign, tmp_path):
    variables = {f"DASK_{name.upper().replace('-', '_').replace('.', '__')}": value for name, value in foreign.items()}
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--no-dashboard", "--no-nanny"]
    done = subprocess.run(
        [*command, "--death-timeout", "8", "--local-directory", tmp_path],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Registered to" not in done.stderr
    with connected(scheduler) as cluster:
        assert len(cluster.client.nthreads()) == 1
