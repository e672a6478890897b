"""What each worker gets of a host."""

from types import SimpleNamespace

import pytest

from bench.errors import InputError
from bench.workers import shares
from bench.workers.shares import core_groups


def some(count, platform="cpu"):
    return [SimpleNamespace(platform=platform) for _ in range(count)]


@pytest.fixture
def cores(monkeypatch):
    def have(*numbers):
        monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(numbers), raising=False)

    return have


def test_every_worker_has_as_many_cores_of_its_own_and_as_many_devices(cores):
    cores(0, 1, 2, 4, 6)
    found = shares(2, some(5))
    assert [share.cores for share in found] == [(0, 1), (2, 4)]
    assert [share.devices for share in found] == [2, 2]


def test_workers_have_no_more_cores_than_they_may(cores):
    cores(0, 1, 2, 4)
    assert core_groups(1, 1) == [(0,)]
    assert core_groups(2, 1) == [(0,), (1,)]
    assert core_groups(2, 3) == [(0, 1), (2, 4)]


def test_workers_take_turns_on_cores_where_there_are_more_of_them(cores):
    cores(3, 5)
    assert [share.cores for share in shares(3, some(4))] == [(3,), (5,), (3,)]


def test_one_worker_gets_everything(cores):
    cores(3, 1)
    assert shares(1, some(2)) == [(2, (1, 3), {})]


def test_without_affinity_there_are_devices_alone(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert shares(2, some(4)) == [(2, (), {}), (2, (), {})]


@pytest.mark.parametrize(("visible", "groups"), [("", ["0,1", "2,3"]), ("4,5,7,6", ["4,5", "7,6"])])
def test_each_worker_sees_its_own_gpus(visible, groups, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [share.environment["CUDA_VISIBLE_DEVICES"] for share in shares(2, some(4, "gpu"))] == groups


@pytest.mark.parametrize(
    ("workers", "devices", "message"),
    [
        (3, some(2), "--workers 3: there are 2 devices to share out; give at most 2."),
        (0, some(2), "workers = 0: give a number of at least 1"),
        (2, some(4, "tpu"), "--workers 2: one process holds all devices of a tpu; leave it out."),
    ],
)
def test_what_cannot_be_shared_is_refused(workers, devices, message):
    with pytest.raises(InputError, match=message):
        shares(workers, devices)
