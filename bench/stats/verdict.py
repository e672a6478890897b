"""From findings to verdicts: of a claim, and of a study."""

from collections.abc import Mapping, Sequence

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


def verdicts(claims: Sequence[Claim], findings: Sequence[Finding]) -> Mapping[str, tuple[str, str]]:
    """Claim id -> (verdict, expected); a claim that no finding judged is NOT RUN."""
    found = {f.claim: f.verdict or "NOT RUN" for f in findings if f.claim}
    return {claim.id: (found.get(claim.id, "NOT RUN"), claim.expected) for claim in claims}


def excused(findings: Sequence[Finding]) -> set[str | None]:
    """Ids of the claims that were not judged for a reason that is said."""
    return {finding.claim for finding in findings if finding.impl == "NOT RUN" and finding.reason}


def as_expected(claims: Sequence[Claim], findings: Sequence[Finding]) -> bool:
    """No implementation failure, and every claim as expected where one is, or not judged for a reason that is said."""
    said = verdicts(claims, findings).items()
    fine = all(got == want or not want or id_ in excused(findings) for id_, (got, want) in said)
    return worst(findings) != "FAIL" and fine
