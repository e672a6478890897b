"""What a command tells while it works: events, as objects or as lines of JSON, warnings of libraries among them."""

import contextlib
import dataclasses
import json
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.cache import mended


@dataclasses.dataclass(frozen=True)
class Event:
    """Something worth telling, with its facts: `plan`, `program`, `finding`, `audit`, `warning`, `error` or `done`.

    Grids of one's own and the panel of optimizers add `rank`, `pair`, `best_rate` and `target`.
    """

    kind: str
    facts: dict[str, Any]


Listener = Callable[[Event], None]


def as_json(event: Event) -> str:
    """An event as one line of JSON; non-finite numbers are null."""

    def plain(value: Any) -> Any:
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps({"event": event.kind, "version": 1, **{key: plain(value) for key, value in event.facts.items()}})


@contextlib.contextmanager
def warnings_told(tell: Listener) -> Iterator[None]:
    """Python's warnings and what JAX logs become events, each once, instead of lines on stderr."""
    said: set[str] = set()

    def say(text: str) -> None:
        if text not in said:
            said.add(text)
            tell(Event("warning", {"message": text}))

    def show(message: Any, category: type, filename: str, lineno: int, *_: Any) -> None:
        if "persistent compilation cache entry" in str(message) and (entries := mended()):
            say(f"the compile cache had {entries} damaged entries, which are removed and compiled anew.")
            return
        own = issubclass(category, UserWarning) and "bench" in Path(filename).parts
        say(str(message) if own else f"{category.__name__}: {message} ({filename}:{lineno})")

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"{record.name}: {record.getMessage()}")

    handler, logger = Handler(logging.WARNING), logging.getLogger("jax")
    before = logger.propagate
    with warnings.catch_warnings():
        warnings.showwarning = show
        logger.addHandler(handler)
        logger.propagate = False
        try:
            yield
        finally:
            logger.propagate = before
            logger.removeHandler(handler)
