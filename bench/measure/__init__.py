"""The only place with a clock: compiling ahead, running, and the ledger of where the seconds went."""

from bench.measure.runner import Compiler, Executed, execute

__all__ = ["Compiler", "Executed", "execute"]
