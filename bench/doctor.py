"""`python -m bench.doctor`: looks at what the suite runs on, and says of each thing that it is well, or what to do.

The last check trains: gradient descent on quadratic surfaces, held against its closed form. `--json` prints the same
for a bug report. `--calibrate` measures instead what work costs here, which estimates go by from then on; it takes
about a minute, and wants a machine that does nothing else. Exit status: 0 all well, 1 something is not, 2 bad input.
"""

import dataclasses
import importlib.util
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    from bench.plan import Constants

LEAST_MEMORY, LEAST_DISK = 2e9, 1e9
SELF_TEST = "quadratic_modes"


class Check(NamedTuple):
    """What was looked at.

    Attributes:
        name: of the thing.
        found: what it is like.
        remedy: what to do about it; empty where it is well.
    """

    name: str
    found: str
    remedy: str = ""


@dataclasses.dataclass(frozen=True)
class Options:
    """Looks at the installation and the machine."""

    out: Path = Path("results")
    """Folder that results would be written to."""
    json: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Print one JSON object."""
    calibrate: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Measure what work costs on this machine, and keep it for the estimates of --dry-run."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _look, arguments, "doctor", __doc__)


def _look(options: Options) -> int:
    if options.calibrate:
        return _calibrate(options.json)
    found = []
    for check in CHECKS:
        one = check(options.out)
        found.append(one)
        if not options.json:
            print(f"{'ok ' if not one.remedy else '** '} {one.name:11} {one.found}", flush=True)
            if one.remedy:
                print(f"{'':15} {one.remedy}", flush=True)
        if one.name == "modules" and one.remedy:
            break  # nothing else could be imported
    if options.json:
        print(json.dumps({one.name: {"ok": not one.remedy, "found": one.found, "remedy": one.remedy} for one in found}))
    return int(any(one.remedy for one in found))


def _calibrate(as_json: bool) -> int:
    """Measures what work costs, and says what that makes of the estimate for a program that was measured as well."""
    from bench import train
    from bench.calibration import calibrate

    found = calibrate(train.configure())
    if as_json:
        facts = {"constants": found.constants._asdict(), "measured_seconds": found.measured}
        print(json.dumps(facts | {"estimated_before": found.before, "estimated_after": found.after}))
        return 0
    print(_costs(found.constants))
    print(f"a program that they were not fitted to took {found.measured:.2f} s,")
    print(f"and was estimated to take {found.before:.2f} s before, and {found.after:.2f} s by these constants.")
    return 0


def _costs(constants: "Constants") -> str:
    rates = f"{1e-9 / constants.operation:.3g} GFLOP/s, {1e-9 / constants.thin_operation:.3g} in thin batches"
    compiling = f"{constants.program:.2g} s to compile a program and {constants.layer:.2g} s a layer"
    return f"{rates}; {1e6 * constants.launch:.2g} us a kernel; {compiling}"


def python(out: Path) -> Check:
    """The interpreter."""
    right = (3, 11) <= sys.version_info[:2] <= (3, 13)
    found = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Check("python", found, "" if right else "use Python 3.11, 3.12 or 3.13")


def packages(out: Path) -> Check:
    """The libraries that decide the numbers."""
    from bench.pipeline import versions

    return Check("packages", ", ".join(f"{name} {version}" for name, version in versions().items() if name != "python"))


def shadows(out: Path) -> Check:
    """Whether `models` is the suite's: `python -m` looks in the current folder first."""
    found = importlib.util.find_spec("models")
    there = Path((found and found.origin) or "nowhere").parent.parent
    own = Path(__file__).parent.parent
    remedy = f"{there / 'models'} hides the suite's; use the command `descentbench`, or another current folder"
    return Check("modules", f"bench and models in {own}", "" if own == there else remedy)


def devices(out: Path) -> Check:
    """What lanes are spread over."""
    from bench import train

    try:
        found = train.configure()
    except InputError as error:
        return Check("devices", "none", str(error))
    kinds = [f"{device.platform} ({device.device_kind})" for device in found]
    return Check("devices", ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds)))


def cores(out: Path) -> Check:
    """Cores that this process may use, by its affinity and by the quota of its container."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _quota(Path("/sys/fs/cgroup/cpu.max"))
    found = f"{usable} of {os.cpu_count()}" + (f", {share:g} by the container's quota" if share else "")
    remedy = f"cores are shared out: give --devices {max(1, int(share))}" if share and share < usable - 0.01 else ""
    return Check("cores", found, remedy)


def _quota(path: Path) -> float | None:
    try:
        quota, period = path.read_text().split()[:2]
        return None if quota == "max" else float(quota) / float(period)
    except (OSError, ValueError):
        return None


def memory(out: Path) -> Check:
    """Memory that is free, of the host and of the container."""
    from bench.early import free_memory

    free = free_memory()
    if free is None:
        return Check("memory", "not known on this system")
    remedy = f"the catalogue wants {LEAST_MEMORY / 1e9:g} GB: close something, or train fewer runs at once with --lanes"
    return Check("memory", f"{free / 1e9:.1f} GB free", "" if free >= LEAST_MEMORY else remedy)


def settings(out: Path) -> Check:
    """Variables of the environment that change how JAX compiles and where."""
    names = [name for name in sorted(os.environ) if name.startswith(("XLA_", "JAX_", "DESCENTBENCH_"))]
    return Check("settings", ", ".join(f"{name}={os.environ[name]}" for name in names) or "none")


def cache(out: Path) -> Check:
    """Where compiled programs are kept."""
    from bench.cache import compile_cache

    folder = compile_cache()
    if folder is None:
        return Check("cache", "off, by DESCENTBENCH_CACHE")
    size = sum(path.stat().st_size for path in Path(folder).glob("**/*") if path.is_file())
    remedy = _unwritable(Path(folder))
    return Check("cache", f"{folder}, {size / 1e6:.0f} MB", f"{remedy}; set DESCENTBENCH_CACHE" if remedy else "")


def disk(out: Path) -> Check:
    """Room for results."""
    from bench.early import existing

    free = shutil.disk_usage(existing(out)).free
    remedy = "" if free >= LEAST_DISK else "make room, or choose another folder with --out"
    return Check("disk", f"{free / 1e9:.0f} GB free at {out.resolve()}", remedy)


def writing(out: Path) -> Check:
    """Whether results can be published: written, flushed, and linked under their name."""
    remedy = _unwritable(out)
    return Check("writing", f"{out.resolve()}", f"{remedy}; choose another folder with --out" if remedy else "")


def _unwritable(folder: Path) -> str:
    """Why a file cannot be written, flushed and linked in a folder, or in the one that it would be made in."""
    from bench.early import existing

    try:
        with tempfile.TemporaryDirectory(dir=existing(folder), prefix=".doctor-") as scratch:
            path = Path(scratch) / "file"
            with path.open("wb") as file:
                file.write(b"x")
                file.flush()
                os.fsync(file.fileno())
            os.link(path, path.with_suffix(".linked"))
    except OSError as error:
        return f"cannot write there: {error.strerror}"
    return ""


def clock(out: Path) -> Check:
    """Whether seconds can be measured, and whether this process sees the time that the file system does."""
    resolution = time.get_clock_info("perf_counter").resolution
    with tempfile.NamedTemporaryFile() as file:
        off = abs(time.time() - os.stat(file.name).st_mtime)
    remedy = "" if resolution <= 1e-6 else "seconds of short programs are not to be trusted here"
    remedy = f"the clock is {off:.0f} s off that of the file system: set it" if off > 10 else remedy
    return Check("clock", f"resolution {resolution:.0e} s", remedy)


def estimates(out: Path) -> Check:
    """What the seconds of --dry-run are estimated by."""
    from bench import train
    from bench.calibration import constants
    from bench.plan import TYPICAL

    own = constants(train.configure())
    how = (
        "of a laptop with two cores; --calibrate measures those of this machine" if own is TYPICAL else "measured here"
    )
    return Check("estimates", f"{_costs(own)}: constants {how}")


def self_test(out: Path) -> Check:
    """Gradient descent on quadratic surfaces, against its closed form."""
    from bench import studies, train
    from bench.parts import default_parts
    from bench.pipeline import run_study
    from bench.planning import Settings

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        own = Settings("cell", Path(scratch), tuple(train.configure()))
        judged = run_study(studies.get(SELF_TEST), default_parts(), own)
    worst = [f"{one.quantity}: {one.measured}, not {one.predicted}" for one in judged.findings if one.impl == "FAIL"]
    found = f"{judged.study.id} {SELF_TEST}: {judged.impl} in {time.perf_counter() - start:.1f} s"
    remedy = f"numbers are wrong here: {worst[0]}; send this to the developers" if worst else ""
    return Check("self-test", found, remedy if judged.impl != "PASS" else "")


CHECKS: tuple[Callable[[Path], Check], ...] = (
    python,
    shadows,
    packages,
    devices,
    cores,
    memory,
    settings,
    cache,
    disk,
    writing,
    clock,
    estimates,
    self_test,
)


if __name__ == "__main__":
    sys.exit(main())
