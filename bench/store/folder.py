"""One folder of results: a manifest, one immutable file per program, and tables derived from them.

A file is written under a temporary name in the same folder, flushed to disk, published without replacing anything,
and only then reported; the first commit of a program wins.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import DamagedFile, InputError

SCHEMA_VERSION = 1
_MEMBERS = ("runs", "curves", "layers", "values", "programs", "parameters")
_NAME = re.compile(r"\A[a-z0-9][a-z0-9_-]{0,63}\Z")


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
            raise InputError(f"{folder} is a symbolic link; results are written to plain folders only.")
    return root / name / profile


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
            found = _manifest(path)
            fields = sorted(
                key for key in {*found, *manifest} if found.get(key) != json.loads(json.dumps(manifest)).get(key)
            )
            if fields:
                raise InputError(
                    f"{self.path} holds results of another plan (different: {', '.join(fields)}). "
                    "Choose another folder with --out, or remove these with "
                    f"`python -m bench.clean {self.path.parent.name} --out {self.path.parent.parent}`."
                )
            return
        try:
            self.programs.mkdir(parents=True, exist_ok=True)
            self._publish(path, json.dumps(manifest, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise _refused(self.path, error, "the folder") from None

    def has(self, key: str) -> bool:
        """Whether the program is committed and its file whole; a damaged or crashed one is set aside."""
        path = self.programs / f"{key}.zip"
        if not path.exists():
            return False
        try:
            found = self._read(path, ["programs"], whole=True)
            crashed = found["programs"]["status"][0].as_py() == "crashed"
        except DamagedFile:
            crashed = False
        else:
            if not crashed:
                return True
        path.rename(path.with_suffix(".crashed" if crashed else ".damaged"))
        return False

    def commit(self, key: str, tables: Mapping[str, pa.Table]) -> bool:
        """Saves one program; False if another process has saved it before.

        Args:
            key: of the program.
            tables: by name.
        """
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
            for name, table in tables.items():
                member = io.BytesIO()
                pq.write_table(table, member, compression="zstd", write_page_checksum=True)
                archive.writestr(zipfile.ZipInfo(f"{name}.parquet"), member.getvalue())
            archive.comment = _contents(archive)
        return self._publish(self.programs / f"{key}.zip", data.getvalue())

    def _publish(self, path: Path, data: bytes) -> bool:
        """Writes a file under its name, where there is none yet, and returns once it would survive a power cut.

        Raises:
            InputError: the system refuses, as where the disk is full; nothing has the name then.
        """
        try:
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    os.link(temporary, path)
                except FileExistsError:
                    return False
            finally:
                os.unlink(temporary)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _refused(path, error, f"{len(data):,} bytes") from error
        return True

    def _read(self, path: Path, names: Sequence[str], whole: bool = False) -> dict[str, pa.Table]:
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.comment != _contents(archive) or (whole and archive.testzip()):
                    raise zipfile.BadZipFile("a checksum is wrong")
                present = set(archive.namelist())
                return {
                    name: pq.read_table(io.BytesIO(archive.read(f"{name}.parquet")), page_checksum_verification=True)
                    for name in names
                    if f"{name}.parquet" in present
                }
        except Exception as error:  # a flipped bit makes zipfile and pyarrow raise nearly anything
            remedy = "run the study again, which sets it aside and trains its runs anew"
            raise DamagedFile(path, error, remedy) from error

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
        with contextlib.suppress(Exception):  # absent, or damaged in any way: it is made anew
            if (pq.read_schema(path).metadata or {}).get(b"programs") == digest.encode():
                return pq.read_table(path, page_checksum_verification=True)
        parts = [self._read(self.programs / f"{key}.zip", [name]).get(name) for key in keys]
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
            return pq.read_table(path, page_checksum_verification=True)
        except Exception as error:  # pyarrow raises nearly anything
            raise DamagedFile(path, error, "run the study again, which writes it anew") from error

    def tables(self, key: str) -> dict[str, pa.Table]:
        """All tables of a saved program.

        Raises:
            DamagedFile: a checksum or its structure is wrong.
        """
        return self._read(self.programs / f"{key}.zip", _MEMBERS, whole=True)

    def adopt(self, file: Path) -> bool:
        """Takes over the file of a program from another folder of the same plan; False if it is there already."""
        return self._publish(self.programs / file.name, file.read_bytes())

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
        try:
            handle, temporary = tempfile.mkstemp(dir=self.path, prefix=".writing-")
            os.close(handle)
            try:
                pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _refused(path, error, f"about {table.nbytes:,} bytes") from error
        return path

    def clean(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.path)


def _refused(path: Path, error: OSError, what: str) -> InputError:
    """What to say where the system does not let us write."""
    reason = error.strerror or str(error)
    return InputError(
        f"cannot write {path} ({what}): {reason}. What was saved before is kept: make room or choose another folder"
        " with --out, and give the same command again."
    )


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["programs"], list):
            raise TypeError("no list of programs")
    except (OSError, ValueError, TypeError, KeyError) as error:
        remedy = "remove it and run the study again; the programs beside it are kept"
        raise DamagedFile(path, error, remedy) from error
    return found


def _contents(archive: zipfile.ZipFile) -> bytes:
    """Digest of the names and checksums of all members: without it a damaged name would read as an absent table."""
    listed = "".join(f"{member.filename} {member.CRC} {member.file_size}\n" for member in archive.infolist())
    return hashlib.sha256(listed.encode()).hexdigest().encode()


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
