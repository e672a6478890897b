"""What a function does, as a hash: its code and everything it holds, so that two of one factory differ."""

import functools
import hashlib
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def fingerprint(value: Any) -> str:
    """SHA-256 of a value, followed into functions, containers and objects.

    A function counts by its code, its defaults, what its closure holds, and what it names in its module; not by its
    name, its place or its comments. Functions and classes that are named are followed wherever they are, but for those
    of installed packages, which count by name and version; a module that is named counts by its source. The hash is the
    same in every process of one Python version. An object that shows nothing of itself gets another hash in every
    process, so that its results are computed again rather than mistaken.
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
    if hasattr(value, "__array__") and hasattr(value, "dtype"):  # of JAX, whose text leaves numbers out
        return [np.asarray(value)]
    shown = [*getattr(value, "__dict__", {}).items(), *([value.__name__] if hasattr(value, "__name__") else [])]
    if _own(type(value).__module__) and hasattr(value, "__dict__"):
        return [type(value), *shown]
    return shown or [repr(value)]


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a cell that is filled later
        return False


def _globals(function: types.FunctionType) -> list[Any]:
    """What a function or a function inside it names in its module."""
    home = function.__globals__.get("__name__", "")
    if _place(home) == "installed":
        return [_foreign(sys.modules.get(home, function))]
    names, codes = [], [function.__code__]
    while codes:
        code = codes.pop()
        names += code.co_names
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    found = [function.__globals__[name] for name in dict.fromkeys(names) if name in function.__globals__]
    return [_foreign(value) if _is_foreign(value, home) else value for value in found]


def _is_foreign(value: Any, home: str) -> bool:
    return isinstance(value, types.FunctionType) and value.__module__ != home and not _own(value.__module__)


def _foreign(value: Any) -> str:
    """Name and version of what an installed package defines."""
    module = str(getattr(value, "__module__", "") or getattr(value, "__name__", ""))
    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", "")
    return f"{module} {getattr(value, '__qualname__', '')} {version}"


_PYTHON = tuple({f"{sysconfig.get_path(kind)}/" for kind in ("stdlib", "platstdlib")})
_PACKAGES = {"site-packages", "dist-packages"}
_SUITE = tuple(f"{Path(__file__).parents[2] / package}/" for package in ("bench", "models"))


@functools.cache
def _place(module: str) -> str:
    """Where a module comes from: `own` of somebody, `suite`, whose sources are hashed as a whole, or `installed`."""
    known = (sys.modules.get(name) for name in (module, module.partition(".")[0]))
    file = next((one.__file__ for one in known if one and getattr(one, "__file__", None)), None)
    if module == "__main__" or file is None:
        return "installed" if module in sys.builtin_module_names else "own"
    if file.startswith(_SUITE):
        return "suite"
    return "installed" if file.startswith(_PYTHON) or _PACKAGES & {*Path(file).parts} else "own"


def _own(module: str) -> bool:
    return _place(module) == "own"


def _class(kind: type) -> list[Any]:
    if not _own(kind.__module__):
        return [_foreign(kind)]
    members = {name: value for name, value in vars(kind).items() if name not in _ABOUT}
    return [kind.__qualname__, *kind.__bases__, members]


def _module(module: types.ModuleType) -> list[Any]:
    """The source of a module of somebody's own, and the same of those that it names."""
    if not _own(module.__name__):
        return [_foreign(module)]
    named = {value if isinstance(value, types.ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
             for value in vars(module).values()}  # fmt: skip
    others = [other for other in named if other and other is not module and _own(other.__name__)]
    source = Path(module.__file__).read_bytes() if module.__file__ else b""
    return [source, *sorted(others, key=lambda other: other.__name__)]


def _closure(function: types.FunctionType) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]


_ABOUT = {"__doc__", "__module__", "__dict__", "__weakref__", "__annotations__", "__annotate__", "__annotate_func__",
          "__annotations_cache__", "__firstlineno__", "__static_attributes__", "__dataclass_fields__",
          "__dataclass_params__", "__match_args__", "__abstractmethods__", "_abc_impl", "__slots__"}  # fmt: skip
"""What the dict of a class holds beside its methods and constants."""

_PARTS: tuple[tuple[Any, Callable[[Any], Iterable[Any]]], ...] = (
    (types.FunctionType, lambda f: [f.__code__, f.__defaults__, f.__kwdefaults__, _closure(f), _globals(f)]),
    (types.CodeType, lambda code: [code.co_code.hex(), code.co_names, code.co_varnames, code.co_consts]),
    (types.MethodType, lambda method: [method.__func__, method.__self__]),
    (functools.partial, lambda partial: [partial.func, partial.args, partial.keywords]),
    (type, _class),
    (types.ModuleType, _module),
    (types.BuiltinFunctionType, lambda named: [str(getattr(named, "__module__", "")), named.__name__]),
    (property, lambda own: [own.fget, own.fset]),
    ((staticmethod, classmethod), lambda own: [own.__func__]),
    (functools.cached_property, lambda own: [own.func]),
    (np.ndarray, lambda array: [str(array.dtype), array.shape, array.tobytes().hex()]),
    (Mapping, lambda mapping: [item for pair in mapping.items() for item in pair]),
    ((set, frozenset), lambda members: sorted(members, key=repr)),
    ((tuple, list, range), list),
)
