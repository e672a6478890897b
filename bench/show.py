"""What people see in the terminal: progress, lists, plans, verdicts and single runs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table as Grid

from bench.errors import InputError
from bench.pipeline import Event, Judged, as_json
from bench.spec import Plan, Study

_STYLE = {"PASS": "green", "FAIL": "bold red", "NOT RUN": "yellow"}


class Progress:
    """Listens to events: a live bar in a terminal, plain lines elsewhere, lines of JSON where asked for."""

    def __init__(self, json: bool, verbose: bool) -> None:
        self.json, self.verbose = json, verbose
        self.console = Console(stderr=not json, soft_wrap=True)
        live = not json and self.console.is_terminal
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self.bars = Bars(*columns, console=self.console, transient=True) if live else None
        self.task: Any = None
        self.left = 0.0

    def __enter__(self) -> "Progress":
        if self.bars:
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars:
            self.bars.stop()

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if self.json:
            print(as_json(event), flush=True)
            return
        getattr(self, f"_{event.kind}", lambda facts: None)(event.facts)

    def _plan(self, facts: dict[str, Any]) -> None:
        todo = "nothing to do, all saved" if not facts["missing"] else f"{facts['missing']} to train"
        text = f"{facts['study']} {facts['name']}: {facts['runs']} runs in {facts['programs']} programs, {todo}"
        if not self.bars or self.verbose:
            self.console.print(text, highlight=False)
        if self.bars:
            if self.task is not None:
                self.bars.remove_task(self.task)
            self.left = facts["seconds"]
            self.task = self.bars.add_task(f"{facts['study']} {facts['name']}", total=facts["missing"], left="")

    def _program(self, facts: dict[str, Any]) -> None:
        self.left = max(0.0, self.left - (facts["estimated_seconds"] or 0))
        if self.bars and self.task is not None:
            self.bars.update(self.task, advance=1, left=f"about {self.left:.0f} s left" if self.left >= 1 else "")
        if self.verbose:
            seconds = "" if facts["seconds"] is None else f" in {facts['seconds']:.2f} s"
            self.console.print(
                f"  program {facts['program']}: {facts['runs']} runs{seconds}, {facts['diverged']} diverged",
                highlight=False,
            )

    def _finding(self, facts: dict[str, Any]) -> None:
        if self.verbose or facts["impl"] == "FAIL":
            word = facts["impl"] or facts["claim"]
            numbers = f"measured {_number(facts['measured'])}, predicted {_number(facts['predicted'])}"
            self.console.print(
                f"  [{_STYLE.get(word, 'cyan')}]{word:12}[/] {facts['quantity']}: {numbers} {facts['rule']} {facts['reason']}",
                highlight=False,
            )

    def _warning(self, facts: dict[str, Any]) -> None:
        self.console.print(f"[yellow]warning[/] {facts['message']}", highlight=False)

    def _error(self, facts: dict[str, Any]) -> None:
        self.console.print(
            f"[bold red]failed[/] program {facts['program']}: {facts['message'].splitlines()[0]}", highlight=False
        )

    def _audit(self, facts: dict[str, Any]) -> None:
        self.console.print(facts["text"], highlight=False)

    def judged(self, judged: Judged) -> None:
        """Says what came of a study."""
        if not self.json and (not self.bars or self.verbose):
            claims = ", ".join(verdict for verdict, _ in judged.claims.values())
            self.console.print(f"  {judged.impl}, {claims} ({judged.seconds:.1f} s)", highlight=False)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def catalogue(studies: Sequence[Study]) -> None:
    """The list of studies, their claims and the expected verdicts."""
    grid = Grid("id", "study", "family", "question", "expected")
    for study in studies:
        grid.add_row(
            study.id, study.name, study.family, study.title, " ".join(claim.expected for claim in study.claims)
        )
    Console(soft_wrap=not sys.stdout.isatty()).print(grid)


def plans(found: Sequence[tuple[Study, Plan]], verbose: bool = False) -> None:
    """What would be trained: runs, programs, seconds and bytes."""
    grid = Grid("id", "study", "runs", "programs", "seconds", "result size")
    for study, plan in found:
        row = (f"{plan.runs:,}", f"{len(plan.programs):,}", f"{plan.seconds:.0f}", f"{plan.bytes / 1e6:.1f} MB")
        grid.add_row(study.id, study.name, *row)
    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(grid)
    total = sum(plan.runs for _, plan in found), sum(len(plan.programs) for _, plan in found)
    seconds = sum(plan.seconds for _, plan in found)
    console.print(
        f"{total[0]:,} runs -> {total[1]:,} programs, about {seconds:.0f} s on this machine; rounds of refinement come on top."
    )
    if verbose:
        for _, plan in found:
            for program in plan.programs:
                axes = {axis: value for axis, value in program.static.items() if value is not None}
                console.print(
                    f"{program.key[:12]}: {program.width} lanes, {program.chunk} together, {program.steps} steps, about {program.seconds:.1f} s  {axes}",
                    highlight=False,
                )


def verdicts(judged: Sequence[Judged], facts: dict[str, Any]) -> None:
    """The table that a run ends with."""
    grid = Grid("id", "study", "implementation", "claim", "verdict", "expected", "seconds")
    for one in judged:
        for index, claim in enumerate(one.study.claims):
            verdict, expected = one.claims[claim.id]
            style = "green" if verdict == expected else "bold red"
            first = (one.study.id, one.study.name, f"[{_STYLE[one.impl]}]{one.impl}[/]") if not index else ("", "", "")
            grid.add_row(
                *first, claim.text, f"[{style}]{verdict}[/]", expected, f"{one.seconds:.1f}" if not index else ""
            )
    console = Console()
    console.print(grid)
    for one in judged:
        for finding in one.findings:
            if finding.impl == "NOT RUN":
                console.print(
                    f"[yellow]not run[/] {one.study.id} {finding.quantity}: {finding.reason}", highlight=False
                )
            if finding.region:
                console.print(f"{one.study.id} holds where: {finding.region}", highlight=False)
    trained = (
        f"{facts['trained']} of {facts['programs']} programs trained"
        if facts["trained"]
        else "nothing to do, all results were saved"
    )
    console.print(
        f"{facts['runs']:,} runs, {trained}, {facts['seconds']:.1f} s. Tables: {', '.join(sorted({str(j.folder.parent.parent) for j in judged}))}/<study>/<profile>/*.parquet",
        highlight=False,
    )


def run(wanted: str, out: Path) -> None:
    """One run: its configuration, its curve and how to reproduce it.

    Raises:
        InputError: no such run in the folder.
    """
    import pandas as pd

    key, _, lane = wanted.partition("-")
    found = sorted(out.glob(f"*/*/programs/{key}*.zip")) if key and key.isalnum() else []
    if not found or not lane:
        raise InputError(f"no run {wanted!r} in {out}; the column `run` of the table `runs` has the names.")
    folder = found[0].parent.parent
    runs = pd.read_parquet(folder / "runs.parquet")
    own = runs[runs["run"].astype(str) == wanted]
    if own.empty:
        raise InputError(f"no run {wanted!r} in {folder}; its program {key} has others.")
    console = Console(soft_wrap=not sys.stdout.isatty())
    grid = Grid("axis or result", "value", title=f"run {wanted} of {folder.parent.name} ({folder.name})")
    for name, value in own.iloc[0].items():
        if not pd.isna(value):
            grid.add_row(str(name), str(value))
    console.print(grid)
    curves = pd.read_parquet(folder / "curves.parquet")
    curve = curves[curves["run"].astype(str) == wanted].drop(columns="run").dropna(axis=1, how="all")
    console.print(curve.to_string(index=False, max_rows=40), highlight=False)
    console.print(
        f"reproduce: python -m bench.run {folder.parent.name} --profile {folder.name} --out elsewhere", highlight=False
    )
