"""`python -m bench.reference`: keeps the findings and costs of one run of the whole catalogue with the suite.

Everybody has them from the start, as `bench.load("reference")`; docs/studies.md is written from them.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from bench.command import command
from bench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("findings", "programs")
SAME = ("code", "versions", "platform", "device", "seed")
"""What of the manifests must be the same for all studies, so that they are one run."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Gathers the findings and programs of all studies."""

    out: Path = Path("results")
    """Folder of the results."""
    profile: Annotated[str, tyro.conf.arg(metavar="full|quick")] = "full"
    """Profile to gather."""
    to: Path = Path("results/reference")
    """Folder to write."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _write, arguments, "reference", __doc__)


def _write(options: Options) -> int:
    if options.profile not in ("full", "quick"):
        raise InputError(f"--profile {options.profile}: give full or quick.")
    tables, provenance = gather(options.out, options.profile)
    options.to.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(options.to / f"{name}.parquet", index=False, compression="zstd")
    (options.to / "provenance.json").write_text(json.dumps(provenance, indent=1) + "\n")
    size = sum(path.stat().st_size for path in options.to.iterdir())
    print(f"wrote {options.to}: {', '.join(f'{len(t):,} {name}' for name, t in tables.items())}, {size / 1e6:.1f} MB")
    return 0


def gather(out: Path, profile: str) -> "tuple[dict[str, pd.DataFrame], dict[str, Any]]":
    """Findings and programs of every study of the catalogue, and what they ran under.

    Args:
        out: folder of the results.
        profile: to gather.

    Raises:
        InputError: results of a study are missing, or are of other sources, versions or another machine.
    """
    import pandas as pd

    from bench import studies
    from bench.api import load
    from bench.store import Folder

    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    provenance: dict[str, Any] = {}
    for name in studies.names():
        result = load(name, profile, out)
        manifest = Folder(result.path).manifest()
        found = {key: manifest[key] for key in SAME}
        for key in SAME:
            if provenance and found[key] != provenance[key]:
                raise InputError(f"{result.path} has another {key} than the studies before; run `all` in one folder.")
        provenance = found
        parts["findings"].append(result["findings"])
        programs = result["programs"]
        programs.insert(0, "name", name)
        parts["programs"].append(programs)
    facts = {"command": f"python -m bench.run all --profile {profile}", "profile": profile, **provenance}
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}, facts


if __name__ == "__main__":
    sys.exit(main())
