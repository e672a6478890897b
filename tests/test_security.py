"""What the sources may not do, each exception with its reason, and what results may not hold."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import run
from bench.data.files import file_source
from bench.errors import InputError
from bench.report.exports import safe

ROOT = Path(__file__).parents[1]
SOURCES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text())
    for folder in ("bench", "models")
    for path in sorted((ROOT / folder).rglob("*.py"))
}

IMPORTS_BY_NAME = {
    "bench/__main__.py": "the command of that name, out of a list",
    "bench/cache.py": "zstandard, which JAX uses where it is installed",
    "bench/peers/compare.py": "a peer, out of a list",
    "bench/studies/__init__.py": "a study, out of the files of its own folder",
}
STARTS_PROCESSES = {
    "bench/peers/headline.py": "the suite's own command",
    "bench/speed/sides.py": "the checkouts that the command line names",
    "bench/workers/process.py": "the suite's own workers",
}
ON_THE_NET = {
    "bench/cluster/connect.py": "takes addresses of a cluster apart; refuses those that are not encrypted",
    "bench/report/still.py": "quotes pictures as data addresses; fetches nothing",
}
"""Files that may do so, and what."""

NET = {"socket", "socketserver", "http", "urllib", "requests", "ssl", "asyncio", "xmlrpc", "ftplib", "smtplib"}


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def test_only_these_import_by_name():
    found = {path for path, tree in SOURCES.items() if any("import_module" in name for name, _ in _calls(tree))}
    assert found == set(IMPORTS_BY_NAME)


def test_only_these_start_processes_and_none_through_a_shell():
    found = {path for path, tree in SOURCES.items() if "subprocess" in _imports(tree)}
    assert found == set(STARTS_PROCESSES)
    for path, tree in SOURCES.items():
        for name, call in _calls(tree):
            assert name not in ("os.system", "os.popen"), path
            assert not any(keyword.arg == "shell" for keyword in call.keywords), path


def test_only_these_know_the_net_and_nothing_listens():
    found = {path for path, tree in SOURCES.items() if _imports(tree) & NET}
    assert found == set(ON_THE_NET)


def test_arrays_are_loaded_without_pickles():
    for path, tree in SOURCES.items():
        for name, call in _calls(tree):
            if name in ("np.load", "numpy.load", "jnp.load"):
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                assert given.get("allow_pickle") == "False", path
            assert not name.endswith((".read_pickle", ".to_pickle")), path


@pytest.mark.parametrize("stem", ["a..b", "A", "a b", "é", "a\nb", "-a", "a" * 65, "a" * 200])
def test_a_grid_whose_name_could_be_no_folder_is_refused_before_anything_is_trained(stem, tmp_path, capsys, devices):
    path = tmp_path / f"{stem}.toml"
    path.write_text("[grid]\ndata = 'iris'\nmodel = 'softmax'\nsteps = 1\n")
    assert run.main([str(path), "--out", str(tmp_path / "results")]) == 2
    said = capsys.readouterr().err
    assert "use 1 to 64 small letters" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["d\n.csv", "d\x1b[31m.csv", "d.pkl", "d.npy", "/etc/passwd"])
def test_a_data_file_of_another_kind_or_with_control_signs_is_refused(name):
    with pytest.raises(InputError, match="is no file that can be read") as caught:
        file_source(name)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-x", "@sum(a)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula(cell):
    assert safe(cell) == f"'{cell}"
    assert safe(-1.5) == -1.5
    assert safe("plain") == "plain"


@pytest.mark.slow
def test_no_variable_of_the_environment_is_in_any_file_of_the_results(tmp_path):
    secret = "correct-horse-battery-staple"
    grid = tmp_path / "mine.toml"
    grid.write_text("[grid]\ndata = 'iris'\nmodel = 'softmax'\nsteps = 1\n")
    command = [sys.executable, "-m", "bench.run", str(grid), "--out", str(tmp_path / "results")]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TOKEN": secret, "DESCENTBENCH_CACHE": "off"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert not [path for path in files if secret.encode() in path.read_bytes()]
