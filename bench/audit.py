"""The fidelity audit: runs trained again alone, held against what they gave as lanes of a program."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bench.events import Event
from bench.measure import Compiler, execute
from bench.parts import Catalogue
from bench.pipeline import Judged, Settings
from bench.spec import Parts


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
    catalogue = Catalogue(parts)
    random = np.random.default_rng(0)
    programs = [judged.plan[i] for i in random.permutation(len(judged.plan))[:count]]
    alone = []
    for program in programs:
        lane = int(random.integers(program.width))
        lanes = {axis: values[lane : lane + 1] for axis, values in program.lanes.items()}
        alone.append(
            dataclasses.replace(
                program, lanes=lanes, runs=program.runs[lane : lane + 1], chunk=1, key=f"{program.key[:12]}-{lane:05d}"
            )
        )
    known, shares = judged.evidence.curves, judged.evidence.runs.set_index("run")["seconds"]
    pairs, parted, took = [], None, []
    compiler = Compiler(parts, settings.devices[:1])
    done = execute(alone, lambda p: catalogue.tables(p.static, p.lanes["seed"]), compiler)
    for result in done:
        if result.outcome is None:
            continue
        rounding = np.finfo(result.outcome.curves["train_loss"].dtype).eps
        solo = result.outcome.curves["train_loss"][0].astype(np.float64)
        before = known[known["run"].astype(str) == result.program.key]["train_loss"].to_numpy().astype(np.float64)
        both = np.isfinite(solo) & np.isfinite(before)
        difference = np.where(both, np.abs(solo - before) / np.maximum(np.abs(before), rounding * np.abs(before[0])), 0)
        if (difference > 1e-6).any():
            step = result.program.checkpoints[int(np.argmax(difference > 1e-6))]
            parted = step if parted is None else min(parted, step)
        assert result.ledger is not None
        took.append((result.ledger.run_seconds, float(shares[result.program.key])))
        if both[-1]:
            pairs.append((before[-1], solo[-1], difference[-1]))
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


def swaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """How many pairs of runs stand in another order, each counted once; (runs,) both."""
    return int(sum(np.sum((one < a) & (other > b)) for a, b in zip(one, other, strict=True)))
