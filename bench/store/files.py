"""Files that are there whole or not at all: written under a temporary name, flushed, and given their name at the end.

What a killed writer leaves behind is removed by the next one. Writers hold a shared lock on the folder while they
write, which the system drops when they die, so that no clock decides what is left over.
"""

import contextlib
import fcntl
import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import DamagedFile, InputError

TEMPORARY = ".writing-"

LARGE = 1 << 20
"""Bytes of a table from which on zstd saves a tenth of the size, at half as many seconds again."""


def publish(path: Path, data: bytes) -> bool:
    """Writes a file under its name, where there is none yet, and returns once it would survive a power cut.

    Args:
        path: its name.
        data: what it holds.

    Returns:
        False where somebody else was first, whose file stays.

    Raises:
        InputError: the system refuses, as where the disk is full; nothing has the name then.
    """
    try:
        with _held(path.parent, fcntl.LOCK_SH) as folder, _written(path.parent) as (temporary, file):
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            os.fsync(folder)
    except OSError as error:
        raise refused(path, error, f"{len(data):,} bytes") from error
    return True


def replace(path: Path, data: bytes) -> None:
    """Writes a file that can be made again at any time, in the place of an older one.

    Args:
        path: its name.
        data: what it holds.

    Raises:
        InputError: the system refuses; the older one stays.
    """
    try:
        with _held(path.parent, fcntl.LOCK_SH), _written(path.parent) as (temporary, file):
            file.write(data)
            file.flush()
            os.replace(temporary, path)
    except OSError as error:
        raise refused(path, error, f"{len(data):,} bytes") from error


def sweep(folder: Path) -> None:
    """Removes what killed writers left; nothing where somebody writes just now, or where there are no locks."""
    with contextlib.suppress(OSError), _held(folder, fcntl.LOCK_EX | fcntl.LOCK_NB, must=True):
        for path in folder.glob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def marked(folder: Path) -> Iterator[str]:
    """The name of a file that is in a folder until the block ends: who finds it there has the same folder.

    Raises:
        InputError: the system refuses.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_held(folder, fcntl.LOCK_SH))  # or the next writer removes it
            path, _ = stack.enter_context(_written(folder))
        except OSError as error:
            raise refused(folder, error, "a file") from error
        yield path.name


@contextlib.contextmanager
def _held(folder: Path, how: int, must: bool = False) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, how)
        except OSError:  # a file system without locks: writers need none, and nothing is swept
            if must:
                raise
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _written(folder: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A new file under a temporary name, which is gone afterwards."""
    path = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with path.open("xb") as file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)


def refused(path: Path, error: OSError, what: str) -> InputError:
    """What to say where the system does not let us write."""
    reason = error.strerror or str(error)
    return InputError(
        f"cannot write {path} ({what}): {reason}. What was saved before is kept: make room or choose another folder"
        " with --out, and give the same command again."
    )


def packed(tables: Mapping[str, pa.Table]) -> bytes:
    """Tables as one uncompressed zip of Parquet files, whose comment is a digest of their names and checksums.

    They are read whole, and so have no statistics, which are a fifth of a small file and of its seconds.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for name, table in tables.items():
            member = io.BytesIO()
            how = "zstd" if table.nbytes > LARGE else "lz4"
            pq.write_table(table, member, compression=how, write_statistics=False, write_page_checksum=True)
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet"), member.getvalue())
        archive.comment = _contents(archive)
    return data.getvalue()


def unpacked(path: Path, names: Sequence[str], whole: bool = False) -> dict[str, pa.Table]:
    """Those of some tables that a file has; every checksum of the file is verified where it should be `whole`.

    Raises:
        DamagedFile: a checksum or its structure is wrong.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.comment != _contents(archive) or (whole and archive.testzip()):
                raise zipfile.BadZipFile("a checksum is wrong")
            present = set(archive.namelist())
            return {
                name: pq.read_table(io.BytesIO(archive.read(f"{name}.parquet")))
                for name in names
                if f"{name}.parquet" in present
            }
    except Exception as error:  # a flipped bit makes zipfile and pyarrow raise nearly anything
        remedy = "run the study again, which sets it aside and trains its runs anew"
        raise DamagedFile(path, error, remedy) from error


def _contents(archive: zipfile.ZipFile) -> bytes:
    """Digest of the names and checksums of all members: without it a damaged name would read as an absent table."""
    listed = "".join(f"{member.filename} {member.CRC} {member.file_size}\n" for member in archive.infolist())
    return hashlib.sha256(listed.encode()).hexdigest().encode()


_BLANK = b"#" * 64
_SEAL = b"sha256\x18\x40"
"""How the Parquet footer (Thrift's compact protocol) begins the entry `sha256` of 64 bytes."""


def sealed(table: pa.Table) -> bytes:
    """A Parquet file with an entry `sha256` in its metadata: the digest of all its bytes, with that entry blank.

    Parquet's own checksums cover pages, not the footer, where a flipped bit can change a name, a type or a length.
    """
    data = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({**(table.schema.metadata or {}), "sha256": _BLANK}), data, compression="zstd"
    )
    blank = data.getvalue()
    place = blank.rindex(_SEAL + _BLANK) + len(_SEAL)
    return blank[:place] + hashlib.sha256(blank).hexdigest().encode() + blank[place + len(_BLANK) :]


def unsealed(data: bytes) -> pa.Table:
    """The table in a sealed file.

    Raises:
        ValueError: its digest is wrong, or it has none.
    """
    place = data.rindex(_SEAL) + len(_SEAL)
    end = place + len(_BLANK)
    if hashlib.sha256(data[:place] + _BLANK + data[end:]).hexdigest().encode() != data[place:end]:
        raise ValueError("a checksum is wrong")
    return pq.read_table(io.BytesIO(data))
