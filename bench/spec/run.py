"""One training: the axes a grid can vary, their defaults and their rules.

The type says what an axis costs. A *static* axis changes the compiled program; a *traced* one is data in a lane, so
that a thousand values cost one compilation.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bench.errors import InputError, unknown

OPTIONS = {
    "data": "static",  # data.rows, data.condition, ...: what a data set is made with
    "budget": "static",  # budget.gradient_evaluations, budget.flops: how long to train, instead of steps or epochs
    "model": "static",
    "loss": "static",
    "init": "traced",  # init.gain, init.bias
    "activation": "traced",  # activation.slope, activation.alpha
    "optimizer": "traced",  # optimizer.momentum, optimizer.beta1, ...
    "schedule": "traced",
    "clip": "traced",
    "stop": "traced",
    "ewma": "traced",  # ewma.decay, of the average of the batch losses
    "residual": "traced",  # residual.scale, residual.decay
    "normalisation": "traced",  # normalisation.epsilon
    "pretraining": "traced",  # pretraining.learning_rate, pretraining.noise
    "surface": "traced",
    "start": "traced",
}
"""Prefixes of dotted axes, the options of a part, and their kind."""


BUDGETS = ("budget.gradient_evaluations", "budget.flops")
"""Lengths of a run that its steps must fit into, each step at its own price."""


def _axis(default: Any, kind: Literal["static", "traced"], doc: str) -> Any:
    return dataclasses.field(default=default, metadata={"kind": kind, "doc": doc})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """The axes of one run. Each is a column of the `runs` table under the same name."""

    data: str = _axis("digits", "static", "data set")
    split: str = _axis("all", "static", "`all`, `own` (the data's test rows), or `train/test` rows such as `1437/360`")
    scaling: str = _axis("standard", "static", "`standard`, `minmax` or `raw`; fitted on the train rows")
    constant_columns: str = _axis("drop", "static", "`drop`, or `keep` (centred, never divided by zero)")
    normalize_rows: float = _axis(0.0, "static", "scale every row to this mean square ‖x‖²/d; 0 leaves rows alone")
    model: str = _axis("linear", "static", "model")
    depth: int = _axis(2, "static", "number of hidden layers; 0 is a linear model")
    width: int | tuple[int, ...] = _axis(32, "static", "units per hidden layer: one number, or one per layer")
    activation: str = _axis("tanh", "static", "activation between layers")
    bias: bool = _axis(True, "static", "whether layers have biases")
    init: str = _axis("default", "static", "initialisation; `default` is zeros for linear models, glorot for networks")
    pretraining: str = _axis("none", "static", "how hidden layers are trained before the first step, layer by layer")
    pretraining_steps: int = _axis(1000, "static", "steps for which each of them is; 0 is no pretraining")
    loss: str = _axis("default", "static", "loss; `default` follows the model and the data")
    optimizer: str = _axis("sgd", "static", "optimizer")
    schedule: str = _axis("constant", "static", "learning rate as a function of the step")
    clip: str = _axis("none", "static", "gradient clipping: `none`, `norm` or `value`")
    batch_size: int | str = _axis("full", "static", "rows per step: a number, or `full`")
    order: str = _axis(
        "reshuffle",
        "static",
        "`reshuffle` each epoch, one `fixed` order, `sequential` rows, or draw with `replacement`",
    )
    ragged: str = _axis("drop", "static", "a last batch that is not full: `drop` it, or `pad` it (masked mean)")
    epochs: int | None = _axis(None, "static", "length of the run in epochs; give this, `steps` or a budget")
    steps: int | None = _axis(None, "static", "length of the run in steps")
    stop: str = _axis("none", "static", "stopping rule; its threshold is `stop.threshold`")
    checkpoints: str | int | tuple[int, ...] = _axis(
        "epoch", "static", "when to record: `epoch`, `log`, `end`, every n steps, or a list of steps"
    )
    probes: str | tuple[str, ...] = _axis("norms", "static", "`off`, `norms`, `full`, or names of probes")
    probe_rows: int | str = _axis(128, "static", "train rows that probes look at: the first n, or `all`")
    final_parameters: bool = _axis(False, "static", "whether to save the last parameters, in the table `parameters`")
    dtype: str = _axis("float32", "static", "float16, bfloat16, float32 or float64")
    lanes: int | None = _axis(None, "static", "runs computed together; chosen from the working set unless given")
    repeats: int = _axis(1, "static", "how often to execute the program; outcomes must agree bit for bit")
    seed: int = _axis(0, "traced", "of the initial draw, the data order and the data's noise")
    learning_rate: float = _axis(0.1, "traced", "learning rate, or its initial value under a schedule")
    l2: float = _axis(0.0, "traced", "penalty l2 / (2 m) ||W||^2, biases free")
    diverge_above: float = _axis(1e6, "traced", "diverged when the loss exceeds this times max(1, initial loss)")
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


_FIELDS = {field.name: field for field in dataclasses.fields(Run) if field.name != "options"}
STATIC = tuple(name for name, field in _FIELDS.items() if field.metadata["kind"] == "static")
TRACED = tuple(name for name, field in _FIELDS.items() if field.metadata["kind"] == "traced")

_POSITIVE = {"learning_rate", "pretraining.learning_rate", "diverge_above", *BUDGETS}
_NON_NEGATIVE = {"l2", "normalize_rows"}
_CHOICES = {
    "scaling": ("standard", "minmax", "raw"),
    "constant_columns": ("drop", "keep"),
    "ragged": ("drop", "pad"),
    "dtype": ("float16", "bfloat16", "float32", "float64"),
}
_WORDS = {"batch_size": "full", "probe_rows": "all"}  # counts that a word may stand for
_LISTS = ("checkpoints", "probes")  # one or several in one run
_NAMES = {
    name for name, field in _FIELDS.items() if isinstance(field.default, str) and name not in (*_WORDS, "checkpoints")
}


def kind(axis: str) -> str:
    """`static` or `traced`.

    Args:
        axis: the name of an axis, plain or dotted.

    Raises:
        InputError: no such axis.
    """
    if axis in _FIELDS:
        return _FIELDS[axis].metadata["kind"]
    prefix, dot, option = axis.partition(".")
    if dot and option and option.isprintable() and prefix in OPTIONS:
        return OPTIONS[prefix]
    raise unknown("axis", axis, [*_FIELDS, *(f"{prefix}.<option>" for prefix in OPTIONS)])


def validate(axis: str, value: Any) -> None:
    """Checks one value of one axis, as far as that is possible without knowing any part.

    Args:
        axis: a valid axis name.
        value: the value.

    Raises:
        InputError: the value cannot be right, with the axis, the value and what would be right.
    """
    if kind(axis) == "traced" or axis == "normalize_rows" or axis in BUDGETS:
        _validate_number(axis, value)
    elif isinstance(value, dict) or _nested(value):
        raise InputError(f"{axis} = {value!r}: give one value or a list of values.")
    elif axis in _NAMES and not all(isinstance(one, str) for one in _several(axis, value)):
        raise InputError(f"{axis} = {value!r}: give a name in quotes.")
    elif axis in _CHOICES and value not in _CHOICES[axis]:
        raise unknown(axis, value, _CHOICES[axis])
    elif axis in ("bias", "final_parameters") and not isinstance(value, bool):
        raise InputError(f"{axis} = {value!r}: give true or false.")
    elif axis in ("depth", "epochs", "steps", "pretraining_steps", "repeats", "lanes", "width", *_WORDS):
        _validate_count(axis, value)


def _nested(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and any(isinstance(one, (tuple, list, dict)) for one in value)


def _several(axis: str, value: Any) -> Sequence[Any]:
    return value if axis in _LISTS and isinstance(value, (tuple, list)) else (value,)


def _validate_number(axis: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{axis} = {value!r} is not a number.")
    if isinstance(value, int) and abs(value) >= 2**1023:  # no float
        raise InputError(f"{axis} is a number of {value.bit_length()} bits: give a finite number.")
    if math.isnan(value) or (math.isinf(value) and axis != "diverge_above"):
        raise InputError(f"{axis} = {value!r}: give a finite number.")
    if axis in _POSITIVE and value <= 0:
        raise InputError(f"{axis} = {value!r}: give a number above 0.")
    if axis in _NON_NEGATIVE and value < 0:
        raise InputError(f"{axis} = {value!r}: give 0 or more.")
    if axis == "ewma.decay" and not 0 <= value < 1:
        raise InputError(f"ewma.decay = {value!r}: give a number from 0, no average, to below 1.")
    if axis == "pretraining.noise" and not 0 <= value <= 1:
        raise InputError(f"pretraining.noise = {value!r}: give a share of inputs, from 0 to 1.")
    if axis == "seed" and (value != int(value) or not 0 <= value < 2**63):
        raise InputError(f"seed = {value!r}: give a whole number from 0 to 2^63 - 1.")


def _validate_count(axis: str, value: Any) -> None:
    if value is None and axis in ("epochs", "steps", "lanes"):
        return
    if axis in _WORDS and value == _WORDS[axis]:
        return
    if axis == "width" and isinstance(value, (tuple, list)):
        for item in value:
            _validate_count(axis, item)
        return
    least = {"depth": 0, "steps": 0, "epochs": 0, "pretraining_steps": 0}.get(axis, 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        also = f" or {_WORDS[axis]!r}" if axis in _WORDS else ""
        raise InputError(f"{axis} = {value!r}: give a whole number of at least {least}{also}.")
