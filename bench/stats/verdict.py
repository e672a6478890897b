"""From findings to verdicts: of a claim, and of a study."""

from collections.abc import Sequence

from bench.spec import Claim, Finding
from bench.spec.finding import Verdict


def claim(
    claim: Claim,
    verdict: Verdict,
    measured: float | None = None,
    predicted: float | None = None,
    rule: str = "",
    region: str = "",
    **more: object,
) -> Finding:
    """The finding that judges a claim.

    Args:
        claim: which one.
        verdict: what the measurements say.
        measured, predicted, rule: the numbers that decide it.
        region: where a conditional claim holds.
        **more: further fields of the finding.
    """
    return Finding(
        claim.text,
        measured,
        predicted,
        rule,
        claim=claim.id,
        verdict=verdict,
        region=region,
        source=claim.source,
        **more,  # type: ignore[arg-type]
    )


def worst(findings: Sequence[Finding]) -> str:
    """IMPL of a study: FAIL if any finding fails, NOT RUN if nothing was judged or something could not be."""
    words = [finding.impl for finding in findings if finding.impl]
    return "FAIL" if "FAIL" in words else "NOT RUN" if not words or "NOT RUN" in words else "PASS"
