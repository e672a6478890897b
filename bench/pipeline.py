"""One study from its grids to its findings: plan, train, commit, refine, judge. The stages meet here only."""

import dataclasses
import importlib.metadata
import platform
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from bench import evidence as tables_of
from bench.early import room
from bench.errors import InputError, named
from bench.events import Event, Listener
from bench.measure import Compiler, Executor, InProcess
from bench.parts import Catalogue
from bench.plan import Shard
from bench.planning import Settings, answerable, grids_of, part, plan_of
from bench.spec import Evidence, Finding, Outcome, Parts, Plan, Program, Study
from bench.stats import as_expected, verdicts, worst
from bench.store import TABLES, Folder, findings_table, program_tables, study_folder

if TYPE_CHECKING:  # its workers know this module
    from bench.cluster import OnDask

MOST_ROUNDS = 6


@dataclasses.dataclass(frozen=True)
class Judged:
    """What came of a study."""

    study: Study
    evidence: Evidence
    findings: tuple[Finding, ...]
    folder: Path
    plan: tuple[Program, ...]
    runs: int
    programs: int
    trained: int
    failed: int
    seconds: float

    @property
    def impl(self) -> str:
        """PASS, FAIL or NOT RUN."""
        return worst(self.findings)

    @property
    def claims(self) -> Mapping[str, tuple[str, str]]:
        """Claim id -> (verdict, expected); a claim that no finding judged is NOT RUN."""
        return verdicts(self.study.claims, self.findings)

    @property
    def not_run(self) -> int:
        """How many findings could not be had, each with its reason."""
        return sum(finding.impl == "NOT RUN" for finding in self.findings)

    @property
    def as_expected(self) -> bool:
        """No implementation failure, and every claim as the catalogue says, or not judged for a reason that is said."""
        return as_expected(self.study.claims, self.findings)


# One thread: the matrices of grids and theory are small, and threads of BLAS beside busy cores slow them down.
@threadpool_limits.wrap(limits=1, user_api="blas")
def run_study(
    study: Study,
    parts: Parts,
    settings: Settings,
    tell: Listener = lambda event: None,
    executor: Executor | None = None,
) -> Judged:
    """Runs a study: only what is missing is trained, then everything is judged.

    Args:
        study: the question.
        parts: the registries, a mutant's or a user's among them.
        settings: how to run.
        tell: is told of every event.
        executor: of the same parts, for several studies to share what it has compiled; this process unless given.

    Returns:
        The evidence and the findings.

    Raises:
        InputError: bad input, before anything is compiled.
    """
    start = time.perf_counter()
    catalogue = Catalogue(parts)
    executor = executor or InProcess(Compiler(parts, settings.devices), settings.timed)
    assert executor.parts is parts, "an executor keeps compiled programs of its own parts"
    folder = Folder(study_folder(settings.out, study.name, settings.profile))
    grids, round_ = grids_of(study, catalogue, settings), 0
    everything: list[Program] = []
    runs = programs = trained = failed = 0
    while grids and round_ <= MOST_ROUNDS:
        whole = plan_of(grids, catalogue, settings, folder, round_)
        if not round_:
            answerable(study, whole, catalogue)
        now = part(whole, settings)
        if now.seconds > settings.most_seconds:
            raise InputError(
                f"{study.name}: about {now.seconds:.0f} s for {now.runs:,} runs; add --yes to go on, or see --dry-run."
            )
        if not settings.cluster:
            saved = set(folder.saved(program.key for program in now.programs))
            missing = [program for program in now.programs if program.key not in saved]
            room(folder.path, missing, settings.devices, settings.workers)
        folder.open(_manifest(study, settings, whole, catalogue), round_)
        done, lost = _train(study, now, catalogue, executor, folder, settings, tell)
        everything += now.programs
        runs, programs, trained, failed = runs + now.runs, programs + len(now.programs), trained + done, failed + lost
        if settings.shard:  # what comes next needs the programs of all shards
            return _unjudged(study, catalogue, settings.shard, folder, now, done, lost, time.perf_counter() - start)
        if lost:
            break  # refining and judging half of a grid would mislead
        found = tables_of.read(folder, [program.key for program in everything], catalogue.lookup)
        grids, round_ = study.refine(found, round_), round_ + 1
    keys = folder.saved(program.key for program in everything)
    evidence = tables_of.read(folder, keys, catalogue.lookup)
    findings = _judge(study, evidence, failed)
    table = findings_table(study.id, study.name, findings, {c.id: c.expected for c in study.claims})
    folder.derive("findings", table.replace_schema_metadata({"title": study.title}))
    for finding in findings:
        tell(finding_event(study, finding))
    seconds = time.perf_counter() - start
    return Judged(study, evidence, findings, folder.path, tuple(everything), runs, programs, trained, failed, seconds)


def _unjudged(
    study: Study, catalogue: Catalogue, shard: Shard, folder: Folder, now: Plan, done: int, lost: int, seconds: float
) -> Judged:
    """What came of a shard: trained, and not judged, which is said."""
    reason = f"shard {shard} is a part; the same command without --shard, once all are there, goes on and judges"
    judged = [(claim.text, claim.id) for claim in study.claims] or [(study.title, None)]
    findings = tuple(Finding(text, None, None, "", "NOT RUN", claim=id_, reason=reason) for text, id_ in judged)
    nothing = tables_of.evidence(dict.fromkeys(TABLES, pd.DataFrame()), catalogue.lookup)
    counts = (now.runs, len(now.programs), done, lost)
    return Judged(study, nothing, findings, folder.path, now.programs, *counts, seconds)


def _judge(study: Study, evidence: Evidence, failed: int) -> tuple[Finding, ...]:
    if failed:
        reason = f"{failed} program(s) crashed; run the command again to try them once more"
        return (Finding(study.title, None, None, "", "NOT RUN", reason=reason),)
    try:
        return tuple(study.judge(evidence))
    except Exception as error:  # results are saved, other studies go on
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"judging it failed: {named(error)} ({Path(where.filename).name}, line {where.lineno})"
        return (Finding(study.title, None, None, "", "FAIL", reason=reason),)


def _train(
    study: Study,
    now: Plan,
    catalogue: Catalogue,
    executor: Executor,
    folder: Folder,
    settings: Settings,
    tell: Listener,
) -> tuple[int, int]:
    """Trains what is missing; returns how many programs were trained and how many of them failed."""
    missing = [program for program in now.programs if not folder.has(program.key)]
    facts = {"runs": now.runs, "programs": len(now.programs), "missing": len(missing)}
    seconds = {"seconds": now.seconds, "missing_seconds": sum(program.seconds for program in missing)}
    tell(Event("plan", {"study": study.id, "name": study.name, **facts, **seconds}))

    def tables(program: Program) -> Any:
        return catalogue.tables(program.static, program.lanes["seed"])

    elsewhere = settings.commit == "worker"
    if elsewhere:
        executor = cast("OnDask", executor).saving_to(folder.path)
    trained = failed = 0
    for done in executor(missing, tables):
        if done.error or not elsewhere:
            rows = catalogue.tables(done.program.static, done.program.lanes["seed"][:1])[0].rows
            folder.commit(done.program.key, program_tables(done.program, done.outcome, done.ledger, rows, done.error))
        trained += 1
        tell(
            Event(
                "program",
                {
                    "study": study.id,
                    "program": done.program.key[:12],
                    "runs": done.program.width,
                    **_ends(done.outcome),
                    "seconds": done.ledger.run_seconds if done.ledger else None,
                    "estimated_seconds": done.program.seconds,
                },
            )
        )
        if done.error:
            failed += 1
            tell(Event("error", {"study": study.id, "program": done.program.key[:12], "message": done.error}))
            if settings.fail_fast:
                break
    return trained, failed


def _ends(outcome: Outcome | None) -> dict[str, Any]:
    """How the runs of a program ended: how many diverged, and the lowest train loss at the last checkpoint."""
    if outcome is None:
        return {"diverged": 0, "lowest_train_loss": None}
    ends = outcome.curves["train_loss"][:, -1]
    lowest = min((float(end) for end in ends if np.isfinite(end)), default=None)
    return {"diverged": int((outcome.runs["first_bad_step"] >= 0).sum()), "lowest_train_loss": lowest}


def _manifest(study: Study, settings: Settings, now: Plan, catalogue: Catalogue) -> dict[str, Any]:
    own = [facts for program in now.programs if (facts := catalogue.facts(program.static))]
    data = [facts for number, facts in enumerate(own) if facts not in own[:number]]
    sometimes = ({"data": data} if data else {}) | ({"room": list(now.room)} if now.room else {})
    return sometimes | {
        "study": study.id,
        "name": study.name,
        "profile": settings.profile,
        "seed": settings.seed,
        "lanes": settings.lanes,
        "parameters": settings.parameters,
        "code": catalogue.parts.hash,
        "runs": now.runs,
        "programs": [program.key for program in now.programs],
        "versions": versions(),
        "platform": settings.devices[0].platform if settings.devices else "cpu",
        "device": settings.devices[0].device_kind if settings.devices else "cpu",
    }


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    names = ("jax", "jaxlib", "optax", "numpy", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def finding_event(study: Study, finding: Finding) -> Event:
    """What is told of a finding."""
    expected = {claim.id: claim.expected for claim in study.claims}.get(finding.claim or "") or None
    facts = {
        "study": study.id,
        "name": study.name,
        "quantity": finding.quantity,
        "measured": finding.measured,
        "predicted": finding.predicted,
        "rule": finding.rule,
        "impl": finding.impl,
        "claim": finding.verdict,
        "claim_id": finding.claim,
        "expected": expected,
        "reason": finding.reason,
    }
    return Event("finding", facts)
