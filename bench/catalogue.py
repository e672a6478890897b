"""`python -m bench.catalogue`: the table of studies in `docs/studies.md`, from the studies and their saved results."""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from bench.spec import Study

HEAD = """# Studies

Every study with its claims, their sources, what theory says, what was measured, and both verdicts. Written by
`python -m bench.catalogue` from the studies themselves and from results in the {profile} profile, or in the quick one
where its seconds say so; they are those of compiling and running their programs on two cores.
"""

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

    out: Path = Path("results")
    """Folder of the results."""
    profile: Annotated[str, tyro.conf.arg(metavar="full|quick")] = "full"
    """Profile whose results are shown."""
    to: Path = Path("docs/studies.md")
    """The file to write."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _write, arguments, "catalogue", __doc__)


def _write(options: Options) -> int:
    if options.profile not in ("full", "quick"):
        raise InputError(f"--profile {options.profile}: give full or quick.")
    text = page(options.out, options.profile)
    options.to.parent.mkdir(parents=True, exist_ok=True)
    options.to.write_text(text)
    print(f"wrote {options.to}")
    return 0


def page(out: Path, profile: str) -> str:
    """The page as Markdown.

    Args:
        out: folder of the results.
        profile: whose results.

    Raises:
        InputError: no results of any study.
    """
    from bench import studies

    known = [studies.get(name) for name in studies.names()]
    families = dict.fromkeys(study.family for study in known)
    parts, shown = [HEAD.format(profile=profile)], 0
    for family in families:
        own = [study for study in known if study.family == family]
        rows = [row for study in own for row in _rows(study, out, profile)]
        shown += len(rows)
        parts.append(f"## {family.capitalize()}\n\n{_table(rows)}\n" if rows else f"## {family.capitalize()}\n")
        parts += [f"**{study.id}** {study.prediction}\n" for study in own]
    if not shown:
        raise InputError(f"no results in {out}; run `python -m bench.run all --profile {profile} --out {out}` first.")
    return "\n".join(parts)


def _rows(study: "Study", out: Path, profile: str) -> Iterator[Sequence[str]]:
    from bench.api import load

    for used in (profile, "quick"):
        try:
            result = load(study.name, used, out)
        except InputError:
            continue
        break
    else:
        return
    mark = "" if used == profile else " (quick)"
    findings = result["findings"]
    costs = result["programs"][["trace_seconds", "lower_seconds", "compile_seconds", "run_seconds"]]
    for index, one in enumerate(study.claims):
        own = findings.loc[findings["claim"] == one.id, ["verdict", "region"]].to_dict("records")
        verdict, region = own[0].values() if own else ("NOT RUN", "")
        where = f" ({region})" if region and verdict == "CONDITIONAL" else ""
        first = (
            (_implementation(findings), _example(findings), f"{costs.to_numpy().sum():.1f}{mark}")
            if not index
            else ("",) * 3
        )
        name = f"{study.id} `{study.name}`" if not index else ""
        yield name, one.text, one.source, f"{verdict}{where}", one.expected, *first


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
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
