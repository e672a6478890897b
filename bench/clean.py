"""`python -m bench.clean`: removes the results of studies."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from bench.errors import InputError


@dataclasses.dataclass(frozen=True)
class Options:
    """Removes the results of studies, both profiles; nothing else in the folder is touched."""

    studies: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Names or ids of studies, families, or `all`."""
    out: Path = Path("results")
    """Folder of the results."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    options = tyro.cli(Options, prog="python -m bench.clean", args=arguments)
    from bench import studies  # imports the catalogue, after the arguments have been read
    from bench.store import Folder, study_folder

    try:
        if not options.studies:
            raise InputError("name the studies whose results should go, or `all`.")
        for study in studies.select(list(options.studies)):
            for profile in ("quick", "full"):
                folder = Folder(study_folder(options.out, study.name, profile))
                if folder.path.exists():
                    folder.clean()
                    print(f"removed {folder.path}")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
