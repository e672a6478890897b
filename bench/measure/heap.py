"""When memory is looked through and given back: by Python's collector of cycles, and by the C library (glibc only)."""

import contextlib
import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt: bytes at the end of the heap that are given back; bytes from which a block is mapped alone."""

MOST_MAPPED = 32 << 20
"""To which glibc lets the second of them grow by itself, and the first to twice of it (mallopt, Linux manual, 2023)."""

OF_DASK = "65536"


_lock = threading.Lock()
_resting: list[bool] = []  # one per thread that is within `uncollected`: whether the collector was on when it began


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No cycles are looked for: what tracing makes is in use until it ends, and to go through it takes time."""
    with _lock:
        _resting.append(_resting[0] if _resting else gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            if _resting.pop() and not _resting:
                gc.enable()


def give_back() -> None:
    """Looks for cycles, and returns free memory to the system."""
    gc.collect()
    if trim := _function("malloc_trim"):
        trim(0)


def keep() -> None:
    """Keeps freed memory for the next step, where Dask has it returned at once; what a user has set stays.

    Dask gives its workers MALLOC_TRIM_THRESHOLD_=65536, which also keeps glibc from adapting: every buffer of a step is
    then mapped anew, page by page.
    """
    if os.environ.get("MALLOC_TRIM_THRESHOLD_") == OF_DASK and (set_option := _function("mallopt")):
        set_option(M_MMAP_THRESHOLD, MOST_MAPPED)
        set_option(M_TRIM_THRESHOLD, 2 * MOST_MAPPED)


def _function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
