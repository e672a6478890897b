"""What is kept between runs: compiled programs, one folder per machine and compiler version, and the page's library."""

import contextlib
import hashlib
import importlib
import importlib.metadata
import os
import platform
import tempfile
import zlib
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
        write(path, text)
    return text


def write(path: Path, text: str) -> None:
    """Writes a file of the cache, of which nobody sees a half.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def compile_cache() -> str | None:
    """The folder of the persistent compilation cache; None where DESCENTBENCH_CACHE is `off`.

    Compiled code depends on the processor, so the folder's name carries a hash of what the kernel says about it.
    """
    root = _root()
    if root is None:
        return None
    return str(root / f"jaxlib-{importlib.metadata.version('jaxlib')}-{_machine()}")


def costs_file() -> Path | None:
    """What `bench.doctor --calibrate` found work to cost on this machine; None where DESCENTBENCH_CACHE is `off`."""
    root = _root()
    return root and root / f"costs-{_machine()}.json"


def mended() -> int:
    """Removes the entries of the compile cache that cannot be unpacked, such as those that a kill left half-written.

    JAX warns of such an entry at every use, and never replaces it.

    Returns:
        How many there were.
    """
    folder = compile_cache()
    broken = [path for path in Path(folder).glob("*-cache") if not _unpacks(path)] if folder else []
    for path in broken:
        path.unlink(missing_ok=True)
    return len(broken)


def _unpacks(path: Path) -> bool:
    """Whether an entry is whole: compressed with Zstandard where JAX finds it, else with zlib, which has a checksum."""
    try:
        data = path.read_bytes()
        if data.startswith(_ZSTANDARD):
            importlib.import_module("zstandard").ZstdDecompressor().decompress(data)
        else:
            zlib.decompress(data)
    except Exception:  # of either library, or no such library, which JAX would need as well
        return False
    return True


_ZSTANDARD = b"\x28\xb5\x2f\xfd"


def _root() -> Path | None:
    chosen = os.environ.get("DESCENTBENCH_CACHE", "")
    if chosen == "off":
        return None
    return Path(chosen or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "descentbench"


def _machine() -> str:
    """A name for the processor; homes are shared between hosts."""
    return hashlib.sha256(f"{platform.machine()}|{platform.processor()}|{_flags()}".encode()).hexdigest()[:12]


def _flags() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
