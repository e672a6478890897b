"""`python -m bench.cluster.rate`: how many programs a second pass through a cluster and are committed.

$ python -m bench.cluster.rate --dask local:2 --programs 10000

The workers train nothing: they return arrays of the size that is asked for at once, so that what is measured is the way
there and back. Says programs per second, with and without committing them, the memory of this process after each
tenth, and whether every program came back once. The seconds per program are what `python -m bench.simulate` takes.
"""

import dataclasses
import hashlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    from bench.cluster import Cluster
    from bench.cluster.worker import Job, Trained
    from bench.measure import Executed
    from bench.spec import Program, Table

CURVES = ("train_loss", "gradient_norm")
"""Of a program of this command, beside what every run has; each is a number per run and checkpoint."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the command."""

    dask: Annotated[str, tyro.conf.arg(metavar="local:N|ADDRESS|FILE", help_behavior_hint="")] = "local:2"
    """Workers: local:2 for two of this host."""
    programs: Annotated[int, tyro.conf.arg(metavar="N", help_behavior_hint="")] = 10_000
    """How many programs (10000)."""
    lanes: Annotated[int, tyro.conf.arg(metavar="N", help_behavior_hint="")] = 64
    """Runs of each (64)."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _measure, arguments, "cluster.rate", __doc__)


def nothing(job: "Job", program: "Program", tables: "Sequence[Table]") -> "Trained":
    """What a worker does here: arrays of a program's size, without training."""
    import numpy as np

    from bench.cluster.worker import Trained
    from bench.spec import Ledger, Outcome

    shape = (program.width, len(program.checkpoints))
    runs = {name: np.full(program.width, -1) for name in ("first_bad_step", "stop_step")}
    curves = {name: np.full(shape, float(position), np.float32) for position, name in enumerate(CURVES)}
    zeros: dict[str, Any] = {field.name: 0 for field in dataclasses.fields(Ledger)}
    return Trained(Outcome(runs, curves, {}, {}), Ledger(**zeros), "")


def programs_of(count: int, lanes: int) -> "tuple[list[Program], list[Table]]":
    """So many small programs of different names, and their rows."""
    import numpy as np

    from bench.parts import Catalogue, default_parts
    from bench.plan import plan
    from bench.spec import Grid

    parts = default_parts()
    catalogue = Catalogue(parts)
    rates = np.geomspace(1e-3, 1.0, lanes).tolist() if lanes > 1 else 0.1
    grid = Grid({"data": "iris", "model": "softmax", "steps": 10, "checkpoints": 1, "learning_rate": rates})
    (one,) = plan([grid], catalogue.describe, parts.hash).programs
    keys = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(count))
    return [dataclasses.replace(one, key=key) for key in keys], catalogue.tables(one.static, [0])


def _measure(options: Options) -> int:
    from bench.cluster import connected

    if options.programs < 1 or options.lanes < 1:
        raise InputError("--programs and --lanes take a number of at least 1.")
    with connected(options.dask) as cluster, tempfile.TemporaryDirectory() as folder:
        seen: Counter[str] = Counter()
        bare = _seconds(cluster, options, seen, None)
        whole = _seconds(cluster, options, seen, Path(folder))
        right = len(seen) == options.programs and set(seen.values()) == {2}
    print(f"{bare / options.programs * 1e3:.2f} ms per program there and back, {options.programs / bare:,.0f} a second")
    print(
        f"{whole / options.programs * 1e3:.2f} ms per program committed, too, {options.programs / whole:,.0f} a second"
    )
    print("every program came back once" if right else "PROGRAMS WERE LOST OR CAME TWICE")
    return 0 if right else 1


def _seconds(cluster: "Cluster", options: Options, seen: "Counter[str]", folder: Path | None) -> float:
    from bench.store import Folder, program_tables

    store = Folder(folder) if folder else None
    if store:
        store.programs.mkdir()
    start, own = time.perf_counter(), time.process_time()
    for done in _through(cluster, options):
        seen[done.program.key] += 1
        if store:
            store.commit(done.program.key, program_tables(done.program, done.outcome, done.ledger, 150, done.error))
    print(f"this process was busy for {(time.process_time() - own) / options.programs * 1e3:.2f} ms per program")
    return time.perf_counter() - start


def _through(cluster: "Cluster", options: Options) -> "Iterator[Executed]":
    from bench.cluster import OnDask
    from bench.parts import default_parts

    programs, tables = programs_of(options.programs, options.lanes)
    for number, done in enumerate(OnDask(cluster, default_parts(), nothing)(programs, lambda _: tables), 1):
        yield done
        if number % max(1, options.programs // 10) == 0:
            print(f"{number:>9,} programs, this process holds {_megabytes():,.0f} MB", flush=True)


def _megabytes() -> float:
    import psutil  # comes with distributed

    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    sys.exit(main())
