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
        An `audit` event with the largest relative difference of final train losses, the first checkpoint at which
        some curve parts by more than 1e-6, and how many pairs of runs swap their order.
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
    known = judged.evidence.curves
    pairs, parted = [], None
    compiler = Compiler(parts, settings.devices[:1])
    done = execute(alone, lambda p: catalogue.tables(p.static, p.lanes["seed"]), compiler)
    for result in done:
        if result.outcome is None:
            continue
        solo = result.outcome.curves["train_loss"][0].astype(np.float64)
        before = known[known["run"].astype(str) == result.program.key]["train_loss"].to_numpy().astype(np.float64)
        both = np.isfinite(solo) & np.isfinite(before)
        difference = np.where(both, np.abs(solo - before) / np.maximum(np.abs(before), 1e-30), 0)
        if (difference > 1e-6).any():
            step = result.program.checkpoints[int(np.argmax(difference > 1e-6))]
            parted = step if parted is None else min(parted, step)
        if both[-1]:
            pairs.append((before[-1], solo[-1], difference[-1]))
    table = np.asarray(pairs).reshape(-1, 3)
    swapped = swaps(table[:, 0], table[:, 1])
    largest = float(table[:, 2].max()) if len(table) else 0.0
    text = f"audit: {len(table)} runs of {judged.study.id} alone: largest relative difference {largest:.2e}"
    text += f", order changed in {swapped} pairs"
    if parted is not None:
        text += f", first parted by more than 1e-6 at step {parted}"
    return Event(
        "audit",
        {
            "study": judged.study.id,
            "runs": len(table),
            "largest": largest,
            "swapped": swapped,
            "first_parted_step": parted,
            "text": text,
        },
    )


def swaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """How many pairs of runs stand in another order, each counted once; (runs,) both."""
    return int(sum(np.sum((one < a) & (other > b)) for a, b in zip(one, other, strict=True)))
