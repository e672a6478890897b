"""What is looked at before anything is compiled: folders, room on the disk, and memory for the largest program."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.errors import InputError
from bench.plan import Room, memory_of
from bench.spec import Plan, Program
from bench.store import Folder, study_folder


def existing(folder: Path) -> Path:
    """A folder, or the nearest one above that is there."""
    folder = folder.resolve()
    while not folder.exists():
        folder = folder.parent
    return folder


def folders(root: Path, names: Iterable[str], profile: str) -> None:
    """Makes sure that the folders of all studies can be written, before the first of them is trained.

    Args:
        root: of the results.
        names: of the studies.
        profile: of the run.

    Raises:
        InputError: one cannot, or holds what this version cannot read.
    """
    for name in names:
        folder = study_folder(root, name, profile)
        there = existing(folder)
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            reason = "Permission denied" if there.is_dir() else "Not a directory"
            raise InputError(f"cannot write {there}: {reason}; choose another folder with --out.")
        if (folder / "manifest-0.json").exists():
            Folder(folder).manifest()


def free_memory() -> float | None:
    """Bytes of memory that are free, of the host and of the container; None where the system does not say."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = 1024.0 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return None
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (most := limit.read_text().strip()).isdigit():
        free = min(free, float(most))
    return free


def memory_limit(devices: Sequence[Any]) -> float | None:
    """Bytes that programs on these devices may take: of all GPUs, or free in this host; None where nothing says."""
    stats = devices[0].memory_stats() if devices and devices[0].platform != "cpu" else None
    return float(stats["bytes_limit"] * len(devices)) if stats else free_memory()


def share(devices: Sequence[Any], workers: int = 0) -> Room | None:
    """The memory and the devices that a program may have where so many of them train side by side on this host."""
    limit, several = memory_limit(devices), max(workers, 1)
    return None if limit is None else Room(limit / several, max(1, len(devices) // several))


def room(folder: Path, programs: Sequence[Program], devices: Sequence[Any], workers: int = 0) -> None:
    """Makes sure that there is room for programs that are to be trained on this host.

    Args:
        folder: of the study.
        programs: what is missing.
        devices: JAX's, for all workers together.
        workers: processes that train side by side.

    Raises:
        InputError: the disk is too small for their tables, or the memory for the largest of them.
    """
    if not programs:
        return
    needed, free = Plan(tuple(programs), 0).bytes, shutil.disk_usage(existing(folder)).free
    if needed > free:
        raise InputError(
            f"{folder}: the tables need about {_size(needed)}, and the disk has {_size(free)} free; make room, or"
            " choose another folder with --out."
        )
    spread = max(1, len(devices) // max(workers, 1))
    largest = sorted(programs, key=lambda program: -memory_of(program, spread))[: max(workers, 1)]
    together = sum(memory_of(program, spread) for program in largest)
    limit = memory_limit(devices)
    if limit is not None and together > limit:
        first = largest[0]
        fewer = " or fewer --workers" if workers > 1 else ""
        raise InputError(
            f"program {first.key[:12]} ({first.width:,} runs, {first.chunk} computed together) needs about"
            f" {_size(memory_of(first, spread))} of memory, and {_size(limit)} are free: give a smaller"
            f" --lanes{fewer}, or fewer seeds, steps or checkpoints."
        )


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
