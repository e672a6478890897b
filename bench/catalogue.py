"""`python -m bench.catalogue`: writes `docs/studies.md` from the studies and from the results that come with the suite.

`python -m bench.reference` replaces those results by the ones of a run of one's own.
"""

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.command import command
from bench.published import PUBLISHED

if TYPE_CHECKING:
    import pandas as pd

    from bench.spec import Study

HEAD = """# Studies

Every study with its claims, their sources, what theory says, what was measured, and both verdicts, from one run of
`{command}` (JAX {jax}, {platform}). Seconds are those of compiling and running a study's programs there; others
were compiled beside them, so that they add up to more than the run took. Written by `python -m bench.catalogue`;
`bench.load("reference")` has the findings and costs as tables.
"""

PUBLISHED_HEAD = """## Published figures

Numbers of other people's publications beside what was measured here. The rule is what the finding was judged by.

| source | what | published | study | finding | measured | predicted | rule | |
|---|---|---|---|---|---|---|---|---|"""

COLUMNS = (
    "study",
    "claim",
    "source",
    "verdict",
    "expected",
    "implementation",
    "measured and predicted, by way of example",
    "seconds",
)


@dataclasses.dataclass(frozen=True)
class Options:
    """Writes the table of studies."""

    to: Path = Path("docs/studies.md")
    """The file to write."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _write, arguments, "catalogue", __doc__)


def _write(options: Options) -> int:
    from bench.api import load

    reference = load("reference")
    text = page(reference["findings"], reference["programs"], reference.provenance)
    options.to.parent.mkdir(parents=True, exist_ok=True)
    options.to.write_text(text)
    print(f"wrote {options.to}")
    return 0


def page(findings: "pd.DataFrame", programs: "pd.DataFrame", provenance: Mapping[str, Any]) -> str:
    """The page as Markdown.

    Args:
        findings: of the studies that were run.
        programs: of the same; with the column `name` of their study.
        provenance: what they ran under.
    """
    from bench import studies

    frame: Any = programs  # the stubs of pandas make any column anything
    known = [studies.get(name) for name in studies.names()]
    costs = frame.set_index("name")[["trace_seconds", "lower_seconds", "compile_seconds", "run_seconds"]]
    seconds = costs.sum(axis=1).groupby(level=0).sum()
    versions = provenance["versions"]
    parts = [HEAD.format(command=provenance["command"], jax=versions["jax"], platform=provenance["platform"])]
    for family in dict.fromkeys(study.family for study in known):
        own = [study for study in known if study.family == family]
        judged: dict[str, Any] = {study.name: findings[findings["name"] == study.name] for study in own}
        rows = [row for one in own if len(judged[one.name]) for row in _rows(one, judged[one.name], seconds[one.name])]
        parts.append(f"## {family.capitalize()}\n\n{_table(rows)}\n")
        parts += [f"**{study.id}** {study.prediction}\n" for study in own]
    return "\n".join([*parts, PUBLISHED_HEAD, *_published(findings)]) + "\n"


def _rows(study: "Study", findings: "pd.DataFrame", seconds: float) -> Iterator[Sequence[str]]:
    for index, one in enumerate(study.claims):
        own: Any = findings.loc[findings["claim"] == one.id, ["verdict", "region"]].to_dict("records")
        verdict, region = own[0].values() if own else ("NOT RUN", "")
        where = f" ({region})" if region and verdict == "CONDITIONAL" else ""
        first = (_implementation(findings), _example(findings), f"{seconds:.1f}") if not index else ("",) * 3
        name = f"{study.id} `{study.name}`" if not index else ""
        yield name, one.text, one.source, f"{verdict}{where}", one.expected, *first


def _published(findings: Any) -> Iterator[str]:
    """A row per finding that stands beside a published figure."""
    for one in PUBLISHED:
        rows = findings[findings["study"] == one.study].to_dict("records")
        beside = (row for row in rows if row["impl"] and row["quantity"].startswith(one.quantities))
        for index, found in enumerate(beside):
            first = (one.source, one.what, one.value, one.study) if not index else ("",) * 4
            numbers = ("" if found[name] is None else f"{found[name]:.6g}" for name in ("measured", "predicted"))
            yield _line((*first, found["quantity"], *numbers, found["rule"], found["impl"]))


def _implementation(findings: "pd.DataFrame") -> str:
    judged = [word for word in findings["impl"].dropna() if word]
    passed, failed = judged.count("PASS"), judged.count("FAIL")
    word = "FAIL" if failed else "PASS" if passed else "NOT RUN"
    return f"{word} ({passed} of {len(judged)})"


def _example(findings: "pd.DataFrame") -> str:
    """The first finding that has both numbers."""
    both = findings[
        findings["impl"].isin(["PASS", "FAIL"]) & findings["measured"].notna() & findings["predicted"].notna()
    ]
    if both.empty:
        return ""
    first = both.iloc[0]
    return f"{first['quantity']}: {first['measured']:.6g}, {first['predicted']:.6g}; {first['rule']}"


def _table(rows: Sequence[Sequence[Any]]) -> str:
    return "\n".join(map(_line, [COLUMNS, ["---"] * len(COLUMNS), *rows]))


def _line(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
