"""What each of several worker processes gets of a host: cores and as many host devices, or devices of its own."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bench.errors import InputError


class Share(NamedTuple):
    """What one worker gets.

    Attributes:
        devices: how many of JAX's devices it spreads lanes over; as many for all workers, since they decide the last
            bit of a mean.
        cores: that it may use; empty where the system cannot tell processes apart by cores.
        environment: variables that it is started with beside those of this process.
    """

    devices: int
    cores: tuple[int, ...] = ()
    environment: Mapping[str, str] = {}


def shares(workers: int, devices: Sequence[Any]) -> list[Share]:
    """Shares out the devices that a run would spread its lanes over, and the cores that this process may use.

    Args:
        workers: how many worker processes.
        devices: JAX's devices for all workers together.

    Returns:
        A share per worker.

    Raises:
        InputError: more workers than devices, or devices that processes cannot share.
    """
    platform, there = devices[0].platform, len(devices)
    if workers < 1:
        raise InputError(f"workers = {workers}: give a number of at least 1, or leave it out.")
    if workers > there:
        raise InputError(f"--workers {workers}: there are {there} devices to share out; give at most {there}.")
    if platform not in ("cpu", "gpu"):
        raise InputError(f"--workers {workers}: one process holds all devices of a {platform}; leave it out.")
    each = there // workers
    if platform == "gpu":
        known = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        names = known or [str(number) for number in range(there)]
        groups = [names[worker * each : (worker + 1) * each] for worker in range(workers)]
        return [Share(each, (), {"CUDA_VISIBLE_DEVICES": ",".join(group)}) for group in groups]
    return [Share(each, own) for own in core_groups(workers)]


def core_groups(workers: int, most: int | None = None) -> list[tuple[int, ...]]:
    """The cores of each worker, as many for each, since they decide the last bits of large matrix products.

    Cores that are left over are left alone. Where there are more workers than cores, they take turns on them.

    Args:
        workers: how many.
        most: cores of a worker; its share of them unless given.
    """
    if not hasattr(os, "sched_getaffinity"):
        return [()] * workers
    cores = sorted(os.sched_getaffinity(0))
    each = max(1, min(len(cores) // workers, most or len(cores)))
    return [tuple(cores[worker * each % len(cores) :][:each]) for worker in range(workers)]
