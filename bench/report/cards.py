"""What a page is made of: cards, one per study, their tables and claims, and what they add up to."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bench.evidence import frame
from bench.ranking.rates import saved_rates
from bench.spec import Finding, Frame, Study
from bench.stats import as_expected, worst
from bench.store import TABLES, Folder

PHASES = ["trace_seconds", "lower_seconds", "compile_seconds", "run_seconds"]


class Tables(Mapping[str, Frame]):
    """The tables of a folder: those that every card needs at once, others when a figure asks for them."""

    title = ""
    """Of the study, as it was when its findings were written."""

    def __init__(self, folder: Folder | None = None) -> None:
        self._folder = folder
        self._kept: dict[str, Frame] = dict.fromkeys(("runs", "programs", "findings"), pd.DataFrame())
        if folder is not None:
            self._kept = {name: self._read(name) for name in self._kept}

    def _read(self, name: str) -> Frame:
        assert self._folder is not None
        if name == "best_rates":  # of a grid of one's own, as its command wrote them
            return saved_rates(self._folder.path)
        if name != "findings":
            return frame(self._folder.merged(self._keys, name))
        found = self._folder.derived(name)
        self.title = (found.schema.metadata or {}).get(b"title", b"").decode()
        return frame(found)

    @functools.cached_property
    def _keys(self) -> list[str]:
        return self._folder.saved() if self._folder else []

    def __getitem__(self, name: str) -> Frame:
        if name not in self:
            raise KeyError(name)
        return self._kept[name] if name in self._kept else self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter((*TABLES, "findings", "best_rates"))

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __len__(self) -> int:
        return len(TABLES) + 2


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
        nothing = self.own and not self.study.claims
        return nothing or (not self.note and as_expected(self.study.claims, self.findings))

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
