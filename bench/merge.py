"""`python -m bench.merge A B --out C`: the union of results of one plan, such as those of the shards of an array job.

$ python -m bench.merge shard-0/my_grid shard-1/my_grid --out results

Programs that several of them hold must agree in every number but seconds. What is damaged is named and left out where
no other copy is whole. Exit status: 0 merged, 3 merged without damaged programs, 2 nothing was written.
"""

import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from bench.command import command
from bench.errors import DamagedFile, InputError

if TYPE_CHECKING:
    from bench.store import Folder


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the command."""

    results: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RESULT RESULT ...", help_behavior_hint="")
    ]
    """Folders of results of one plan: `<out>/<study>`, or `<out>/<study>/<profile>`."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR", help_behavior_hint="")]
    """Folder of results that gets `<study>/<profile>` with all of them."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return command(Options, _merge, arguments, "merge", __doc__)


def _merge(options: Options) -> int:
    from bench.compare import result_folder
    from bench.store import TABLES, Folder, study_folder

    if len(options.results) < 2:
        raise InputError("give at least two results to merge.")
    folders = [Folder(result_folder(path)) for path in options.results]
    rounds = _one_plan(folders)
    planned = list(dict.fromkeys(key for manifest in rounds for key in manifest["programs"]))
    chosen, damaged = {}, []
    for key in planned:
        whole = _whole(key, folders, damaged)
        if whole:
            chosen[key] = _agreed(key, whole)
    target = Folder(study_folder(options.out, rounds[0]["name"], rounds[0]["profile"]))
    for number, manifest in enumerate(rounds):
        target.open(manifest, number)
    for file in chosen.values():
        target.adopt(file)
    for name in TABLES:
        target.merged(target.saved(), name)
    for error in damaged:
        print(f"left aside: {error}", file=sys.stderr)
    lost = {error.path.stem for error in damaged} - {*chosen}
    print(f"{target.path}: {len(chosen):,} of {len(planned):,} programs.")
    print("The command that made them, with this --out, trains what is missing and judges everything.")
    return 3 if lost else 0


def _one_plan(folders: "list[Folder]") -> list[dict[str, Any]]:
    """The manifests of all rounds, of the result that has most of them.

    Raises:
        InputError: the results are of different plans.
    """
    known = [folder.manifests() for folder in folders]
    rounds = max(known, key=len)
    for folder, own in zip(folders, known, strict=True):
        for mine, theirs in zip(own, rounds, strict=False):
            fields = sorted(key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key))
            if fields:
                raise InputError(
                    f"{folder.path} and {folders[known.index(rounds)].path} are of different plans (different:"
                    f" {', '.join(fields)}); merge results of one plan."
                )
    return rounds


def _whole(key: str, folders: "Iterable[Folder]", damaged: list[DamagedFile]) -> list[tuple[Path, dict[str, Any]]]:
    """The files of a program that are whole, with their tables; finished ones where there are any."""
    found = []
    for folder in folders:
        file = folder.programs / f"{key}.zip"
        if not file.exists():
            continue
        try:
            found.append((file, folder.tables(key)))
        except DamagedFile as error:
            damaged.append(error)
    finished = [one for one in found if one[1]["programs"]["status"][0].as_py() == "done"]
    return finished or found


def _agreed(key: str, copies: list[tuple[Path, dict[str, Any]]]) -> Path:
    """The first of several files of a program, which must have the same numbers."""
    (first, tables), *others = copies
    for file, own in others:
        for name in sorted({*tables, *own} - {"programs"}):  # what it cost is another measurement each time
            if name not in tables or name not in own or not _numbers(tables[name]).equals(_numbers(own[name])):
                raise InputError(
                    f"{first} and {file} differ in the table {name!r} of program {key[:12]}; find out which is right"
                    " and remove the other."
                )
    return first


def _numbers(table: Any) -> Any:
    """A table without seconds, as a frame, in which NaN equals NaN."""
    return table.to_pandas().drop(columns="seconds", errors="ignore")


if __name__ == "__main__":
    sys.exit(main())
