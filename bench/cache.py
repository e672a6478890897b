"""Where compiled programs are kept between runs: one folder per machine and compiler version."""

import hashlib
import importlib.metadata
import os
import platform
from pathlib import Path


def compile_cache() -> str | None:
    """The folder of the persistent compilation cache; None where DESCENTBENCH_CACHE is `off`.

    Compiled code depends on the processor, so the folder's name carries a hash of what the kernel says about it.
    """
    chosen = os.environ.get("DESCENTBENCH_CACHE", "")
    if chosen == "off":
        return None
    root = Path(chosen or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "descentbench"
    machine = hashlib.sha256(f"{platform.machine()}|{platform.processor()}|{_flags()}".encode()).hexdigest()[:12]
    return str(root / f"jaxlib-{importlib.metadata.version('jaxlib')}-{machine}")


def _flags() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
