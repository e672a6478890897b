"""From a folder of results to what a page says: cards, one per study, and what they add up to."""

import dataclasses
import datetime
import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import studies
from bench.errors import InputError
from bench.evidence import frame
from bench.report.words import number, spread
from bench.spec import STATIC, TRACED, Finding, Frame, Run, Study
from bench.stats import as_expected, excused, verdicts, worst
from bench.store import TABLES, Folder

PROFILES = ("full", "quick")
"""The fuller one first."""

PHASES = ["trace_seconds", "lower_seconds", "compile_seconds", "run_seconds"]


class Tables(Mapping[str, Frame]):
    """The tables of a folder: those that every card needs at once, others when a figure asks for them."""

    def __init__(self, folder: Folder | None = None) -> None:
        self._folder = folder
        self._kept: dict[str, Frame] = dict.fromkeys(("runs", "programs", "findings"), pd.DataFrame())
        if folder is not None:
            self._kept = {name: self._read(name) for name in self._kept}

    def _read(self, name: str) -> Frame:
        assert self._folder is not None
        return frame(self._folder.derived(name) if name == "findings" else self._folder.merged(self._keys, name))

    @functools.cached_property
    def _keys(self) -> list[str]:
        return self._folder.saved() if self._folder else []

    def __getitem__(self, name: str) -> Frame:
        if name not in self:
            raise KeyError(name)
        return self._kept[name] if name in self._kept else self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter((*TABLES, "findings"))

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __len__(self) -> int:
        return len(TABLES) + 1


@dataclasses.dataclass(frozen=True)
class Claimed:
    """A claim and what became of it."""

    text: str
    source: str
    verdict: str
    expected: str
    as_expected: bool
    found: Finding | None


@dataclasses.dataclass(frozen=True)
class Card:
    """A study, or a grid of one's own, that was run.

    Attributes:
        anchor: its id, or the name of a grid of one's own; part of the page's address.
        study: without claims for a grid of one's own.
        profile: whose results these are.
        tables: by name, `findings` among them.
        findings: the same as objects.
        claims: with their verdicts.
        manifest: of the first round.
        note: why there is less than there should be, or nothing.
    """

    anchor: str
    study: Study
    profile: str
    tables: Mapping[str, Frame]
    findings: tuple[Finding, ...]
    claims: tuple[Claimed, ...]
    manifest: Mapping[str, Any]
    note: str = ""

    @property
    def own(self) -> bool:
        """Whether it is a grid of one's own."""
        return not self.study.id

    @property
    def family(self) -> str:
        """Of the study; `own` for a grid of one's own."""
        return "own" if self.own else self.study.family

    @property
    def impl(self) -> str:
        """PASS, FAIL or NOT RUN; nothing for a grid of one's own, which predicts nothing."""
        return "" if self.own else worst(self.findings)

    @property
    def as_expected(self) -> bool:
        """Whether nothing is news."""
        return self.own or (not self.note and as_expected(self.study.claims, self.findings))

    @property
    def checks(self) -> Counter[str]:
        """How many findings on the implementation passed, failed, were not run."""
        return Counter(finding.impl for finding in self.findings if finding.impl)

    @property
    def statuses(self) -> dict[str, int]:
        """How many runs ended how, the most frequent first."""
        return self.tables["runs"]["status"].astype(str).value_counts().to_dict() if self.runs else {}

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.tables["runs"])

    @property
    def seconds(self) -> float:
        """Of compiling and running its programs."""
        programs = self.tables["programs"]
        return float(programs[[name for name in PHASES if name in programs]].sum().sum())

    @property
    def command(self) -> str:
        """What repeats it."""
        if self.own:
            return f"python -m bench.run {self.study.name}.toml  # or bench.run_grid, with the same grid"
        options = "".join(f" --{name} {self.manifest[name]}" for name in ("seed", "lanes") if self.manifest.get(name))
        return f"python -m bench.run {self.study.name} --profile {self.profile}{options}"


@dataclasses.dataclass(frozen=True)
class Report:
    """All cards of a page, and where they come from."""

    cards: tuple[Card, ...]
    out: Path
    ratios: tuple[Mapping[str, Any], ...]

    @property
    def verdicts(self) -> Counter[str]:
        """How many claims got which verdict."""
        return Counter(claim.verdict for card in self.cards for claim in card.claims)

    @property
    def checks(self) -> Counter[str]:
        """How many findings on the implementation passed, failed, were not run."""
        return sum((card.checks for card in self.cards), Counter())

    @property
    def news(self) -> tuple[Card, ...]:
        """Cards that are not as expected."""
        return tuple(card for card in self.cards if not card.as_expected)

    @property
    def machines(self) -> list[str]:
        """Devices that the results were computed on, in words."""
        found = {}
        for card in self.cards:
            programs = card.tables["programs"]
            count = int(programs["devices"].max()) if "devices" in programs and programs["devices"].notna().any() else 1
            platform, kind = card.manifest.get("platform", "cpu"), card.manifest.get("device", "")
            name = platform.upper() + (f" ({kind})" if kind not in ("", platform) else "")
            found[f"{count} {name} device{'s' if count > 1 else ''}"] = None
        return list(found)

    @property
    def versions(self) -> list[str]:
        """Of the libraries that decide the numbers, one line per set of them."""
        lines = (
            ", ".join(f"{name} {v}" for name, v in card.manifest.get("versions", {}).items()) for card in self.cards
        )
        return list(dict.fromkeys(lines))


def collect(out: Path, asked: Sequence[str] = (), profile: str | None = None) -> Report:
    """Reads what there is.

    Args:
        out: folder of the results.
        asked: studies, ids, families, or names of grids of one's own; everything that is there unless given.
        profile: `full` or `quick`; the fuller one that is there unless given.

    Raises:
        InputError: no results, or none of what was asked for.
    """
    there = _there(out, profile)
    if not there:
        raise InputError(f"no results in {out}; run `python -m bench.run --out {out}` first.")
    chosen = _chosen(asked, there) if asked else list(there)
    missing = [name for name in chosen if name not in there]
    if missing and asked and len(missing) == len(chosen):
        raise InputError(f"no results of {', '.join(missing[:5])} in {out}; there are {', '.join(list(there)[:8])}.")
    cards = tuple(_card(out / name / there[name], name, there[name]) for name in chosen if name in there)
    return Report(cards, out, tuple(_ratios(out / "peers" / "ratios.csv")))


def _there(out: Path, profile: str | None) -> dict[str, str]:
    """Name -> profile: studies in the order of the catalogue, then other grids by name."""
    found: dict[str, str] = {}
    for wanted in (profile,) if profile else PROFILES:
        for path in out.glob(f"*/{wanted}/manifest-0.json"):
            found.setdefault(path.parent.parent.name, wanted)
    order = {name: place for place, name in enumerate(studies.names())}
    return {name: found[name] for name in sorted(found, key=lambda name: (order.get(name, len(order)), name))}


def _chosen(asked: Sequence[str], there: Mapping[str, str]) -> list[str]:
    names: list[str] = []
    for one in asked:
        names += [one] if one in there else [study.name for study in studies.select([one])]
    return list(dict.fromkeys(names))


def _card(path: Path, name: str, profile: str) -> Card:
    folder, note = Folder(path), ""
    known = name in studies.names()
    study = studies.get(name) if known else _own(name)
    tables, manifest = Tables(), {}
    try:
        manifest, tables = folder.manifest(), Tables(folder)
    except InputError as error:  # one damaged or unfinished study must not hide the others
        note = str(error)
    findings = tuple(_findings(tables["findings"]))
    return Card(study.id or name, study, profile, tables, findings, tuple(_claims(study, findings)), manifest, note)


def _own(name: str) -> Study:
    return Study("", name, f"A grid of one's own: {name}", (), "", lambda *_: (), lambda _: (), (), ())


def _findings(table: Frame) -> Iterator[Finding]:
    fields = [field.name for field in dataclasses.fields(Finding)]
    for row in table.to_dict("records"):
        facts = {name: None if pd.isna(row[name]) else row[name] for name in fields if name in row}
        words = {name: facts.get(name) or "" for name in ("region", "reason", "source", "rule")}
        yield Finding(**facts | words)  # type: ignore[arg-type]


def _claims(study: Study, findings: Sequence[Finding]) -> Iterator[Claimed]:
    for claim, (verdict, expected) in zip(study.claims, verdicts(study.claims, findings).values(), strict=True):
        found = next((finding for finding in findings if finding.claim == claim.id), None)
        fine = verdict == expected or claim.id in excused(findings)
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
