"""What is kept between runs: compiled programs, one folder per machine and compiler version, and the page's library."""

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path


def kept(name: str, make: Callable[[], str]) -> str:
    """A text that takes seconds to make: read from the cache where it is, else made and put there.

    Args:
        name: of the file; says everything that the text depends on.
        make: the text.
    """
    root = _root()
    if root is None:
        return make()
    path = root / name
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    text = make()
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=root, encoding="utf-8", delete=False) as file:
            file.write(text)
        os.replace(file.name, path)
    return text


def compile_cache() -> str | None:
    """The folder of the persistent compilation cache; None where DESCENTBENCH_CACHE is `off`.

    Compiled code depends on the processor, so the folder's name carries a hash of what the kernel says about it.
    """
    root = _root()
    if root is None:
        return None
    machine = hashlib.sha256(f"{platform.machine()}|{platform.processor()}|{_flags()}".encode()).hexdigest()[:12]
    return str(root / f"jaxlib-{importlib.metadata.version('jaxlib')}-{machine}")


def _root() -> Path | None:
    chosen = os.environ.get("DESCENTBENCH_CACHE", "")
    if chosen == "off":
        return None
    return Path(chosen or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "descentbench"


def _flags() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
