"""From a folder of results to the cards of a page."""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import studies
from bench.errors import InputError
from bench.report.cards import Card, Claimed, Report, Tables
from bench.report.words import number, spread
from bench.spec import STATIC, TRACED, Claim, Finding, Frame, Run, Study
from bench.stats import excused, verdicts
from bench.store import Folder

PROFILES = ("full", "quick")
"""The fuller one first."""


def collect(out: Path, asked: Sequence[str] = (), profile: str | None = None) -> Report:
    """Reads what there is, as `there` finds it."""
    return read(out, there(out, asked, profile))


def there(out: Path, asked: Sequence[str] = (), profile: str | None = None) -> dict[str, str]:
    """Name -> profile of what there is: studies in the order of the catalogue, then other grids by name.

    Args:
        out: folder of the results.
        asked: studies, ids, families, or names of grids of one's own; everything that is there unless given.
        profile: `full` or `quick`; the fuller one that is there unless given.

    Raises:
        InputError: no results, or none of what was asked for.
    """
    everything = _everything(out, profile)
    if not everything:
        raise InputError(f"no results in {out}; run `python -m bench.run --out {out}` first.")
    chosen = _chosen(asked, everything) if asked else list(everything)
    missing = [name for name in chosen if name not in everything]
    if missing and asked and len(missing) == len(chosen):
        raise InputError(
            f"no results of {', '.join(missing[:5])} in {out}; there are {', '.join(list(everything)[:8])}."
        )
    return {name: everything[name] for name in chosen if name in everything}


def read(out: Path, found: Mapping[str, str], tables: Mapping[str, Tables | None] | None = None) -> Report:
    """Reads the cards of a page.

    Args:
        out: folder of the results.
        found: their names and profiles.
        tables: by name, those that have been read.
    """
    cards = tuple(card_of(out, name, profile, (tables or {}).get(name)) for name, profile in found.items())
    return Report(cards, out, tuple(_ratios(out / "peers" / "ratios.csv")))


def _everything(out: Path, profile: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for wanted in (profile,) if profile else PROFILES:
        for path in out.glob(f"*/{wanted}/manifest-0.json"):
            found.setdefault(path.parent.parent.name, wanted)
    order = {name: place for place, name in enumerate(studies.names())}
    return {name: found[name] for name in sorted(found, key=lambda name: (order.get(name, len(order)), name))}


def _chosen(asked: Sequence[str], everything: Mapping[str, str]) -> list[str]:
    names: list[str] = []
    for one in asked:
        names += [one] if one in everything else [study.name for study in studies.select([one])]
    return list(dict.fromkeys(names))


def card_of(out: Path, name: str, profile: str, tables: Tables | None = None) -> Card:
    """A study, or a grid of one's own, as it lies in a folder of results; damage is said on the card.

    Args:
        out: folder of the results.
        name: of the study.
        profile: `full` or `quick`.
        tables: of the folder, where they have been read.
    """
    folder, note = Folder(out / name / profile), ""
    manifest: Mapping[str, Any] = {}
    try:
        manifest, tables = folder.manifest(), tables or Tables(folder)
    except InputError as error:  # one damaged or unfinished study must not hide the others
        tables, note = Tables(), str(error)
    findings = tuple(_findings(tables["findings"]))
    study = studies.get(name) if name in studies.names() else _own(name, tables)
    return Card(study.id or name, study, profile, tables, findings, tuple(_claims(study, findings)), manifest, note)


def _own(name: str, tables: Tables) -> Study:
    """A grid of one's own, with the claims of its file."""
    judged = tables["findings"][tables["findings"]["claim"].notna()] if len(tables["findings"]) else pd.DataFrame()
    claims = tuple(
        Claim(
            row["claim"],
            row["quantity"],
            "a file of one's own",
            row["expected"] if isinstance(row["expected"], str) else "",
        )
        for row in judged.to_dict("records")
    )
    title = tables.title or "a grid of one's own"
    return Study("", name, title[0].upper() + title[1:], claims, "", lambda *_: (), lambda _: (), (), ())


def _findings(table: Frame) -> Iterator[Finding]:
    fields = [field.name for field in dataclasses.fields(Finding)]
    for row in table.to_dict("records"):
        facts = {name: None if pd.isna(row[name]) else row[name] for name in fields if name in row}
        words = {name: facts.get(name) or "" for name in ("region", "reason", "source", "rule")}
        yield Finding(**facts | words)  # type: ignore[arg-type]


def _claims(study: Study, findings: Sequence[Finding]) -> Iterator[Claimed]:
    for claim, (verdict, expected) in zip(study.claims, verdicts(study.claims, findings).values(), strict=True):
        found = next((finding for finding in findings if finding.claim == claim.id), None)
        fine = verdict == expected or not expected or claim.id in excused(findings)
        yield Claimed(claim.text, claim.source, verdict, expected, fine, found)


RECORDED = ("checkpoints", "probes", "probe_rows", "lanes", "repeats")
"""Axes that say what is recorded and how, not what is trained."""


def axes(runs: Frame) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What a grid varied, and what it fixed otherwise than by default: names and values as text.

    Args:
        runs: the table.
    """
    varied, fixed = [], []
    defaults = {field.name: field.default for field in dataclasses.fields(Run)}
    for name in runs.columns:
        if name in RECORDED or not (name in STATIC or name in TRACED or "." in name):
            continue
        values = runs[name].drop_duplicates().tolist()
        known = [value for value in values if not pd.isna(value)]
        if len(known) > 1 or (name == "batch_size" and len(values) > 1):  # null is the full batch
            varied.append((name, spread(values)))
        elif known and (str(known[0]) != str(defaults.get(name)) or name in ("data", "model", "optimizer")):
            fixed.append((name, spread(known)))
    return varied, fixed


def _ratios(path: Path) -> Iterator[Mapping[str, Any]]:
    """Measured ratios of a peer's seconds to the suite's, in words; nothing where none were measured."""
    if not path.exists():
        return
    for row in pd.read_csv(path, keep_default_na=False, na_values=[""]).to_dict("records"):
        interval = f"{number(row['ratio_low'])} to {number(row['ratio_high'])}"
        how = "compilation included" if row["compile_included"] else "compiled before"
        more = ", extrapolated" if row["extrapolated"] else ""
        yield {"cell": str(row["cell"]), "peer": str(row["peer"]), "how": how + more, "interval": interval} | {
            name: number(row[name]) for name in ("ratio_median", "ours_seconds", "peer_seconds")
        }


def newest(report: Report) -> str:
    """The day of the newest result, in UTC."""
    paths = (report.out / card.study.name / card.profile / "manifest-0.json" for card in report.cards)
    latest = max(path.stat().st_mtime for path in paths)
    return datetime.datetime.fromtimestamp(latest, datetime.UTC).date().isoformat()


def finite(value: float | None) -> bool:
    """Whether there is a number."""
    return value is not None and bool(np.isfinite(value))
