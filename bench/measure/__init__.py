"""The only place with a clock: compiling ahead, running, and the ledger of where the seconds went."""

from bench.measure.compiler import Compiled, Compiler, Tables
from bench.measure.executor import Executor, InProcess
from bench.measure.runner import Executed, execute

__all__ = ["Compiled", "Compiler", "Executed", "Executor", "InProcess", "Tables", "execute"]
