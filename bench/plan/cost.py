"""How long a program takes and how many lanes belong together: a small model with measured constants."""

from typing import NamedTuple

WORKING_SET = 2 << 20
"""Bytes that the lanes of a chunk should share: about one core's second-level cache."""

MOST_LANES = 256

MOST_RECORDS = 1 << 30
"""Bytes of records that a program may return; what would return more is split into several programs."""


class Constants(NamedTuple):
    """Seconds that work is taken to cost; unless others are given, those of two cores of a laptop-class CPU.

    Attributes:
        program, layer: of compiling a program, and each of its layers.
        launch: of a compiled kernel of a chunk, on all devices together.
        operation, thin_operation: of a floating-point operation in batches of many rows, and of fewer than `THIN`.
    """

    program: float = 0.3
    layer: float = 0.05
    launch: float = 0.06e-6
    operation: float = 1 / 110e9
    thin_operation: float = 1 / 45e9


TYPICAL, THIN = Constants(), 8


class Cost(NamedTuple):
    """Estimated work and seconds of one program."""

    flops: float
    seconds: float


def working_set(parameters: int, activations: int, batch_rows: int, itemsize: int) -> int:
    """Bytes that one lane touches in a step: its parameters, their gradients and updates, and its activations.

    Args:
        parameters: numbers of one model.
        activations: numbers that one row keeps for its backward pass.
        batch_rows: rows of a batch.
        itemsize: bytes per number.
    """
    return itemsize * (3 * parameters + activations * batch_rows)


def step_flops(multiplications: int, batch_rows: int) -> float:
    """Floating-point operations of one step of one lane: two per multiplication, forward and twice that backward.

    Args:
        multiplications: of one row on its way forward.
        batch_rows: rows of a batch.
    """
    return 6.0 * multiplications * batch_rows


def record_bytes(checkpoints: int, layers: int, parameters: int) -> int:
    """Bytes that a run returns: its curves and layers at the checkpoints, and parameters where they are asked for.

    Args:
        checkpoints: at which records are taken.
        layers: of the model.
        parameters: numbers that are recorded beside, of all checkpoints.
    """
    return 200 + checkpoints * (100 + 40 * layers) + 8 * parameters


def chunk_width(lanes: int, per_lane: int) -> int:
    """How many lanes to compute together.

    Args:
        lanes: lanes of the program.
        per_lane: working set of one lane in bytes.

    Returns:
        A width that divides the lanes into an even number of nearly equal chunks.
    """
    fitting = max(4, min(MOST_LANES, WORKING_SET // max(per_lane, 1)))
    chunks = max(1, -(-lanes // fitting))
    chunks += chunks % 2 if chunks > 1 or lanes >= 16 else 0
    return -(-lanes // chunks)


def estimate(
    lanes: int,
    multiplications: int,
    layers: int,
    batch_rows: int,
    steps: int,
    all_rows: int,
    checkpoints: int,
    chunk: int,
    steps_before: int = 0,
    costs: Constants = TYPICAL,
) -> Cost:
    """The cost of a program; on two cores of a laptop-class CPU within a factor of 2 for networks.

    A step costs its multiplications at a rate that grows with the rows of a batch, and a fixed time for each compiled
    kernel of each layer; a checkpoint evaluates all rows forward; compiling grows with the layers. A step of
    pretraining, which goes forward through half of the layers on average and trains one, is taken for half a step; the
    operations are those of the run's own steps.
    """
    passes, per_step = 2.0 * multiplications * lanes, max(1, lanes // chunk) * (4 + 6 * layers)
    training, evaluating = step_flops(multiplications, batch_rows) * lanes, passes * all_rows * checkpoints
    operation = costs.thin_operation if batch_rows < THIN else costs.operation
    running = (steps + 0.5 * steps_before) * (training * operation + per_step * costs.launch)
    compiling = costs.program + layers * costs.layer
    return Cost(training * steps + evaluating, compiling + running + evaluating * costs.operation)
