"""Curves of runs as event files of TensorBoard."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.errors import InputError, unknown
from bench.outcome import varied

if TYPE_CHECKING:
    from bench.spec.evidence import Frame

MOST = 1000
"""Runs of a study that get a file; TensorBoard itself bears no more."""

PROGRESS = ("run", "step", "epoch", "samples", "gradient_evaluations", "flops", "seconds")


def check(tracker: str) -> None:
    """Says what is wrong with a tracker before anything is trained.

    Raises:
        InputError: an unknown tracker, or its library is not installed.
    """
    if tracker not in TRACKERS:
        raise unknown("tracker", tracker, TRACKERS)
    if importlib.util.find_spec("tensorboardX") is None:
        raise InputError("tensorboardX is not installed; `pip install -c constraints.txt -e '.[track]'` brings it.")


def tensorboard(runs: "Frame", curves: "Frame", folder: Path) -> str:
    """Writes a file per run, `<folder>/tensorboard/<run>/`, with every curve over steps and the axes that vary.

    Files of an earlier call are replaced.

    Args:
        runs, curves: tables of one study.
        folder: of its results.

    Returns:
        What was written, in one sentence.
    """
    import shutil

    from tensorboardX import SummaryWriter

    root = folder / "tensorboard"
    shutil.rmtree(root, ignore_errors=True)
    axes = [*varied(runs), "seed"]
    chosen = runs.head(MOST)
    names = [name for name in curves.columns if curves[name].dtype.kind == "f" and name not in (*PROGRESS, *axes)]
    points = dict(iter(curves.groupby("run", observed=True, sort=False)))
    for one in chosen.to_dict("records"):
        with SummaryWriter(str(root / str(one["run"])), write_to_disk=True) as writer:
            writer.add_text("configuration", ", ".join(f"{axis} = {one[axis]}" for axis in axes))
            own = points[one["run"]]
            for name in names:
                for step, value in zip(own["step"], own[name], strict=True):
                    if np.isfinite(value):
                        writer.add_scalar(name, value, int(step))
    left = f"; {len(runs) - len(chosen):,} more runs were left out" if len(runs) > len(chosen) else ""
    return f"wrote {len(chosen):,} runs for `tensorboard --logdir {root}`{left}."


TRACKERS: dict[str, Callable[["Frame", "Frame", Path], str]] = {"tensorboard": tensorboard}
