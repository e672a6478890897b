"""`python -m bench.clean`: removes the results of studies."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from bench.command import command
from bench.errors import InputError


@dataclasses.dataclass(frozen=True)
class Options:
    """Removes the results of studies, both profiles; nothing else in the folder is touched."""

    studies: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="STUDY|ID|FAMILY|all ...", help_behavior_hint=""),
    ]
    """Whose results should go; also the name of a grid of one's own."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR", help_behavior_hint="")] = Path("results")
    """Folder of the results (results)."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _clean, arguments, "clean")


def _clean(options: Options) -> int:
    from bench import studies  # imports the catalogue, after the arguments have been read
    from bench.store import Folder, study_folder

    if not options.studies:
        raise InputError("name the studies whose results should go, or `all`.")
    names: list[str] = []
    for asked in options.studies:
        grids = [path.parent.name for path in options.out.glob("*/*") if (path / "manifest-0.json").exists()]
        names += [asked] if asked in grids else [study.name for study in studies.select([asked])]
    folders = [
        Folder(study_folder(options.out, name, profile))
        for name in dict.fromkeys(names)
        for profile in ("quick", "full")
    ]
    there = [folder for folder in folders if folder.path.exists()]
    for folder in there:
        folder.clean()
        print(f"removed {folder.path}")
    if not there:
        print(f"nothing to remove in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
