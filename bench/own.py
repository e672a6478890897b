"""Parts of a user's own beside the registered ones."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from bench.data import Source, array_source
from bench.errors import InputError
from bench.spec import Parts


def with_data(parts: Parts, data: Mapping[str, Any]) -> Parts:
    """These parts and data sets of one's own; their rows name the results, so the hash of the parts stays.

    Args:
        parts: the registries.
        data: name -> arrays `(X, y)`, or a `Source`.

    Raises:
        InputError: arrays that cannot be trained on.
    """
    return dataclasses.replace(parts, data={**parts.data, **{name: _source(name, one) for name, one in data.items()}})


def _source(name: str, given: Any) -> Source:
    if isinstance(given, Source):
        return given
    if not isinstance(given, tuple) or len(given) != 2:
        raise InputError(f"data {name!r} is a {type(given).__name__}; give a pair of arrays (X, y).")
    return array_source(name, *given)
