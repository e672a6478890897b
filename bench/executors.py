"""Who trains the programs of a run: this process, worker processes of this host, or the workers of a cluster."""

import contextlib
from collections.abc import Iterator

import jax

from bench.cluster import OnDask
from bench.measure import Compiler, Executor, InProcess
from bench.pipeline import Settings
from bench.spec import Parts
from bench.workers import Work, Workers, packed, shares


@contextlib.contextmanager
def executor_of(parts: Parts, settings: Settings) -> Iterator[Executor]:
    """An executor, which ends with the block.

    Args:
        parts: the registries that its programs name.
        settings: how to run; `devices`, `workers`, `cluster` and `timed` decide.

    Raises:
        InputError: more workers than devices, or parts that cannot be sent to another process.
    """
    if settings.cluster:
        yield OnDask(settings.cluster, parts)
        return
    if not settings.workers:
        yield InProcess(Compiler(parts, settings.devices), settings.timed)
        return
    own = shares(settings.workers, settings.devices)
    cache = jax.config.values["jax_compilation_cache_dir"]  # that of this process, or none
    work = Work(packed(parts), settings.devices[0].platform, own[0].devices, cache, settings.timed)
    with Workers(parts, work, own) as workers:
        yield workers
