"""The built-in panel: small problems of different kinds, each with a target loss and a budget of steps."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Workload(NamedTuple):
    """One problem of the panel.

    Attributes:
        about: what it stands for.
        axes: of the grid; optimizer, learning rate and seed come on top.
        target: loss over all train rows that is to be reached.
        quick: whether the quick panel has it.
    """

    about: str
    axes: Mapping[str, Any]
    target: float
    quick: bool = False


GROWTH = 1.05


def checkpoints(steps: int) -> tuple[int, ...]:
    """Steps at which the loss is looked at: 5 % apart, so that a time to target is known to 5 % or one step."""
    found, step = [0], 1.0
    while step <= steps:
        found.append(round(step))
        step = max(step * GROWTH, found[-1] + 1.0)
    return tuple(dict.fromkeys([*found, steps]))


def _workload(about: str, target: float, quick: bool = False, **axes: Any) -> Workload:
    named = {axis.replace("__", "."): value for axis, value in axes.items()}
    return Workload(about, named | {"checkpoints": checkpoints(named["steps"]), "probes": "off"}, target, quick)


# The targets are round numbers that plain momentum at a good rate reaches within the first half of the budget.
WORKLOADS = {
    "convex": _workload(
        "softmax regression on real data", 0.06, data="iris", model="softmax", batch_size=15, steps=400
    ),
    "ill_conditioned": _workload(
        "least squares of condition number 1000, rotated, full batch",
        0.005,
        True,
        data="ellipsoid",
        data__features=20,
        data__condition=1000.0,
        data__rotated=True,
        scaling="raw",
        model="linear",
        steps=400,
    ),
    "sparse": _workload(
        "logistic regression, one feature per row, most of them rare",
        0.54,
        True,
        data="one_hot",
        data__rows=500,
        data__features=100,
        scaling="raw",
        model="logistic",
        batch_size=25,
        steps=400,
    ),
    "separable": _workload(
        "logistic regression on real data that is nearly separable",
        0.06,
        data="breast_cancer",
        model="logistic",
        batch_size=32,
        steps=300,
    ),
    "shallow": _workload(
        "one hidden layer of 32 rectified units, two circles",
        0.01,
        True,
        data="circles",
        scaling="raw",
        model="mlp",
        depth=1,
        width=32,
        activation="relu",
        init="he",
        batch_size=20,
        steps=400,
    ),
    "deep": _workload(
        "eight hidden layers of 16 tanh units on real data",
        0.01,
        data="wine",
        model="mlp",
        depth=8,
        width=16,
        activation="tanh",
        batch_size=16,
        steps=400,
    ),
    "recurrent": _workload(
        "a recurrent network that must remember a sign over 20 steps",
        0.01,
        data="latch",
        data__rows=200,
        data__length=20,
        scaling="raw",
        model="rnn",
        width=8,
        batch_size=20,
        steps=400,
    ),
    "noisy": _workload(
        "softmax regression on overlapping classes, two rows per step",
        0.72,
        True,
        data="classes",
        data__rows=400,
        data__features=20,
        data__classes=4,
        data__separation=1.5,
        scaling="raw",
        model="softmax",
        batch_size=2,
        steps=800,
    ),
}

SEEDS = 32
"""Half of them judge: 16 pairs are enough for the interval, and for 28 comparisons of eight optimizers."""

STANDARD = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion")

CENTRES = {
    "sgd": 0.3,
    "momentum": 0.1,
    "nesterov": 0.1,
    "growing_momentum": 0.1,
    "growing_nesterov": 0.1,
    "adagrad": 0.3,
    "rmsprop": 0.01,
    "adam": 0.01,
    "amsgrad": 0.01,
    "nadam": 0.01,
    "adamax": 0.01,
    "adamw": 0.01,
    "lion": 0.003,
    "sign_sgd": 0.003,
}
"""Rates around which an optimizer is tuned; the search moves on from there wherever the best one lies at an edge."""
OTHER_CENTRE = 0.03

EIGHTHS = 8
COARSE = tuple(range(-8, 13, 4))
"""The first rates, as eighths of a decade from the centre: six of them, half a decade apart."""
FINE = (-3, -2, -1, 1, 2, 3)
"""As many between the best and its neighbours, a third apart."""


def rate(optimizer: str, place: int, centres: Mapping[str, float] = CENTRES) -> float:
    """The learning rate so many eighths of a decade from the centre of an optimizer, to four digits."""
    return float(f"{centres.get(optimizer, OTHER_CENTRE) * 10 ** (place / EIGHTHS):.4g}")
