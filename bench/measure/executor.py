"""Where programs are trained: an executor takes them and yields what came of each, in this process or elsewhere."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from bench.measure.compiler import Compiler, Tables
from bench.measure.runner import Executed, execute
from bench.spec import Parts, Program


class Executor(Protocol):
    """Trains programs of one set of registries; whoever holds it decides how long its compiled code is kept."""

    @property
    def parts(self) -> Parts:
        """The registries that its programs name."""
        ...

    def __call__(self, programs: Sequence[Program], tables: Tables) -> Iterator[Executed]:
        """Trains programs.

        Args:
            programs: what to train.
            tables: the table that the seeds of a program share, or one per distinct seed.

        Yields:
            One result per program, in the order in which they are done. A program that fails yields its error.
        """
        ...


@dataclasses.dataclass(frozen=True)
class InProcess:
    """Trains in this process, on its devices, in order.

    Attributes:
        compiler: has the parts and the devices.
        timed: whether the timing is the point, see `execute`.
        expected: programs that are likely to come, and their tables; an iterator goes on where it was left.
    """

    compiler: Compiler
    timed: bool = False
    expected: Iterable[tuple[Program, Tables]] = ()

    @property
    def parts(self) -> Parts:
        """The registries of the compiler."""
        return self.compiler.parts

    def __call__(self, programs: Sequence[Program], tables: Tables) -> Iterator[Executed]:
        """Trains programs, see `Executor`."""
        return execute(programs, tables, self.compiler, self.timed, self.expected)
