"""Data in a file of one's own: CSV, gzipped CSV or Parquet, read whole and checked before anything else happens."""

import contextlib
import functools
import gzip
import re
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from bench.data.own import OPTIONS, Place, raw_of
from bench.data.source import Raw, Source
from bench.errors import InputError, words

SUFFIXES = (".csv", ".csv.gz", ".parquet")
MOST_BYTES = 2**31
"""Of a file, uncompressed: its rows are held in memory several times."""

_OTHERS = {",": "','", ";": "';'", "\t": r"'\t'", "|": "'|'"}


def is_file(name: object) -> bool:
    """Whether data of that name is a file: names of registered data have neither a dot nor a slash."""
    return isinstance(name, str) and ("." in name or "/" in name)


def file_source(name: str) -> Source:
    """The data in a file, read when first needed and kept.

    Args:
        name: its path.

    Raises:
        InputError: a file of another kind.
    """
    if not name.lower().endswith(SUFFIXES) or not name.isprintable():
        raise InputError(f"data {name!r} is no file that can be read; name one that ends in {', '.join(SUFFIXES)}.")

    @functools.cache
    def read(separator: str) -> pa.Table:
        data = _bytes(Path(name))
        return _parquet(data, name) if name.lower().endswith(".parquet") else _csv(data, name, separator)

    @functools.cache
    def rows(*options: tuple[str, Any]) -> Raw:
        chosen = dict(options)
        return raw_of(read(chosen["data.separator"]), Place(name), chosen)

    def make(seed: int, options: Mapping[str, Any]) -> Raw:
        return rows(*sorted(options.items()))

    return Source(make, OPTIONS | {"data.separator": ","}, by_content=True)


def _bytes(path: Path) -> bytes:
    """What a file holds, uncompressed."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise InputError(f"{path}: is {'a folder' if path.is_dir() else 'no plain file'}; give a plain file.")
        data = b""
        if facts.st_size <= MOST_BYTES:
            with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: is no whole gzip file ({error}); compress it again.") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; give a file that can be read.") from None
    if max(facts.st_size, len(data)) > MOST_BYTES:
        raise InputError(f"{path}: has more than {MOST_BYTES:,} bytes; give a sample of its rows.")
    if not data.strip():
        raise InputError(f"{path}: is empty; give a header and rows.")
    return data


def _csv(data: bytes, name: str, separator: str) -> pa.Table:
    place = Place(name)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise place.error("is UTF-16; save it as UTF-8.")
    _check_header(data, separator, place)
    try:
        table = _parsed(data, separator)
        table.column_names  # noqa: B018 - decodes them
    except UnicodeDecodeError:
        raise place.error("the header is not UTF-8; save the file as UTF-8.") from None
    except pa.ArrowInvalid as error:
        raise place.error(_why(data, separator, error)) from None
    return table


def _parsed(data: bytes, separator: str, ragged: Any = None) -> pa.Table:
    return pacsv.read_csv(
        pa.BufferReader(data),
        pacsv.ReadOptions(use_threads=False),  # rows are numbered only where they are read in order
        pacsv.ParseOptions(delimiter=separator, invalid_row_handler=ragged, newlines_in_values=True),
        pacsv.ConvertOptions(null_values=[], strings_can_be_null=False, timestamp_parsers=[]),
    )


def _why(data: bytes, separator: str, error: pa.ArrowInvalid) -> str:
    """What is wrong with a CSV file that cannot be read."""
    try:
        data.decode()
    except UnicodeDecodeError as bad:
        line = data.count(b"\n", 0, bad.start) + 1
        return f"line {line} holds bytes that are not UTF-8; save the file as UTF-8."
    ragged: list[pacsv.InvalidRow] = []

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    with contextlib.suppress(pa.ArrowInvalid):
        _parsed(data, separator, note)
    if not ragged:
        return f"is no CSV that can be read ({words(error)}); save it anew as CSV."
    row = ragged[0]
    return (
        f"row {row.number - 1} has {row.actual_columns} cells, the header has {row.expected_columns}; give as many, and"
        " quote cells that contain the separator."
    )


def _check_header(data: bytes, separator: str, place: Place) -> None:
    """Refuses a separator that cannot be one, a header that it does not split, and a header of numbers."""
    if len(separator) != 1 or not separator.isascii() or separator.isalnum() or separator in '"\r\n.-+':
        raise InputError(f"data.separator = {separator!r}: give one character such as ',', ';' or a tab.")
    first = re.split(rb"[\r\n]", data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"), maxsplit=1)[0]
    header = first.decode("utf-8", "replace")
    if separator not in header:
        other = max(_OTHERS, key=header.count)
        if other in header:
            raise place.error(
                f"its columns are not separated by {_OTHERS.get(separator, repr(separator))}; they seem to be by"
                f" {_OTHERS[other]}: set data.separator = {_OTHERS[other]}."
            )
    if all(re.match(r'^\s*"?[-+]?(\d+[.,]?\d*|\.\d+)([eE][-+]?\d+)?"?\s*$', cell) for cell in header.split(separator)):
        raise place.error("its first line holds numbers; begin it with a line of column names.")


def _parquet(data: bytes, name: str) -> pa.Table:
    place = Place(name)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.metadata.num_rows * file.metadata.num_columns * 8 > MOST_BYTES:
            raise place.error(f"needs more than {MOST_BYTES:,} bytes of memory; give a sample of its rows.")
        table = file.read()
        table.validate(full=True)  # whether its text is text
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise place.error(f"is no Parquet file that can be read ({words(error)}); write it anew.") from None
    return table
