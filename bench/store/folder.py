"""One folder of results: a manifest per round, one immutable file per program, and tables derived from them.

A program's file is named by all that decides its numbers and is there whole or not at all (`bench.store.files`); the
first commit of a program wins.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.errors import DamagedFile, InputError
from bench.store.files import packed, publish, refused, replace, sealed, sweep, unpacked, unsealed

SCHEMA_VERSION = 1
"""Of everything in a folder; a manifest without one is of version 1."""

_MEMBERS = ("runs", "curves", "layers", "values", "programs", "parameters")
_NAME = re.compile(r"\A[a-z0-9][a-z0-9_-]{0,63}\Z")
_KEY = re.compile(r"\A[a-zA-Z0-9_-]{1,64}\Z")


def study_folder(root: Path, name: str, profile: str) -> Path:
    """`<root>/<study>/<profile>`, checked.

    Args:
        root: the results root.
        name: of the study.
        profile: of the run.

    Raises:
        InputError: a name that could leave the root, or a symbolic link on the way.
    """
    for part in (name, profile):
        if not _NAME.match(part):
            raise InputError(f"name {part!r}: use 1 to 64 small letters, digits, '-' or '_', the first no sign.")
    for folder in (root / name, root / name / profile):
        if folder.is_symlink():
            raise linked(folder)
    return root / name / profile


def linked(folder: Path) -> InputError:
    """What to say of a folder that is a symbolic link: results could end up anywhere."""
    return InputError(f"{folder} is a symbolic link; results are written to plain folders only.")


class Folder:
    """The results of one study under one profile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.programs = path / "programs"

    def open(self, manifest: Mapping[str, Any], completed: int = 0) -> None:
        """Creates the folder, or checks that it belongs to the same plan.

        Args:
            manifest: what identifies the plan; written once per round and never changed.
            completed: rounds of refinement before this one.

        Raises:
            InputError: the folder cannot be written, or holds results of another plan.
        """
        path = self.path / f"manifest-{completed}.json"
        if path.exists():
            self._compare(path, manifest)
            self._prepare()
            return
        self._prepare()
        about = {**manifest, "schema": SCHEMA_VERSION}
        if not publish(path, json.dumps(about, indent=1, sort_keys=True).encode()):
            self._compare(path, manifest)  # another process was faster

    def _compare(self, path: Path, manifest: Mapping[str, Any]) -> None:
        found, wanted = _manifest(path), json.loads(json.dumps(manifest))
        fields = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
        if fields:
            raise InputError(
                f"{self.path} holds results of another plan (different: {', '.join(fields)}). "
                "Choose another folder with --out, or remove these with "
                f"`python -m bench.clean {self.path.parent.name} --out {self.path.parent.parent}`."
            )

    def _prepare(self) -> None:
        """Makes the folders, makes sure of the right to write, and removes what killed writers left."""
        try:
            self.programs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(self.path, error, "the folder") from None
        for folder in (self.path, self.programs):
            if folder.is_symlink():
                raise linked(folder)
            if not os.access(folder, os.W_OK | os.X_OK):
                error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                raise refused(folder, error, "the folder")
            sweep(folder)

    def has(self, key: str) -> bool:
        """Whether the program is committed and its file whole; a damaged or crashed one is set aside."""
        path = self.programs / f"{key}.zip"
        if not path.exists():
            return False
        try:
            found = unpacked(path, ["programs"], whole=True)
        except DamagedFile as error:
            aside = self._set_aside(path, ".damaged")
            text = f"{path} is damaged ({error.reason}): set aside as {aside.name}, and its runs are trained anew."
            warnings.warn(text, stacklevel=2)
            return False
        if found["programs"]["status"][0].as_py() == "crashed":
            self._set_aside(path, ".crashed")
            return False
        return True

    def _set_aside(self, path: Path, suffix: str) -> Path:
        aside = path.with_suffix(suffix)
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            path.rename(aside)
        return aside

    def commit(self, key: str, tables: Mapping[str, pa.Table]) -> bool:
        """Saves one program; False if another process has saved it before.

        Args:
            key: of the program.
            tables: by name.
        """
        return publish(self.programs / f"{key}.zip", packed(tables))

    def merged(self, keys: Sequence[str], name: str) -> pa.Table | None:
        """One table over programs, in their order, from the derived file if it is of exactly these programs.

        Args:
            keys: programs that count.
            name: of the table.

        Returns:
            The table, or None where no program has it.
        """
        digest = self._digest(keys)
        path = self.path / f"{name}.parquet"
        with contextlib.suppress(Exception):  # absent or damaged in any way: it is made anew
            kept = unsealed(path.read_bytes())  # read once: another process may replace it meanwhile
            if kept.schema.metadata[b"programs"] == digest.encode():
                return kept
        parts = [unpacked(self.programs / f"{key}.zip", [name]).get(name) for key in keys]
        tables = [table for table in parts if table is not None]
        if not tables:
            path.unlink(missing_ok=True)
            return None
        merged = pa.concat_tables([_decoded(table) for table in tables], promote_options="permissive")
        merged = _encoded(merged).replace_schema_metadata({"programs": digest, "schema": str(SCHEMA_VERSION)})
        self.derive(name, merged)
        return merged

    def _digest(self, keys: Sequence[str]) -> str:
        """Of what the programs' files hold: a program that crashed and was trained again is another one."""
        digest = hashlib.sha256()
        for key in keys:
            digest.update(key.encode())
            with contextlib.suppress(OSError), (self.programs / f"{key}.zip").open("rb") as file:
                file.seek(-64, os.SEEK_END)
                digest.update(file.read())
        return digest.hexdigest()

    def saved(self, keys: Iterable[str] | None = None) -> list[str]:
        """Those of some programs that are saved, each once.

        Args:
            keys: the programs; those of the folder's own plan, round by round, unless given.
        """
        if keys is None:
            keys = [key for manifest in self.manifests() for key in manifest["programs"]]
        return [key for key in dict.fromkeys(keys) if (self.programs / f"{key}.zip").exists()]

    def derived(self, name: str) -> pa.Table:
        """A derived table as it was last written."""
        path = self.path / f"{name}.parquet"
        if not path.exists():
            raise InputError(f"{path} is not there: run the study to its end, which writes it.")
        try:
            return unsealed(path.read_bytes())
        except Exception as error:  # pyarrow raises nearly anything
            raise DamagedFile(path, error, "run the study again, which writes it anew") from error

    def tables(self, key: str) -> dict[str, pa.Table]:
        """All tables of a saved program.

        Raises:
            DamagedFile: a checksum or its structure is wrong.
        """
        return unpacked(self.programs / f"{key}.zip", _MEMBERS, whole=True)

    def adopt(self, file: Path) -> bool:
        """Takes over the file of a program from another folder of the same plan; False if it is there already."""
        return publish(self.programs / file.name, file.read_bytes())

    def manifests(self) -> list[dict[str, Any]]:
        """What identifies the plans of all rounds, in their order."""
        paths = sorted(self.path.glob("manifest-*.json"), key=lambda path: int(path.stem.split("-")[1]))
        return [_manifest(path) for path in paths]

    def manifest(self) -> dict[str, Any]:
        """What identifies the plan of the first round."""
        return _manifest(self.path / "manifest-0.json")

    def derive(self, name: str, table: pa.Table) -> Path:
        """Writes a derived table, replacing an older one; it can be rebuilt at any time."""
        path = self.path / f"{name}.parquet"
        replace(path, sealed(table))
        return path

    def clean(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.path)


def _manifest(path: Path) -> dict[str, Any]:
    """What a manifest says of its plan.

    Raises:
        DamagedFile: it is no manifest.
        InputError: it was written by a newer version of the suite.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["programs"], list) or not all(map(_is_key, found["programs"])):
            raise TypeError("no list of programs")
        schema = int(found.pop("schema", 1))
    except (OSError, ValueError, TypeError, KeyError) as error:
        remedy = "remove it and run the study again; the programs beside it are kept"
        raise DamagedFile(path, error, remedy) from error
    if schema > SCHEMA_VERSION:
        raise InputError(
            f"{path} is of schema {schema}, and this version of descentbench reads up to {SCHEMA_VERSION}:"
            " use the version that wrote it or a newer one, or choose another folder with --out."
        )
    return found


def _is_key(key: object) -> bool:
    """Whether it can be the name of a program, which is that of its file."""
    return isinstance(key, str) and bool(_KEY.match(key))


def _decoded(table: pa.Table) -> pa.Table:
    """Dictionary columns as plain ones: a column may be empty in one program and text in another."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _encoded(table: pa.Table) -> pa.Table:
    columns = [
        column.combine_chunks().dictionary_encode() if pa.types.is_string(column.type) else column
        for column in table.columns
    ]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))
