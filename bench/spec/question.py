"""What a grid of one's own asks: who is best, where to look closer, and which claims hold."""

from typing import Any, NamedTuple

import msgspec

from bench.spec.grid import Grid

UNITS = ("step", "epoch", "gradient_evaluations", "flops", "seconds")
"""What time to a target is counted in: columns of `curves`."""


class Rank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who competes, and by what.

    Attributes:
        by: the axis, or axes, whose values compete.
        tuned: axes of which every contestant gets its best value on every problem; traced axes that vary unless given.
            What else varies are the problems.
        measure: what is ranked: `final_test_loss` and the like; with a target, a column of `curves`.
        target: what `measure` is to come down to (an accuracy: to rise to); the time until then is ranked.
        unit: of that time.
    """

    by: str | list[str] = "optimizer"
    tuned: list[str] | None = None
    measure: str = ""
    target: float | None = None
    unit: str = "step"

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes whose values compete."""
        return (self.by,) if isinstance(self.by, str) else tuple(self.by)


class Refine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Further values of one axis around the best one, for every contestant on every problem.

    Attributes:
        axis: a traced one with several values.
        rounds: how often to look closer.
        count: new values per round.
    """

    axis: str = "learning_rate"
    rounds: int = 1
    count: int = 6


class OwnClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table `[[claim]]` of a file; `bench/claims.py` says which fields belong to which kind."""

    kind: str
    measure: str = ""
    first: dict[str, Any] | None = None
    second: dict[str, Any] | None = None
    target: float | None = None
    within: float | None = None
    over: str | None = None
    sign: str | None = None
    where: dict[str, Any] | None = None
    text: str = ""
    expected: str = ""


class Question(NamedTuple):
    """What is asked of a grid; None where it is not, and the usual ranking of optimizers is made if the grid allows."""

    grid: Grid
    rank: Rank | None = None
    refine: Refine | None = None
    claims: tuple[OwnClaim, ...] = ()
