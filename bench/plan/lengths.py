"""How long a run is, and at which steps it is looked at."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.errors import InputError

MOST_STEPS = 2**31 - 1  # steps are counted in int32
MOST_CHECKPOINTS = 1_000_000


def run_steps(static: Mapping[str, Any], per_epoch: int, prices: Mapping[str, float]) -> int:
    """Length of a run in steps: as asked for, or as many as a budget pays for.

    Args:
        static: static axes.
        per_epoch: steps of an epoch.
        prices: of one step, by the name of the budget.

    Raises:
        InputError: several lengths, or a budget that pays for nothing.
    """
    given = [name for name in ("steps", "epochs", *prices) if static.get(name) is not None]
    if len(given) > 1:
        raise InputError(f"give the length once, as `steps`, `epochs` or a budget, not as both {' and '.join(given)}.")
    name = given[0] if given else ""
    if name in prices:
        return _affordable(name, static[name], prices[name])
    return static["steps"] if name == "steps" else (static["epochs"] if given else 10) * per_epoch


def _affordable(name: str, budget: float, price: float) -> int:
    if price <= 0:
        raise InputError(f"{name} = {budget:g}: the operations of this model are not counted; give steps or epochs.")
    steps = math.floor(budget / price * (1 + 1e-12))
    if not steps:
        raise InputError(f"{name} = {budget:g}: one step takes {price:g}; give at least that.")
    return steps


def checkpoint_steps(asked: str | int | Sequence[int], steps: int, per_epoch: int) -> tuple[int, ...]:
    """The steps at which records are taken: always 0 and the last, ascending.

    Args:
        asked: value of the axis `checkpoints`.
        steps: length of the run.
        per_epoch: steps of an epoch.

    Raises:
        InputError: not a way to place checkpoints.
    """
    if steps > MOST_STEPS:
        raise InputError(f"{steps:.10g} steps are more than {MOST_STEPS:,}; give a shorter run.")
    every = max(per_epoch, 1) if asked == "epoch" else asked if isinstance(asked, int) and asked > 0 else steps
    if every and steps / every > MOST_CHECKPOINTS:
        raise InputError(
            f"checkpoints = {asked!r} are {steps // every:,}, more than {MOST_CHECKPOINTS:,}; give 'log', 'end' or a"
            " greater number of steps."
        )
    if asked == "epoch":
        inner: Sequence[int] = range(0, steps, max(per_epoch, 1))
    elif asked == "log":  # 1, 2, 3, 4, 6, 8, 12, 16, ...
        inner = [n for power in range(steps.bit_length()) for n in (2**power, 3 * 2 ** (power - 1) if power else 1)]
    elif asked == "end":
        inner = ()
    elif isinstance(asked, int) and not isinstance(asked, bool) and asked > 0:
        inner = range(0, steps, asked)
    elif isinstance(asked, (tuple, list)):
        inner = [int(step) for step in asked if _is_step(step)]
        if len(inner) < len(asked):
            raise InputError(f"checkpoints = {list(asked)!r}: give whole numbers of steps, from 0 on.")
    else:
        raise InputError(f"checkpoints = {asked!r}: give 'epoch', 'log', 'end', a number of steps, or a list of steps.")
    return tuple(sorted({0, steps, *(step for step in inner if 0 <= step <= steps)}))


def _is_step(step: Any) -> bool:
    return isinstance(step, (int, np.integer)) and not isinstance(step, bool) and bool(step >= 0)
