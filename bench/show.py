"""What people see in the terminal: lists of studies, plans, verdicts and single runs."""

import math
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from bench.errors import InputError
from bench.plan.cost import WORKING_SET, chunk_width
from bench.progress import STYLE, implementation
from bench.spec import Plan, Program, Study
from bench.spec.study import never

if TYPE_CHECKING:
    from bench.pipeline import Judged

WIDTH = 132
"""Columns of a table that is not shown in a terminal."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leaves it to the command, which knows the exit status."""
        raise BrokenPipeError


def _console() -> Console:
    return _Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)


def catalogue(studies: Sequence[Study], tour: Collection[str]) -> None:
    """The list of studies, their questions, the expected verdicts, and which of them the tour shows."""
    grid = Grid("id", "study", "family", "question", "expected", "tour")
    for study in studies:
        expected = ", ".join(dict.fromkeys(claim.expected for claim in study.claims))
        grid.add_row(study.id, study.name, study.family, study.title, expected, "yes" if study.name in tour else "")
    console = _console()
    console.print(grid)
    console.print(f"{len(studies)} studies. `python -m bench.run ID|STUDY|FAMILY|all` trains and judges them.")


def plans(found: Sequence[tuple[Study, Plan]], verbose: bool = False) -> None:
    """What would be trained: runs, programs, seconds and bytes."""
    grid = Grid("id", "study")
    for name in ("runs", "programs", "seconds", "result size"):
        grid.add_column(name, justify="right")
    for study, plan in found:
        row = (f"{plan.runs:,}", f"{len(plan.programs):,}", f"{plan.seconds:.0f}", f"{plan.bytes / 1e6:.1f} MB")
        grid.add_row(study.id, study.name, *row)
    console = _console()
    console.print(grid)
    runs, programs = sum(plan.runs for _, plan in found), sum(len(plan.programs) for _, plan in found)
    seconds = sum(plan.seconds for _, plan in found)
    text = f"{runs:,} runs -> {programs:,} programs, about {seconds:.0f} s on this machine if nothing is saved yet"
    how = "measured here" if all(plan.calibrated for _, plan in found) else "of a laptop with two cores"
    more = "; studies that refine their grid add to it" if any(study.refine is not never for study, _ in found) else ""
    console.print(f"{text}{more}. Seconds by constants {how} (python -m bench.doctor).", soft_wrap=True)
    for plan in (plan for _, plan in found if verbose):
        for program in plan.programs:
            axes = " ".join(f"{axis}={value}" for axis, value in program.static.items() if value is not None)
            size = f"{program.width} lanes, {program.chunk} together ({_why(program)}), {program.steps} steps"
            console.print(
                f"{program.key[:12]}: {size}, about {program.seconds:.1f} s: {axes}", soft_wrap=True, markup=False
            )


def _why(program: Program) -> str:
    """Why so many lanes are computed together."""
    if program.chunk != chunk_width(program.width, program.working_set):
        return "as asked for"
    touched = program.working_set
    size = f"{touched / 1e6:.2g} MB" if touched >= 1e5 else f"{touched / 1e3:.2g} kB"
    return f"each touches {size} in a step, and a core keeps {WORKING_SET / 1e6:.2g} MB close"


def verdicts(judged: "Sequence[Judged]", facts: dict[str, Any]) -> None:
    """The table that a run ends with, what could not be judged, and one line on what was done."""
    grid = Grid("id", "study", "implementation", "claim", "verdict", "expected", "seconds")
    for one in judged:
        impl = f"[{STYLE[one.impl]}]{implementation(one)}[/]" if one.study.id else ""  # one's own claims judge no code
        for index, claim in enumerate(one.study.claims):
            verdict, expected = one.claims[claim.id]
            style = "green" if verdict == expected else STYLE.get(verdict, "bold red") if expected else "cyan"
            first = (one.study.id, one.study.name, impl) if not index else ("", "", "")
            seconds = f"{one.seconds:.1f}" if not index else ""
            grid.add_row(*first, escape(claim.text), f"[{style}]{verdict}[/]", expected, seconds)
    console = _console()
    if grid.row_count:
        console.print(grid)
    for one in judged:
        if not one.study.id and not one.failed:
            outcome(one)
            for finding in one.findings:
                console.print(f"{finding.verdict}: {finding.quantity}: {finding.reason}.", soft_wrap=True, markup=False)
    for one in judged:
        conditional = [finding.region for finding in one.findings if finding.verdict == "CONDITIONAL"]
        for region in dict.fromkeys(filter(None, conditional)):  # a claim that is supported holds on the whole grid
            console.print(f"{one.study.id} holds where: {escape(region)}", soft_wrap=True)
    for one in judged:
        for reason in dict.fromkeys(finding.reason for finding in one.findings if finding.impl == "NOT RUN"):
            count = sum(finding.impl == "NOT RUN" and finding.reason == reason for finding in one.findings)
            text = f"{one.study.id}: {count} finding(s) NOT RUN: {reason}"
            console.print(f"[bold yellow]{escape(text)}[/]", soft_wrap=True)
    console.print(_summary(judged, facts), soft_wrap=True)


def shards(judged: "Sequence[Judged]", facts: dict[str, Any]) -> None:
    """What a shard did, and how to go on."""
    for one in judged:
        failed = f"; {one.failed} FAILED, the same command tries them again" if one.failed else ""
        print(f"{one.folder}: {one.trained:,} of the shard's {one.programs:,} programs trained now{failed}.")
    print(
        f"{facts['seconds']:.1f} s. Nothing is judged yet. Once all shards are there, in one folder or put together by"
        " `python -m bench.merge`, the same command without --shard trains what is missing, with further rounds where a"
        " study asks for them, and judges."
    )


def gradients(judged: "Sequence[Judged]") -> None:
    """For every network that was trained, whether its gradients vanish or explode."""
    from bench.gradients import findings

    console = _console()
    for one in judged:
        found = findings(one.evidence)
        if not found:
            console.print(f"{one.study.name}: no network of two hidden layers and more, or no probe `norms`.")
        for finding in found:
            console.print(finding.reason, soft_wrap=True, markup=False)


def outcome(one: "Judged") -> None:
    """What became of a grid of one's own: how its runs ended, and the configurations that did best."""
    from bench.outcome import best
    from bench.ranking.answer import answered, best_path
    from bench.ranking.said import show

    console, runs, found = _console(), one.evidence.runs, best(one.evidence.runs)
    counts = runs["status"].astype(str).value_counts().to_dict()
    lost = (
        f"; {found.never} of its {found.configurations:,} configurations have runs that diverged" if found.never else ""
    )
    lead = one.study.title if one.study.title.endswith(("?", ".", "!")) else f"{one.study.title}:"
    console.print(f"{lead} {', '.join(f'{count:,} runs {word}' for word, count in counts.items())}{lost}.")
    title = f"best of {found.configurations:,} configurations by {found.measure}: mean over seeds, 95 % interval"
    grid = Grid(*found.table.columns, title=title)
    for row in found.table.itertuples(index=False):
        grid.add_row(*(escape(_cell(*cell)) for cell in zip(found.table.columns, row, strict=True)))
    console.print(grid)
    if said := answered(one):
        show(said, console, best_path(one.folder, one.study.name))


def _cell(column: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):  # an option that the part of this row lacks
        return "full" if column == "batch_size" else ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _summary(judged: "Sequence[Judged]", facts: dict[str, Any]) -> str:
    if facts["trained"]:
        trained = f"{facts['trained']:,} of {facts['programs']:,} programs trained"
    else:
        trained = "nothing to do, all results were saved"
    folders = sorted({str(one.folder.parent.parent) for one in judged})
    where = f"Tables: {', '.join(folders)}/<study>/{judged[0].folder.name}/*.parquet."
    text = f"{facts['runs']:,} runs, {trained}, {facts['seconds']:.1f} s. {escape(where)}"
    unexpected = [one.study.id or one.study.name for one in judged if not one.as_expected and not one.failed]
    failed = sum(one.failed for one in judged)
    if failed:
        text += f" [bold red]{failed} program(s) FAILED[/]; the same command tries them again."
    elif unexpected:
        text += f" [bold red]NOT AS EXPECTED: {', '.join(unexpected)}.[/]"
    elif any(claim.expected for one in judged for claim in one.study.claims):
        text += " All as expected."
    return text + (f" [bold yellow]{facts['not_run']} finding(s) NOT RUN.[/]" if facts["not_run"] else "")


def run(wanted: str, out: Path) -> None:
    """One run: its configuration, its curve and how to reproduce it.

    Raises:
        InputError: no such run in the folder.
    """
    from bench.evidence import frame
    from bench.store import Folder

    key, _, lane = wanted.partition("-")
    found = sorted(out.glob(f"*/*/programs/{key}*.zip")) if key.isalnum() and lane else []
    if not found:
        raise InputError(f"no run {wanted!r} in {out}; the column `run` of the table `runs` has the names.")
    folder = Folder(found[0].parent.parent)
    tables = {name: frame(folder.merged(folder.saved(), name)) for name in ("runs", "curves")}
    own = {name: table[table["run"].astype(str) == wanted] for name, table in tables.items()}
    if own["runs"].empty:
        raise InputError(f"no run {wanted!r} in {folder.path}; its program {key} has others.")
    console, manifest = _console(), folder.manifest()
    grid = Grid("column", "value", title=f"run {wanted} of {manifest['name']} ({manifest['profile']})")
    for name, value in own["runs"].iloc[0].dropna().items():
        grid.add_row(str(name), escape(f"{value:.10g}" if isinstance(value, float) else str(value)))
    console.print(grid)
    curve = own["curves"].drop(columns="run").dropna(axis=1, how="all")
    console.print(curve.to_string(index=False, max_rows=40), soft_wrap=True, markup=False)
    console.print(f"reproduce: {_command(manifest)}", soft_wrap=True, markup=False)


def _command(manifest: dict[str, Any]) -> str:
    """The command that trains a run again, among the others of its program, which decide its last bits."""
    if not manifest["study"]:
        return f"bench.run_grid(grid, name={manifest['name']!r}, out='again') with the same grid"
    options = f" --seed {manifest['seed']}" if manifest["seed"] else ""
    options += f" --lanes {manifest['lanes']}" if manifest["lanes"] else ""
    options += " --parameters" if manifest["parameters"] else ""
    options += f" --platform {manifest['platform']}" if manifest["platform"] != "cpu" else ""
    return f"python -m bench.run {manifest['name']} --profile {manifest['profile']}{options} --out again"
