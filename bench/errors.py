"""Errors that a user can act on, each one sentence: what is wrong, where, and what would be right."""

import difflib
from collections.abc import Iterable
from pathlib import Path


class InputError(ValueError):
    """Bad input: the command line prints it and exits with 2, before anything is compiled or written."""


class DamagedFile(InputError):
    """A result file whose checksum or structure is wrong; the message says which one and what to do."""

    def __init__(self, path: object, reason: object, remedy: str) -> None:
        self.path, self.reason = Path(str(path)), words(reason)
        super().__init__(f"{path} is damaged ({self.reason}): {remedy}.")


def named(error: BaseException) -> str:
    """The kind of an error and what it says; the kind alone where it says nothing, as when memory runs out."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def words(said: object) -> str:
    """What a library says, on one line of at most 200 signs, without those that a terminal would act on."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(said).split()))[:200]


def unknown(kind: str, name: object, valid: Iterable[str]) -> InputError:
    """The error for a name that nobody registered, with a suggestion and the valid names.

    Args:
        kind: what the name should have been, such as "optimizer".
        name: what was given.
        valid: the names that would have been right.

    Returns:
        The exception to raise.
    """
    names = sorted(valid)
    close = difflib.get_close_matches(str(name).lower(), [n.lower() for n in names], n=1, cutoff=0.5)
    hint = next((f" Did you mean {n!r}?" for n in names if close and n.lower() == close[0]), "")
    return InputError(f"unknown {kind} {name!r}.{hint} Valid: {', '.join(map(words, names))}.")
