"""Every check of what a user gives is taken out in turn, and one of the tests of bad input fails.

A check is an `if` that ends in raising an error of the input. It is taken out of the running process: the code of its
function is replaced by the same with `if False`. The tests are then called as they are, on their tables of bad input.
"""

import ast
import functools
import importlib
import importlib.util
import inspect
import itertools
import sys
import types
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from refusals import refusal
from whole import ALL

from bench import pipeline

TESTS = Path(__file__).parents[1]
pytestmark = [pytest.mark.faults, pytest.mark.slow]

RAISES = ("InputError", "unknown")
FILES = {
    "bench.gridfile": ("test_gridfile",),
    "bench.gridtext": (
        "test_bad_input",
        "test_gridfile",
    ),
    "bench.questions": ("test_bad_input", "ranking/test_own_ranking", "test_ahead"),
    "bench.claims": ("test_bad_input", "test_claims", "test_ahead"),
    "bench.ahead": ("test_ahead",),
    "bench.options": ("test_bad_input", "test_run", "test_track"),
    "bench.early": ("test_early",),
    "bench.api": ("test_api",),
    "bench.parts": ("test_bad_input", "test_gridfile", "test_parts", "spec/test_validation"),
    "bench.plan.lengths": ("test_bad_input", "test_gridfile", "plan/test_planner", "plan/test_lengths"),
    "bench.plan.planner": ("test_bad_input", "test_gridfile", "plan/test_planner"),
    "bench.plan.shards": ("plan/test_shards", "test_run"),
    "bench.spec.run": ("test_bad_input", "spec/test_validation", "test_gridfile"),
    "bench.spec.grid": ("test_bad_input", "spec/test_grid", "test_gridfile"),
    "bench.data.prepare": ("test_bad_input", "data/test_prepare", "test_gridfile", "fuzz/test_found"),
    "bench.data.own": ("data/test_files", "test_api", "fuzz/test_found"),
    "bench.data.files": ("data/test_files", "fuzz/test_found"),
    "bench.data.openml": ("test_bad_input", "data/test_openml"),
}
"""Module -> the tests of what it refuses."""

UNTRIED = {
    "rank.unit == 'flops' and (not program.step_flops)": "of models of installed packages alone",
    "len(found) > MOST_VALUES": "a hundred million values would be made",
    "every and steps / every > MOST_CHECKPOINTS": "a thousand million checkpoints would be made",
}
"""Checks that these tests do not try, with the reason."""


class Check(NamedTuple):
    """A check: its module, its function by qualified name, its condition, and its line."""

    module: str
    function: str
    condition: str
    line: int


def _refuses(node: ast.If) -> bool:
    last = node.body[-1]
    call = last.exc if isinstance(last, ast.Raise) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in RAISES


def _checks(module: str) -> Iterator[Check]:
    path = importlib.util.find_spec(module)
    assert path is not None
    assert path.origin is not None
    tree = ast.parse(Path(path.origin).read_text())
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        for node in ast.walk(function):
            if isinstance(node, ast.If) and _refuses(node):
                yield Check(module, function.name, ast.unparse(node.test), node.lineno)


CHECKS = [check for module in FILES for check in _checks(module)]


def _without(check: Check) -> types.CodeType:
    """The code of a check's function, without the check."""
    module = importlib.import_module(check.module)
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.lineno == check.line:
            node.test = ast.copy_location(ast.Constant(value=False), node.test)
    whole = compile(tree, str(module.__file__), "exec")
    return next(one for one in whole.co_consts if isinstance(one, types.CodeType) and one.co_name == check.function)


@functools.cache
def _tests(name: str) -> list[Callable[..., Any]]:
    path = TESTS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return [one for key, one in vars(module).items() if key.startswith("test_") and inspect.isfunction(one)]


def _cases(function: Callable[..., Any], fixtures: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a test is called with, once per value of its parameters; nothing where it needs other fixtures."""
    axes = []
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            names, table = mark.args[0], mark.args[1]
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
            values = [getattr(value, "values", value) for value in ([*table] if isinstance(table, dict) else table)]
            single = len(names) == 1
            axes.append([dict(zip(names, (value,) if single else value, strict=True)) for value in values])
    for chosen in itertools.product(*axes):
        given = {name: value for own in chosen for name, value in own.items()}
        needed = set(inspect.signature(function).parameters) - set(given)
        if needed <= set(fixtures):
            yield given | {name: fixtures[name] for name in needed}


@pytest.fixture
def failing(tmp_path_factory, capsys, devices, parts, catalogue, trial, monkeypatch):
    """Calls tests of bad input and yields the names of those that fail; nothing is trained."""

    def trained(*_: Any) -> Any:
        raise AssertionError("it would have been trained")

    def fails(function: Callable[..., Any]) -> bool:
        own = {"capsys": capsys, "devices": devices, "parts": parts, "catalogue": catalogue, "trial": trial}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline, "_train", trained)
            for case in _cases(function, {**own, "tmp_path": None, "refused": None, "monkeypatch": patch}):
                folder = tmp_path_factory.mktemp("case")
                here = {"tmp_path": folder, "refused": functools.partial(refusal, folder, capsys)}
                patch.chdir(folder)
                capsys.readouterr()  # what the case before left unread
                try:
                    function(**case | {name: own for name, own in here.items() if name in case})
                except pytest.skip.Exception:
                    continue
                except (Exception, pytest.fail.Exception):
                    return True
        return False

    def call(names: tuple[str, ...], but: Collection[str] = ()) -> Iterator[str]:
        for function in [one for name in names for one in _tests(name)]:
            known = any(word in function.__name__ for word in WORDS) and function.__name__ not in but
            if known and fails(function):
                yield function.__name__

    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    return call


WORDS = (
    *("refused", "wrong", "cannot", "one_sentence", "impossible", "make_no_sense", "named", "suggestion", "said"),
    *("given_once", "no_readable", "exclude_each_other", "told_where", "not_there", "are_looked_at", "only_numbers"),
)
"""Of the names of tests of bad input; others train."""


@pytest.mark.parametrize("module", FILES if ALL else ["bench.spec.run"])
def test_no_check_of_the_input_can_be_taken_out_unnoticed(module, failing, points, say):
    trains = {*failing(FILES[module])}  # which these tests cannot, so that they say nothing here
    unnoticed, tried, caught = [], 0, 0
    for check in [one for one in CHECKS if one.module == module and one.condition not in UNTRIED]:
        function = inspect.unwrap(getattr(importlib.import_module(module), check.function))
        whole = function.__code__
        function.__code__ = _without(check)
        try:
            failed = next(failing(FILES[module], trains), "")
        finally:
            function.__code__ = whole
        say(f"{module}: without `if {check.condition}`: {failed or 'NOTHING'} fails")
        tried += 1
        caught += bool(failed)
        unnoticed += [] if failed else [f"{check.function}: if {check.condition}"]
    assert not unnoticed
    points("F18", tried, caught)


def test_there_are_many_checks():
    assert len(CHECKS) > 60
    assert {*UNTRIED} <= {check.condition for check in CHECKS}
