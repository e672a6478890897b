"""Ratios in the terminal and on disk."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.errors import InputError
from bench.peers.compare import Ratio


def require_torch() -> None:
    """Says how to get PyTorch where it is missing."""
    if importlib.util.find_spec("torch") is None:
        raise InputError("PyTorch is not installed; `pip install -c constraints.txt -e '.[peers]'` brings it.")


def line(ratio: Ratio) -> None:
    """One comparison as a line."""
    with_compile = "compilation included" if ratio.compile_included else "compiled before"
    scaled = ", extrapolated" if ratio.extrapolated else ""
    print(
        f"{ratio.cell:18} {ratio.peer:13} {ratio.ratio_median:8.1f}x [{ratio.ratio_low:.1f}, {ratio.ratio_high:.1f}]"
        f"  ours {ratio.ours_seconds:.3g} s, peer {ratio.peer_seconds:.3g} s ({with_compile}{scaled})",
        flush=True,
    )


def save(found: Sequence[Ratio], path: Path) -> None:
    """The ratios as a table; rows of other cells that are there stay."""
    new = pd.DataFrame(found, columns=list(Ratio._fields))
    if path.exists():
        old = pd.read_csv(path)
        measured = set(zip(new["cell"], new["peer"], strict=True))
        kept = [pair not in measured for pair in zip(old["cell"], old["peer"], strict=True)]
        new = pd.concat([old[kept], new], ignore_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    new.to_csv(partial, index=False)
    partial.replace(path)
