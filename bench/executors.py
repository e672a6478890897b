"""Who trains the programs of a run: this process, worker processes of this host, or the workers of a cluster."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence

import jax

from bench.cluster import OnDask
from bench.measure import Compiler, Executor, InProcess, Tables
from bench.own import parts_of
from bench.parts import Catalogue
from bench.planning import Settings, planned
from bench.spec import Parts, Program, Study
from bench.store import Folder, study_folder
from bench.workers import Work, Workers, packed, shares


@contextlib.contextmanager
def executor_of(
    parts: Parts, settings: Settings, expected: Iterable[tuple[Program, Tables]] = ()
) -> Iterator[Executor]:
    """An executor, which ends with the block.

    Args:
        parts: the registries that its programs name.
        settings: how to run; `devices`, `workers`, `cluster` and `timed` decide.
        expected: programs that are likely to come, which this process compiles when it has nothing else to compile.

    Raises:
        InputError: more workers than devices, or parts that cannot be sent to another process.
    """
    if settings.cluster:
        yield OnDask(settings.cluster, parts)
        return
    if not settings.workers:
        with contextlib.closing(Compiler(parts, settings.devices)) as compiler:
            yield InProcess(compiler, settings.timed, expected)
        return
    own = shares(settings.workers, settings.devices)
    cache = jax.config.values["jax_compilation_cache_dir"]  # that of this process, or none
    work = Work(packed(parts), settings.devices[0].platform, own[0].devices, cache, settings.timed)
    with Workers(parts, work, own) as workers:
        yield workers


class Upcoming:
    """The programs that the studies after the current one train first; each study is planned when it is asked for."""

    def __init__(self, studies: Sequence[Study], parts: Parts, settings: Settings) -> None:
        self._studies, self._parts, self._settings = studies, parts, settings
        self._current = 0

    def reached(self, study: Study) -> None:
        """Says which study is on: what is left of it, and of those before it, is passed over."""
        self._current = next(number for number, one in enumerate(self._studies) if one is study)

    def __iter__(self) -> Iterator[tuple[Program, Tables]]:
        for number, study in enumerate(self._studies):
            if number > self._current:
                for one in self._first(study):
                    if number <= self._current:
                        break
                    yield one

    def _first(self, study: Study) -> Iterator[tuple[Program, Tables]]:
        """What a study trains first, unless that is measured by itself; nothing where its own turn will say why."""
        if parts_of(study, self._parts) is not self._parts:
            return
        catalogue = Catalogue(self._parts)
        try:
            programs = planned(study, catalogue, self._settings).programs
            folder = Folder(study_folder(self._settings.out, study.name, self._settings.profile))
        except Exception:  # whatever it is, the studies before it go on
            return
        for program in programs:
            if program.static["repeats"] == 1 and not folder.has(program.key):
                yield program, lambda one: catalogue.tables(one.static, one.lanes["seed"])
