"""How a command ends on Ctrl-C or SIGTERM: in good order, with a word on how to go on; the second time at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

GRACE = 5.0
"""Seconds that the first signal leaves to what Python cannot interrupt, such as a program that runs or is compiled."""

SHOW_CURSOR = b"\x1b[?25h"


class Terminated(BaseException):
    """SIGTERM, as an exception, so that files are closed, temporary ones removed, and workers ended."""


def stoppable(action: Callable[[], int], farewell: str) -> int:
    """Acts, and ends by signals as commands do.

    What has been saved is whole at every moment, so that ending at once loses the current program and nothing else.

    Args:
        action: what the command does; returns the exit status.
        farewell: what to say when it is stopped.

    Returns:
        The exit status: that of the action, 130 where it was interrupted, 143 where it was terminated.
    """
    try:
        with _watched(farewell):
            return action()
    except (KeyboardInterrupt, Terminated) as stop:
        print(farewell, file=sys.stderr)
        return 128 + (signal.SIGINT if isinstance(stop, KeyboardInterrupt) else signal.SIGTERM)


@contextlib.contextmanager
def _watched(farewell: str) -> Iterator[None]:
    """Signals become exceptions here; a thread sees to it that they do not wait for long."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminate)
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(reading, ended, farewell), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(writing)
        watch.join()
        os.close(reading)


def _terminate(*_: object) -> None:
    raise Terminated


def _watch(reading: int, ended: threading.Event, farewell: str) -> None:
    """Ends the process at the second signal, or some time after the first one where Python has not noticed it."""
    stopped = False
    while number := int.from_bytes(os.read(reading, 1)):
        if number in (signal.SIGINT, signal.SIGTERM):
            if stopped:
                _end(number)
            stopped = True
            threading.Thread(target=_expire, args=(ended, farewell, number), daemon=True).start()


def _expire(ended: threading.Event, farewell: str, number: int) -> None:
    if not ended.wait(GRACE):
        _end(number, f"{farewell}\n")


def _end(number: int, farewell: str = "") -> None:
    if os.isatty(2):
        os.write(2, SHOW_CURSOR)  # a live line hides it
    os.write(2, farewell.encode())
    os._exit(128 + number)
