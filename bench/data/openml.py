"""Data of OpenML by its number, through scikit-learn, which keeps what it has fetched."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from bench.data.own import OPTIONS, Place, raw_of
from bench.data.source import Raw, Source
from bench.errors import InputError

PREFIX = "openml:"


def openml_source(name: str) -> Source:
    """The data `openml:<number>`, fetched when first needed.

    Raises:
        InputError: no number.
    """
    number = name.removeprefix(PREFIX)
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise InputError(f"data {name!r}: give the number of an OpenML data set, such as 'openml:61'.")

    @functools.cache
    def read() -> tuple[pa.Table, list[str]]:
        frame, own = fetch(int(number))
        return pa.Table.from_pandas(frame, preserve_index=False), own

    def make(seed: int, options: Mapping[str, Any]) -> Raw:
        table, own = read()
        target = options["data.target"] or (own[0] if len(own) == 1 else "")
        return raw_of(table, Place(name), {**options, "data.target": target})

    return Source(make, OPTIONS)


def fetch(number: int) -> tuple[Any, list[str]]:
    """A data set of OpenML as a frame, targets among its columns, and the names of its own targets.

    Raises:
        InputError: there is none of that number, or no network.
    """
    from sklearn.datasets import fetch_openml  # noqa: PLC0415 - two seconds to import

    try:
        found: Any = fetch_openml(data_id=number, as_frame=True, parser="auto")
    except (OSError, ValueError) as error:  # without network: URLError; unknown: HTTPError, OpenMLError
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{PREFIX}{number}: cannot be fetched ({reason}); the first time needs the network and a number that"
            " OpenML has."
        ) from None
    return found.frame, list(found.target_names)
