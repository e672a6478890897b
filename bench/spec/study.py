"""A study: a question with its grids, its claims, its theory and its verdict rule, and the bugs it must catch."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

from bench.spec.evidence import Evidence, Lookup
from bench.spec.finding import Claim, Figure, Finding
from bench.spec.grid import Grid
from bench.spec.parts import Parts
from bench.spec.question import Question

Profile = Literal["full", "quick", "cell"]
"""`quick` drops cells, never seeds or rules; `cell` is the smallest grid on which the mutants must show."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A deliberate bug. The study must turn to FAIL under it, else its verdict means nothing.

    Attributes:
        what: the bug in words.
        parts: the parts with the bug in them.
        evidence: the tables with the bug in them, for bugs in what is recorded rather than in training.
    """

    what: str
    parts: Callable[[Parts], Parts] | None = None
    evidence: Callable[[Evidence], Evidence] | None = None


def never(evidence: Evidence, completed: int) -> Sequence[Grid]:
    """No round of refinement."""
    return ()


@dataclasses.dataclass(frozen=True)
class Study:
    """One question, judged.

    Attributes:
        id: of the catalogue, such as `A02`.
        name: of its folder and on the command line, such as `quadratic_modes`.
        title: the question in one line.
        claims: the sentences it judges.
        theory: what is predicted, with its sources.
        grids: `(profile, data) -> grids`; `data` looks a data set up, for rates in units of its curvature.
        judge: `evidence -> findings`; at least one for each claim.
        mutants: the bugs it must catch.
        figures: what to draw.
        refine: `(evidence, rounds completed before) -> grids` of the next round; nothing ends the rounds.
        question: of a grid of one's own: who is ranked, and by what; None for studies of the catalogue.
    """

    id: str
    name: str
    title: str
    claims: tuple[Claim, ...]
    theory: str
    grids: Callable[[Profile, Lookup], Sequence[Grid]]
    judge: Callable[[Evidence], Sequence[Finding]]
    mutants: tuple[Mutant, ...]
    figures: tuple[Figure, ...]
    refine: Callable[[Evidence, int], Sequence[Grid]] = never
    question: Question | None = None

    @property
    def prediction(self) -> str:
        """What theory says, on one line: the text from `Theory:` on, or all of it."""
        return " ".join((self.theory.partition("Theory:")[2] or self.theory).split())

    @property
    def family(self) -> str:
        """The folder under `bench/studies` that holds it."""
        return self.judge.__module__.split(".")[-2]
