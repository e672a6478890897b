"""Claims, the findings that judge them, and the figure that shows them."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

from bench.spec.evidence import Evidence, Frame

Impl = Literal["PASS", "FAIL", "NOT RUN"]
Verdict = Literal["SUPPORTED", "CONDITIONAL", "REFUTED", "UNDECIDED"]
"""UNDECIDED is for claims of one's own, where the seeds are too few to tell."""


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a source, as an executable question.

    Attributes:
        id: unique within the study.
        text: the sentence in plain words.
        source: where it was said.
        expected: the verdict that the catalogue gives; another one is news and fails the suite. Empty where none is
            expected, as in a file of one's own.
    """

    id: str
    text: str
    source: str
    expected: Verdict | Literal[""] = "SUPPORTED"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One measured quantity held against a prediction, or one claim judged.

    Attributes:
        quantity: what was measured.
        measured, predicted: the two numbers; None where the rule has no single one.
        rule: the verdict rule with its tolerance, such as `EXACT(1e-08)`.
        impl: PASS or FAIL for the implementation; NOT RUN with `reason`; None where only a claim is judged.
        low, high: interval of `measured`.
        seeds: number of seeds or repeats behind it.
        claim, verdict: id of the claim and its verdict; None where only the implementation is judged.
        region: where a conditional claim holds.
    """

    quantity: str
    measured: float | None
    predicted: float | None
    rule: str
    impl: Impl | None = None
    low: float | None = None
    high: float | None = None
    seeds: int | None = None
    claim: str | None = None
    verdict: Verdict | None = None
    region: str = ""
    reason: str = ""
    source: str = ""


@dataclasses.dataclass(frozen=True)
class Figure:
    """The one picture of a study, as data: which table, what on which axis.

    Attributes:
        title: a sentence that says what to see.
        table: `runs`, `curves`, `layers`, `values` or `findings`; or what computes rows from them, where the figure
            shows what stands in none.
        x, y: columns.
        colour: column that separates the lines, or None.
        facet: column that separates the panels, or None.
        log: axes on a logarithmic scale, a subset of "xy".
        where: column -> value or values to keep.
        theory: what is predicted, as rows with the same columns (`bench/studies/lines.py` has the usual ones); drawn as
            a dashed line. None where theory has no line to draw.
        heat: a map of `colour` over `x` and `y`, instead of lines; theory is then the boundary.
    """

    title: str
    table: str | Callable[[Evidence], Frame]
    x: str
    y: str
    colour: str | None = None
    facet: str | None = None
    log: str = ""
    where: dict[str, Any] = dataclasses.field(default_factory=dict)
    theory: Callable[[Evidence], Frame] | None = None
    heat: bool = False
