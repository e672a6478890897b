"""What the smaller commands share: reading arguments, and one sentence with exit status 2 for bad input."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tyro

from bench.errors import InputError

Options = TypeVar("Options")


def command(
    options: type[Options],
    action: Callable[[Options], int],
    arguments: Sequence[str] | None,
    name: str,
    text: str | None = None,
) -> int:
    """Reads the arguments of `python -m bench.<name>` and acts on them.

    Args:
        options: a dataclass whose fields are the options.
        action: what the command does; returns the exit status.
        arguments: of the command line, those of the process unless given.
        name: of the command.
        text: what `--help` begins with; the docstring of the options unless given.

    Returns:
        The exit status: 2 where the input was bad.
    """
    more: dict[str, Any] = {} if text is None else {"description": text}
    try:
        return action(tyro.cli(options, prog=f"python -m bench.{name}", args=arguments, **more))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
