"""What a function does, as a hash: its code and everything it holds, so that two of one factory differ."""

import functools
import hashlib
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np


def fingerprint(value: Any) -> str:
    """SHA-256 of a value, followed into functions, containers and objects.

    A function counts by its code, its defaults, what its closure holds, and the functions and constants of its own
    module that it names; not by its name, its place or its comments. The hash is the same in every process of one
    Python version. An object that shows nothing of itself gets another hash in every process, so that its results are
    computed again rather than mistaken.
    """
    digest = hashlib.sha256()
    for piece in _pieces(value, {}):
        digest.update(piece.encode() + b"\0")
    return digest.hexdigest()


def _pieces(value: Any, seen: dict[int, Any]) -> Iterable[str]:
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        yield f"{type(value).__name__} {value!r}"
    elif id(value) in seen:
        yield "again"
    else:
        seen[id(value)] = value  # kept, so that no later value takes its id
        yield type(value).__qualname__
        for part in _parts(value):
            yield from _pieces(part, seen)
        yield "end"


def _parts(value: Any) -> Iterable[Any]:
    """What a value is made of."""
    for kinds, parts in _PARTS:
        if isinstance(value, kinds):
            return parts(value)
    shown = [*getattr(value, "__dict__", {}).items(), *([value.__name__] if hasattr(value, "__name__") else [])]
    return shown or [repr(value)]


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a cell that is filled later
        return False


def _globals(function: types.FunctionType) -> list[Any]:
    """The functions and constants of its own module that a function or a function inside it names."""
    names, codes = [], [function.__code__]
    while codes:
        code = codes.pop()
        names += code.co_names
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    found = [function.__globals__[name] for name in dict.fromkeys(names) if name in function.__globals__]
    return [
        value
        for value in found
        if isinstance(value, (bool, int, float, str, bytes, tuple, np.ndarray))
        or (isinstance(value, types.FunctionType) and value.__module__ == function.__module__)
    ]


def _closure(function: types.FunctionType) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]


_PARTS: tuple[tuple[Any, Callable[[Any], Iterable[Any]]], ...] = (
    (types.FunctionType, lambda f: [f.__code__, f.__defaults__, f.__kwdefaults__, _closure(f), _globals(f)]),
    (types.CodeType, lambda code: [code.co_code.hex(), code.co_names, code.co_varnames, code.co_consts]),
    (types.MethodType, lambda method: [method.__func__, method.__self__]),
    (functools.partial, lambda partial: [partial.func, partial.args, partial.keywords]),
    (
        (type, types.ModuleType, types.BuiltinFunctionType),
        lambda named: [str(getattr(named, "__module__", "")), named.__name__],
    ),
    (np.ndarray, lambda array: [str(array.dtype), array.shape, array.tobytes().hex()]),
    (Mapping, lambda mapping: [item for pair in mapping.items() for item in pair]),
    ((set, frozenset), lambda members: sorted(members, key=repr)),
    ((tuple, list, range), list),
)
