"""The fidelity audit: runs trained again alone, held against what they gave as lanes of a program."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.events import Event
from bench.measure import Compiler, execute
from bench.parts import Catalogue
from bench.pipeline import Judged
from bench.planning import Settings
from bench.spec import Parts, Program


def audit(judged: Judged, parts: Parts, settings: Settings, count: int) -> Event:
    """Reruns some runs of a study alone, one lane in one chunk on one device.

    Args:
        judged: the study; its runs are drawn evenly over its programs.
        parts: the registries.
        settings: how to run.
        count: how many runs.

    Returns:
        An `audit` event with the largest relative difference of final train losses (losses below rounding of the first
        one count as that rounding), the first checkpoint at which some curve parts by more than 1e-6, how many pairs of
        runs swap their order, and what a run took alone beside its share of the program's seconds.
    """
    catalogue, compiler = Catalogue(parts), Compiler(parts, settings.devices[:1])
    known, shares = judged.evidence.curves, judged.evidence.runs.set_index("run")["seconds"]
    pairs, parted, took = [], None, []
    alone = list(_alone(judged, count))
    for result in execute(alone, lambda p: catalogue.tables(p.static, p.lanes["seed"]), compiler):
        if result.outcome is None or result.ledger is None:
            continue
        solo = result.outcome.curves["train_loss"][0]
        before = known[known["run"].astype(str) == result.program.key]["train_loss"].to_numpy()
        difference = _difference(before, solo)
        if (difference > 1e-6).any():
            step = result.program.checkpoints[int(np.argmax(difference > 1e-6))]
            parted = step if parted is None else min(parted, step)
        took.append((result.ledger.run_seconds, float(shares[result.program.key])))
        if np.isfinite(before[-1]) and np.isfinite(solo[-1]):
            pairs.append((float(before[-1]), float(solo[-1]), difference[-1]))
    table = np.asarray(pairs).reshape(-1, 3)
    swapped = swaps(table[:, 0], table[:, 1])
    largest = float(table[:, 2].max()) if len(table) else 0.0
    text = f"audit: {len(table)} runs of {judged.study.id} alone: largest relative difference {largest:.2e}"
    text += f", order changed in {swapped} pairs"
    if parted is not None:
        text += f", first parted by more than 1e-6 at step {parted}"
    solo_seconds, shared_seconds = np.median(np.asarray(took).reshape(-1, 2), axis=0) if took else (0.0, 0.0)
    text += f"; a run took {solo_seconds:.2g} s alone, and {shared_seconds:.2g} s as its share (medians)"
    return Event(
        "audit",
        {
            "study": judged.study.id,
            "runs": len(table),
            "largest": largest,
            "swapped": swapped,
            "first_parted_step": parted,
            "solo_seconds": float(solo_seconds),
            "shared_seconds": float(shared_seconds),
            "text": text,
        },
    )


def _alone(judged: Judged, count: int) -> Iterator[Program]:
    """One run each of so many programs, both drawn at random, as programs of a single lane."""
    random = np.random.default_rng(0)
    for index in random.permutation(len(judged.plan))[:count]:
        program = judged.plan[index]
        lane = int(random.integers(program.width))
        own = slice(lane, lane + 1)
        yield dataclasses.replace(
            program,
            lanes={axis: values[own] for axis, values in program.lanes.items()},
            runs=program.runs[own],
            chunk=1,
            key=f"{program.key[:12]}-{lane:05d}",
        )


def _difference(before: NDArray[Any], solo: NDArray[Any]) -> NDArray[np.float64]:
    """Relative difference at every checkpoint, (checkpoints,); 0 where one of the losses is not finite."""
    floor = np.finfo(solo.dtype).eps * abs(float(before[0]))
    one, other = before.astype(np.float64), solo.astype(np.float64)
    both = np.isfinite(one) & np.isfinite(other)
    return np.where(both, np.abs(other - one) / np.maximum(np.abs(one), floor), 0)


def swaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """How many pairs of runs stand in another order, each counted once; (runs,) both."""
    return int(sum(np.sum((one < a) & (other > b)) for a, b in zip(one, other, strict=True)))
