"""Claims of one's own: what a table `[[claim]]` in a grid's file may say; `bench/verdicts.py` judges them."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from bench.errors import InputError, unknown
from bench.spec import Claim, Grid
from bench.spec.finding import Verdict
from bench.spec.grid import same, values_of
from bench.spec.question import OwnClaim

SERIES = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")
BEST_RATE = "best_learning_rate"
MEASURES = (*(f"{when}_{name}" for when in ("final", "best") for name in SERIES), BEST_RATE)
FIELDS: dict[str, tuple[str, ...]] = {
    "before": ("first", "second", "target"),
    "equal": ("first", "second", "within"),
    "slope": ("over", "sign"),
}
"""What a claim of each kind must have; `measure`, `text` and `expected` are optional for all, `where` for slopes."""


def check(claims: Sequence[OwnClaim], grid: Grid) -> tuple[Claim, ...]:
    """The claims of a file, as a study has them.

    Args:
        claims: as they were read.
        grid: that they speak about.

    Raises:
        InputError: a claim that cannot be judged on this grid, with its place and what would be right.
    """
    found = []
    for number, one in enumerate(claims, 1):
        try:
            _check(one, grid)
        except InputError as error:
            raise InputError(f"claim {number}: {error}") from None
        expected: Any = one.expected
        found.append(Claim(f"claim-{number}", one.text or sentence(one), "a file of one's own", expected))
    return tuple(found)


def _check(one: OwnClaim, grid: Grid) -> None:
    if one.kind not in FIELDS:
        raise unknown("kind", one.kind, FIELDS)
    needed = FIELDS[one.kind]
    allowed = {*needed, "where"} if one.kind == "slope" else {*needed}
    for name in dict.fromkeys([*itertools.chain.from_iterable(FIELDS.values()), "where"]):
        given = getattr(one, name) is not None
        if given and name not in allowed:
            raise InputError(
                f"{name!r} does not belong to a claim of kind {one.kind!r}, which has {', '.join(needed)}."
            )
        if not given and name in needed:
            raise InputError(f"{name!r} is missing: a claim of kind {one.kind!r} has {', '.join(needed)}.")
    valid = SERIES if one.kind == "before" else MEASURES if one.kind == "slope" else MEASURES[:-1]
    if one.measure and one.measure not in valid:
        raise unknown("measure", one.measure, valid)
    if one.expected and one.expected not in get_args(Verdict):
        raise unknown("expected verdict", one.expected, ("SUPPORTED", "REFUTED", "UNDECIDED"))
    for name in ("first", "second", "where"):
        for axis, value in (getattr(one, name) or {}).items():
            _known(name, axis, value, grid)
    if one.kind == "slope":
        _check_slope(one, grid)
    elif not one.first or one.first == one.second:
        raise InputError(f"first = {one.first!r}, second = {one.second!r}: name two different sides of the grid.")
    if one.target is not None:
        check_target(one.target, one.measure)
    most = 1.0 if one.measure.endswith("accuracy") else math.inf
    if one.within is not None and not 0 < one.within < most:
        raise InputError(f"within = {one.within!r}: give a number above 0{'' if most > 1 else ' and below 1'}.")


def check_target(target: float, measure: str) -> None:
    """Refuses a target that no run can reach, or that all have reached before they start."""
    if not math.isfinite(target):
        raise InputError(f"target = {target!r}: give a finite number.")
    if measure.endswith("accuracy") and not 0 < target <= 1:
        raise InputError(f"target = {target!r}: an accuracy is a share; give a number above 0 and up to 1.")


def _known(name: str, axis: str, value: Any, grid: Grid) -> None:
    values = values_of(grid, axis)
    if axis == "seed":
        raise InputError(f"{name}.seed: sides are compared seed by seed; name another axis.")
    if isinstance(value, list) or value == "default":
        raise InputError(f"{name}.{axis} = {value!r}: give one number or one name.")
    if not any(same(value, one) for one in values):
        raise InputError(f"{name}.{axis} = {value!r} is not in the grid, which has {', '.join(map(repr, values))}.")


def _check_slope(one: OwnClaim, grid: Grid) -> None:
    if one.sign not in ("positive", "negative"):
        raise unknown("sign", one.sign, ("positive", "negative"))
    if one.over in (one.where or {}):
        raise InputError(f"where.{one.over}: the slope is over {one.over!r}; name other axes.")
    values = values_of(grid, str(one.over))
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) < len(values) or len(set(numbers)) < 2 or one.over == "seed":
        raise InputError(f"over = {one.over!r}: give an axis of two and more numbers other than the seed.")
    if one.measure == BEST_RATE and len(values_of(grid, "learning_rate") if "learning_rate" in grid.axes else [0]) < 2:
        raise InputError(f"measure = {BEST_RATE!r}: the grid has one learning rate; give it several.")


def sentence(one: OwnClaim) -> str:
    """A claim in words."""

    def side(axes: Mapping[str, Any] | None) -> str:
        return ", ".join(f"{axis} = {value}" for axis, value in (axes or {}).items())

    if one.kind == "before":
        return f"{side(one.first)} reaches {measured(one)} {one.target:g} before {side(one.second)}"
    if one.kind == "equal":
        return f"{measured(one)} of {side(one.first)} and of {side(one.second)} are equal within {one.within:g}"
    under = f" where {side(one.where)}" if one.where else ""
    return f"{measured(one)} {'rises' if one.sign == 'positive' else 'falls'} over {one.over}{under}"


def measured(one: OwnClaim) -> str:
    """The column that a claim is about."""
    return one.measure or ("train_loss" if one.kind == "before" else "final_train_loss")


def schema() -> dict[str, Any]:
    """JSON Schema of the claims, for editors."""
    side = {"type": "object", "description": "axes of the grid and their values"}
    text, number = {"type": "string"}, {"type": "number"}
    fields = {"first": side, "second": side, "where": side, "target": number, "over": text, "text": text}
    fields |= {"within": {**number, "exclusiveMinimum": 0}, "sign": {"enum": ["positive", "negative"]}}
    kinds = []
    for kind, needed in FIELDS.items():
        own = {name: fields[name] for name in (*needed, "text", *(["where"] if kind == "slope" else []))}
        own["measure"] = {"enum": list(SERIES if kind == "before" else MEASURES if kind == "slope" else MEASURES[:-1])}
        own |= {"kind": {"const": kind}, "expected": {"enum": list(get_args(Verdict))}}
        required = ["kind", *needed]
        kinds.append({"type": "object", "properties": own, "required": required, "additionalProperties": False})
    return {"type": "array", "items": {"oneOf": kinds}}
