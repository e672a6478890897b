"""Parts on their way to another process: what differs from the suite's own; the rest is built there by name.

A parcel goes to a process that was started for it, through a pipe of its own, or to workers of a cluster of one's own;
none is ever read from a file.
"""

import dataclasses
from typing import Any, NamedTuple

import cloudpickle

from bench.errors import InputError
from bench.parts import default_parts
from bench.spec import Parts

REGISTRIES = tuple(field.name for field in dataclasses.fields(Parts) if field.name not in ("data", "hash"))
"""What training reads; data come as tables."""


class Parcel(NamedTuple):
    """Parts as the suite's own and others.

    Attributes:
        suite: hash of the sources that the suite's own were built from.
        hash: of the parts.
        own: registry, name and pickled part of those that are not the suite's.
    """

    suite: str
    hash: str
    own: tuple[tuple[str, str, bytes], ...]


def packed(parts: Parts) -> Parcel:
    """Packs parts.

    Raises:
        InputError: a part that cannot be sent, such as one that holds an open file.
    """
    suite, own = default_parts(), []
    for registry in REGISTRIES:
        known = getattr(suite, registry)
        for name, part in getattr(parts, registry).items():
            if known.get(name) is not part:
                own.append((registry, name, _pickled(registry, name, part)))
    return Parcel(suite.hash, parts.hash, tuple(own))


def _pickled(registry: str, name: str, part: Any) -> bytes:
    try:
        return cloudpickle.dumps(part)
    except Exception as error:  # somebody else's objects
        reason = " ".join(str(error).split()).rstrip(".")[:200]
        raise InputError(f"{name!r} of {registry} cannot be sent to workers ({reason}); leave out workers.") from error


def opened(parcel: Parcel) -> Parts:
    """The parts of a parcel.

    Raises:
        InputError: the suite's sources are others here.
    """
    parts = default_parts()
    if parts.hash != parcel.suite:
        raise InputError("the sources of the suite have changed since this command began; give it again.")
    for registry, name, pickled in parcel.own:
        parts = dataclasses.replace(parts, **{registry: {**getattr(parts, registry), name: cloudpickle.loads(pickled)}})
    return dataclasses.replace(parts, hash=parcel.hash)
