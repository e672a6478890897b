"""What goes by while studies run: a live bar in a terminal, plain lines elsewhere, or lines of JSON."""

import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from bench.events import Event, as_json

if TYPE_CHECKING:  # needs JAX, which --list does not
    from bench.pipeline import Judged

STYLE = {"PASS": "green", "FAIL": "bold red", "NOT RUN": "yellow"}


class Progress:
    """Listens to events, and says them."""

    def __init__(self, json: bool, verbose: bool) -> None:
        self.json, self.verbose = json, verbose
        self.console = Console(stderr=True, soft_wrap=True, highlight=False)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[left]}"))
        bars = Bars(TextColumn("{task.description}"), *columns, console=self.console, transient=True)
        self.bars = bars if self.console.is_terminal and not json else None
        self.task: Any = None
        self.began = time.monotonic()
        self.planned = self.estimated = 0.0  # seconds, of all programs to train and of those done
        self.runs = self.diverged = 0
        self.lowest: float | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars:
            self.bars.stop()

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if self.json:
            print(as_json(event), flush=True)
        else:
            getattr(self, f"_{event.kind}", lambda facts: None)(event.facts)

    def _plan(self, facts: dict[str, Any]) -> None:
        name = f"{facts['study']} {facts['name']}".strip()
        self.began, self.planned, self.estimated = time.monotonic(), facts["missing_seconds"], 0.0
        self.runs, self.diverged, self.lowest = 0, 0, None
        if not self.bars or self.verbose:
            todo = f"{facts['missing']:,} to train" if facts["missing"] else "nothing to do, all saved"
            self.console.print(f"{name}: {facts['runs']:,} runs in {facts['programs']:,} programs, {todo}")
        if self.bars:
            self.bars.start()
            if self.task is not None:
                self.bars.remove_task(self.task)
            self.task = self.bars.add_task(name, total=facts["missing"], left="")

    def _program(self, facts: dict[str, Any]) -> None:
        self.estimated += facts["estimated_seconds"]
        self.runs, self.diverged = self.runs + facts["runs"], self.diverged + facts["diverged"]
        self.lowest = min(
            (loss for loss in (self.lowest, facts["lowest_train_loss"]) if loss is not None), default=None
        )
        if self.bars and self.task is not None:
            self.bars.update(self.task, advance=1, left=self.stand(time.monotonic() - self.began))
        if self.verbose:
            seconds = "" if facts["seconds"] is None else f" in {facts['seconds']:.2f} s"
            diverged = f", {facts['diverged']:,} diverged" if facts["diverged"] else ""
            self.console.print(f"  program {facts['program']}: {facts['runs']:,} runs{seconds}{diverged}")

    def stand(self, seconds: float) -> str:
        """Where the study stands after so many seconds, in words."""
        words = [f"{self.runs / max(seconds, 1e-9):,.0f} runs/s"]
        words += [f"{self.diverged:,} diverged"] if self.diverged else []
        words += [f"lowest loss {self.lowest:.3g}"] if self.lowest is not None else []
        left = (self.planned - self.estimated) * seconds / max(self.estimated, 1e-9)  # as fast as until now
        return ", ".join([*words, f"about {left:.0f} s left"] if left >= 1 else words)

    def _finding(self, facts: dict[str, Any]) -> None:
        if self.verbose or facts["impl"] == "FAIL":
            word = facts["impl"] or facts["claim"]
            numbers = [f"{name} {facts[name]:.6g}" for name in ("measured", "predicted") if facts[name] is not None]
            text = ", ".join(part for part in (*numbers, facts["rule"], facts["reason"]) if part)
            text = f"{facts['quantity']}{': ' if text else ''}{text}"
            self.console.print(f"  [{STYLE.get(word, 'cyan')}]{word:11}[/] {escape(text)}")

    def _warning(self, facts: dict[str, Any]) -> None:
        self.console.print(f"[yellow]warning:[/] {escape(facts['message'])}")

    def _error(self, facts: dict[str, Any]) -> None:
        message = facts["message"] if self.verbose else facts["message"].splitlines()[0]
        self.console.print(f"[bold red]failed:[/] program {facts['program']}: {escape(message)}")

    def _audit(self, facts: dict[str, Any]) -> None:
        self.console.print(facts["text"])

    def judged(self, judged: "Judged") -> None:
        """Says what came of a study."""
        if not self.json and (not self.bars or self.verbose):
            words = [implementation(judged)] if judged.findings and judged.study.id else []
            words += [verdict for verdict, _ in judged.claims.values()]
            self.console.print(f"  {', '.join(words) or 'trained'} ({judged.seconds:.1f} s)")


def implementation(judged: "Judged") -> str:
    """The word for a study, and how much of it could not be judged."""
    others = [finding.impl for finding in judged.findings if finding.impl in ("PASS", "FAIL")]
    if judged.impl == "NOT RUN" and others:
        return f"PASS, {judged.not_run} NOT RUN"
    return judged.impl
