"""A folder of results on a disk that workers share, who save there themselves what they train."""

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import InputError
from bench.store import Folder

SEEN = 30.0
"""Seconds until what a worker has saved must be there for the process that asked."""


class Shared(NamedTuple):
    """The folder, and the name of a file that is in it while they train (`bench.store.marked`)."""

    folder: Path
    mark: str

    def here(self) -> bool:
        """Whether this process has the same folder, and may write to it."""
        return (self.folder / self.mark).exists() and os.access(self.folder / "programs", os.W_OK | os.X_OK)

    def has(self, key: str) -> bool:
        """Whether a program is saved, and whole; a shared disk may take its time to show it."""
        store, deadline = Folder(self.folder), time.monotonic() + SEEN
        while not store.saved([key]):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
            os.listdir(store.programs)  # asks the server again, where the absence of a file is remembered
        return store.has(key)

    def check(self, client: Any) -> None:
        """Makes sure that all workers of a client of Dask have the folder.

        Raises:
            InputError: one has not.
        """
        other = [worker for worker, here in client.run(self.here).items() if not here]
        if other:
            raise InputError(
                f"--commit worker: worker {other[0]} has no {self.folder}, or another one than this process, or may"
                " not write to it: give --out a folder on a disk that all share, or leave out --commit worker."
            )
