"""What keeps the code base in shape: who may import whom, and what must not appear at all."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import studies

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "bench").rglob("*.py"), *(ROOT / "models").rglob("*.py")])
FORBIDDEN_MODULES = {"pickle", "yaml", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
STUDIES = sorted((ROOT / "bench/studies").rglob("*.py"))
READS_PICKLES = {"bench/workers/parcel.py"}  # from its parent process, through a pipe of its own
FORBIDDEN_CALLS = {"eval", "exec", "__import__"}


def test_import_contracts_hold():
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not installed: the import contracts are NOT CHECKED")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sources_neither_unpickle_nor_evaluate_text(path):
    forbidden = FORBIDDEN_MODULES - ({"cloudpickle"} if str(path.relative_to(ROOT)) in READS_PICKLES else set())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & forbidden
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in forbidden
        elif isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS), node.lineno
            unsafe = [k for k in node.keywords if k.arg == "allow_pickle" and getattr(k.value, "value", None)]
            assert not unsafe, node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_opens_with_a_docstring(path):
    assert ast.get_docstring(ast.parse(path.read_text())) or not path.read_text().strip()


@pytest.mark.parametrize("path", sorted((ROOT / "bench/train").glob("*.py")), ids=lambda path: path.name)
def test_training_knows_no_study(path, parts):
    text = path.read_text()
    assert "bench.studies" not in text
    words = {*parts.probes, *parts.methods}  # a study may be named after the part that it looks at
    for name in studies.names():
        term = name in words or "_" not in name  # a single word is the field's before it is a study's
        assert term or not re.search(rf"\b{name}\b", text), name
        assert not re.search(rf"\b{studies.get(name).id}\b", text), name


def _of_a_set(node, sets):
    """Whether an expression is a set, by how it is written or by its name."""
    return (
        isinstance(node, (ast.Set, ast.SetComp))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("set", "frozenset"))
        or (isinstance(node, ast.Name) and node.id in sets)
        or (isinstance(node, ast.BinOp) and _of_a_set(node.left, sets))
    )


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_no_finding_and_no_row_of_a_picture_comes_in_the_order_of_a_set(path):
    """Which depends on Python's hash seed for text, so that the same command would give two tables."""
    for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
        inside = list(ast.walk(function))
        given = [node for node in inside if isinstance(node, ast.Assign) and _of_a_set(node.value, ())]
        sets = {target.id for node in given for target in node.targets if isinstance(target, ast.Name)}
        for node in inside:
            if isinstance(node, (ast.For, ast.comprehension)):
                assert not _of_a_set(node.iter, sets), f"{path.name}: for ... in {ast.unparse(node.iter)}"


@pytest.mark.parametrize("module", ["bench", "bench.spec", "bench.errors", "bench.plan", "bench.studies"])
def test_light_modules_start_without_jax_and_pandas(module):
    code = f"import sys, {module}; print([m for m in ('jax', 'pandas', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_no_study_brings_jax_in():
    code = (
        "import sys; from bench import studies; [studies.get(n) for n in studies.names()];print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
