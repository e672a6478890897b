"""The order in which rows are seen: integer arrays made once per seed, outside the training program."""

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, purpose: int) -> np.random.Generator:
    """An independent random stream of a seed; purpose 0 is the initial draw, 1 the data order."""
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(purpose,)))


def steps_per_epoch(rows: int, batch_size: int, ragged: str) -> int:
    """Steps in which an epoch of `rows` rows is seen."""
    return -(-rows // batch_size) if ragged == "pad" else rows // batch_size


def _epoch(permutation: NDArray[np.int64], batch_size: int, ragged: str) -> NDArray[np.int64]:
    steps = steps_per_epoch(len(permutation), batch_size, ragged)
    padded = np.full(steps * batch_size, -1, np.int64)
    taken = permutation[: len(padded)]
    padded[: len(taken)] = taken
    return padded.reshape(steps, batch_size)


def _epochs(one: NDArray[np.int64], steps: int) -> int:
    return -(-steps // len(one))


def reshuffle(random: np.random.Generator, rows: int, batch_size: int, steps: int, ragged: str) -> NDArray[np.int64]:
    """A new permutation each epoch (random reshuffling)."""
    first = _epoch(random.permutation(rows), batch_size, ragged)
    rest = [_epoch(random.permutation(rows), batch_size, ragged) for _ in range(_epochs(first, steps) - 1)]
    return np.concatenate([first, *rest])[:steps]


def fixed(random: np.random.Generator, rows: int, batch_size: int, steps: int, ragged: str) -> NDArray[np.int64]:
    """One permutation, the same every epoch (shuffle once)."""
    one = _epoch(random.permutation(rows), batch_size, ragged)
    return np.tile(one, (_epochs(one, steps), 1))[:steps]


def sequential(random: np.random.Generator, rows: int, batch_size: int, steps: int, ragged: str) -> NDArray[np.int64]:
    """The order of the table, the same every epoch and for every seed."""
    one = _epoch(np.arange(rows), batch_size, ragged)
    return np.tile(one, (_epochs(one, steps), 1))[:steps]


def _sequential_batches(rows: int, batch_size: int, ragged: str, epochs: int) -> NDArray[np.int64]:
    """The batches of `sequential`, epoch after epoch: (epochs, steps per epoch, batch size)."""
    one = _epoch(np.arange(rows), batch_size, ragged)
    return np.tile(one, (epochs, 1, 1))


def shuffled_batches(
    random: np.random.Generator, rows: int, batch_size: int, steps: int, ragged: str
) -> NDArray[np.int64]:
    """The batches of `sequential`, each epoch in a new order; which rows share a batch stays."""
    epochs = _epochs(_epoch(np.arange(rows), batch_size, ragged), steps)
    return np.concatenate([random.permutation(e) for e in _sequential_batches(rows, batch_size, ragged, epochs)])[
        :steps
    ]


def shuffled_within(
    random: np.random.Generator, rows: int, batch_size: int, steps: int, ragged: str
) -> NDArray[np.int64]:
    """The batches of `sequential` in their order, the rows of each permuted."""
    epochs = _epochs(_epoch(np.arange(rows), batch_size, ragged), steps)
    return random.permuted(np.concatenate(_sequential_batches(rows, batch_size, ragged, epochs))[:steps], axis=1)


def replacement(random: np.random.Generator, rows: int, batch_size: int, steps: int, ragged: str) -> NDArray[np.int64]:
    """Independent rows, drawn with replacement."""
    return random.integers(rows, size=(steps, batch_size))


ORDERS = {
    "reshuffle": reshuffle,
    "fixed": fixed,
    "sequential": sequential,
    "shuffled_batches": shuffled_batches,
    "shuffled_within": shuffled_within,
    "replacement": replacement,
}
"""`order(random, rows, batch_size, steps, ragged) -> (steps, batch_size)` row numbers, -1 where padded."""
