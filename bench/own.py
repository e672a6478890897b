"""Parts of a user's own beside the registered ones: plain functions passed in, and what installed packages offer.

A package offers parts by entry points of the group `descentbench.parts`, named `<axis>.<name>`, such as
`optimizer.mine`. Nothing is imported before a grid names it.
"""

import dataclasses
import importlib.metadata
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import models as own_models
from bench.data import Source, array_source, outside
from bench.errors import InputError, unknown
from bench.parts import Catalogue, source_hash
from bench.spec import Grid, Parts, Study
from bench.train import Method
from models import Activation, Architecture, Init, Loss, Shape
from models.own import architecture, lenient

GROUP = "descentbench.parts"


def with_own(parts: Parts, **kinds: Mapping[str, Any] | None) -> Parts:
    """These parts and some of one's own.

    Args:
        parts: the registries.
        kinds: `optimizers`, `models`, `activations`, `inits`, `losses`, `data`, each name -> part. A part is a plain
            function (for models a pair of them, for data a pair of arrays), or what the registry holds, such as a
            `Method`. Parameters of optimizers and activations whose default is a float are axes of the grid.

    Raises:
        InputError: a part that cannot be one, with its kind and name.
    """
    for plural, given in kinds.items():
        kind = _BY_PLURAL[plural]
        for name, part in (given or {}).items():
            parts = _with(parts, kind, name, part)
    return parts


def with_installed(parts: Parts, grid: Grid) -> Parts:
    """These parts and those that a grid names, the suite does not have, and installed packages offer.

    Raises:
        InputError: a name that nobody has, that two packages offer, or whose package cannot be imported.
    """
    for axis, kind in KINDS.items():
        given = grid.axes.get(axis, ())
        for name in dict.fromkeys(given if isinstance(given, list) else [given]):
            registered = getattr(parts, kind.registry)
            if not isinstance(name, str) or name in (*registered, "default"):
                continue
            if axis == "data" and outside(name):
                continue
            entries = (entry.name.partition(".") for entry in _entries())
            offered = {own for kind_, _, own in entries if kind_ == axis}
            if name in offered:
                part, source = _load(f"{axis}.{name}")
                parts = _with(parts, kind, name, part, source)
            elif offered:
                raise unknown(axis, name, [*registered, *offered])
    return parts


def parts_of(study: Study, parts: Parts) -> Parts:
    """These parts, and those of installed packages that a grid of one's own names; none for a study of the suite."""
    for grid in () if study.id else study.grids("full", Catalogue(parts).lookup):
        parts = with_installed(parts, grid)
    return parts


class Kind(NamedTuple):
    """How parts of one kind are given: their registry, and what makes one of what a user wrote."""

    registry: str
    made: Callable[[str, Any], Any]


def _with(parts: Parts, kind: Kind, name: str, given: Any, source: str = "") -> Parts:
    part = kind.made(name, given)
    if isinstance(part, Source) and part.by_content:  # its rows name the results, so the hash of the parts stays
        return dataclasses.replace(parts, data={**parts.data, name: part})
    return parts.added(kind.registry, name, part, source)


def _callable(given: Any, where: str) -> None:
    if not callable(given):
        raise InputError(f"{where} is a {type(given).__name__}; give a function.")


def _constants(function: Callable[..., Any], where: str) -> dict[str, float]:
    """The parameters of a function whose default is a float."""
    _callable(function, where)
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # written in C
        return {}
    return {name: one.default for name, one in parameters.items() if type(one.default) is float}


def _tried(where: str, trial: Callable[[], Any]) -> Any:
    """What a part gives on a trial; whatever it raises is said with its name."""
    try:
        return trial()
    except Exception as error:  # somebody else's code
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{where} fails on a trial: {type(error).__name__}: {reason.rstrip('.')}.") from error


def _optimizer(name: str, given: Any) -> Method:
    if isinstance(given, Method):
        return given
    where = f"optimizer {name!r}"
    constants = {key: value for key, value in _constants(given, where).items() if key != "learning_rate"}
    found = _tried(where, lambda: given(learning_rate=0.1, **constants))
    if not (callable(getattr(found, "init", None)) and callable(getattr(found, "update", None))):
        raise InputError(f"{where} gives a {type(found).__name__}; give an optax.GradientTransformation.")
    return Method(
        lambda h: given(learning_rate=h["learning_rate"], **{key: h[f"optimizer.{key}"] for key in constants}),
        constants,
    )


def _activation(name: str, given: Any) -> Activation:
    if isinstance(given, Activation):
        return given
    constants = _constants(given, f"activation {name!r}")
    given = lenient(given)
    _same_shape(f"activation {name!r}", given, (3, 2))

    def apply(z: Any, c: Mapping[str, Any]) -> Any:
        return jnp.asarray(given(z, **{key: c[key].astype(z.dtype) for key in constants}), z.dtype)

    return Activation(apply, constants)


def _init(name: str, given: Any) -> Init:
    if isinstance(given, Init):
        return given
    _callable(given, f"init {name!r}")
    given = lenient(given)
    _same_shape(f"init {name!r}", given, (3, 2))
    return Init(lambda normals: jnp.asarray(given(normals), normals.dtype))


def _same_shape(where: str, function: Callable[..., Any], shape: tuple[int, ...]) -> None:
    found = _tried(where, lambda: jax.eval_shape(function, jnp.zeros(shape)))
    if getattr(found, "shape", None) != shape:
        given = getattr(found, "shape", type(found).__name__)
        raise InputError(f"{where} makes {given} of an array of shape {shape}; give the same shape.")


def _loss(name: str, given: Any) -> Loss:
    if isinstance(given, Loss):
        return given
    _callable(given, f"loss {name!r}")
    return Loss(lenient(given), own_models.LOSSES["squared_error"].outputs)


def _model(name: str, given: Any) -> Architecture:
    where = f"model {name!r}"
    if not isinstance(given, Architecture):
        if not isinstance(given, tuple) or len(given) != 2 or not all(map(callable, given)):
            raise InputError(f"{where} is a {type(given).__name__}; give a pair of functions (init, apply).")
        given = architecture(*given)

    def make(shape: Shape, options: Mapping[str, Any], init: Init, activation: Activation) -> Any:
        return _tried(where, lambda: given.make(shape, options, init, activation))

    return given._replace(make=make)


def _data(name: str, given: Any) -> Source:
    if isinstance(given, Source):
        return given
    if not isinstance(given, tuple) or len(given) != 2:
        raise InputError(f"data {name!r} is a {type(given).__name__}; give a pair of arrays (X, y).")
    return array_source(name, *given)


KINDS = {
    "optimizer": Kind("methods", _optimizer),
    "model": Kind("models", _model),
    "activation": Kind("activations", _activation),
    "init": Kind("inits", _init),
    "loss": Kind("losses", _loss),
    "data": Kind("data", _data),
}
"""Axis -> kind."""

_BY_PLURAL = {"losses": KINDS["loss"], "data": KINDS["data"]} | {
    f"{axis}s": KINDS[axis] for axis in ("optimizer", "model", "activation", "init")
}


def _entries() -> tuple[importlib.metadata.EntryPoint, ...]:
    return tuple(importlib.metadata.entry_points(group=GROUP))


def _load(name: str) -> tuple[Any, str]:
    """The part of an entry point, and the hash of the sources of its package."""
    entries = [entry for entry in _entries() if entry.name == name]
    packages = sorted({f"{entry.dist.name} {entry.dist.version}" for entry in entries if entry.dist})
    axis, _, part = name.partition(".")
    if len(packages) > 1:
        raise InputError(f"{axis} {part!r} is offered by {' and by '.join(packages)}; uninstall one of them.")
    try:
        return entries[0].load(), source_hash(entries[0].module.partition(".")[0])
    except Exception as error:  # somebody else's code
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200].rstrip('.')}"
        raise InputError(
            f"{axis} {part!r} of the package {', '.join(packages)} cannot be imported ({reason}); mend or uninstall it."
        ) from error
