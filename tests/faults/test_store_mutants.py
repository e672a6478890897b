"""F18: each fsync, link, checksum and validation of the store is taken out in turn, and a test of the store fails."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from whole import ALL

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.faults, pytest.mark.slow]


class Mutant(NamedTuple):
    """What is taken out, the text before and after, and the test of tests/store/test_folder.py that must fail."""

    what: str
    file: str
    before: str
    after: str
    test: str


ORDER = "data_are_on_disk_before_they_have_their_name"
FLIPPED = "test_no_flipped_bit_is_read_as_data"
LINKED = "a_linked_folder_of_results_is_refused or symbolic_links_are_refused"
MUTANTS = (
    Mutant("fsync of the data", "files", "            os.fsync(file.fileno())\n", "", ORDER),
    Mutant("fsync of the folder", "files", "            os.fsync(folder)\n", "", ORDER),
    Mutant(
        "flush before the fsync",
        "files",
        "file.flush()\n            os.fsync",
        "os.fsync",
        ORDER,
    ),
    Mutant(
        "flush before the replacement",
        "files",
        "file.flush()\n            os.replace",
        "os.replace",
        "is_replaced_in_one_step",
    ),
    Mutant(
        "link that never replaces",
        "files",
        "os.link(temporary, path)",
        "os.replace(temporary, path)",
        "first_commit_wins",
    ),
    Mutant(
        "first commit wins", "files", "                return False", "                pass", "many_writers_at_once"
    ),
    Mutant(
        "replacement in one step",
        "files",
        "os.replace(temporary, path)",
        "path.write_bytes(data)",
        "is_replaced_in_one_step",
    ),
    Mutant(
        "removal of temporary files",
        "files",
        "        path.unlink(missing_ok=True)\n\n\ndef refused",
        "        pass\n\n\ndef refused",
        "no_temporary_file_remains",
    ),
    Mutant(
        "sweep of what killed writers left",
        "files",
        "            path.unlink(missing_ok=True)\n\n\n@",
        "            pass\n\n\n@",
        "what_a_killed_writer_left",
    ),
    Mutant(
        "lock of living writers",
        "files",
        "fcntl.LOCK_EX | fcntl.LOCK_NB, must=True",
        "fcntl.LOCK_SH",
        "what_a_killed_writer_left",
    ),
    Mutant(
        "no sweep without locks",
        "files",
        "            if must:\n                raise\n",
        "            pass\n",
        "without_locks",
    ),
    Mutant(
        "the sentence of a refusal",
        "files",
        'raise refused(path, error, f"{len(data):,} bytes") from error\n    return True',
        "raise\n    return True",
        "a_failed_write_leaves_nothing",
    ),
    Mutant("digest of the members", "files", "archive.comment != _contents(archive) or ", "", FLIPPED),
    Mutant(
        "checksums of unread members",
        "files",
        "(whole and archive.testzip())",
        "False",
        "curves_are_damaged_is_not_whole",
    ),
    Mutant(
        "digest of a derived table",
        "files",
        ".hexdigest().encode() != data[place:end]",
        '.digest() == b""',
        "flipped_bit_of_a_derived_table",
    ),
    Mutant(
        "damage by its name",
        "files",
        "        raise DamagedFile(path, error, remedy) from error",
        "        raise",
        "a_torn_file_is_set_aside",
    ),
    Mutant(
        "programs of a derived table",
        "folder",
        'kept.schema.metadata[b"programs"] == digest.encode()',
        "True",
        "only_for_exactly_its_programs",
    ),
    Mutant(
        "contents of a derived table",
        "folder",
        "                digest.update(file.read())\n",
        "                pass\n",
        "table_of_a_crashed_program",
    ),
    Mutant(
        "verification of the whole file",
        "folder",
        'unpacked(path, ["programs"], whole=True)',
        'unpacked(path, ["programs"])',
        "curves_are_damaged_is_not_whole",
    ),
    Mutant(
        "setting aside what is damaged",
        "folder",
        'self._set_aside(path, ".damaged")',
        'path.with_suffix(".damaged")',
        "a_torn_file_is_set_aside",
    ),
    Mutant(
        "naming what is damaged",
        "folder",
        "            warnings.warn(text, stacklevel=2)\n",
        "",
        "a_torn_file_is_set_aside",
    ),
    Mutant(
        "trying a crashed program again",
        "folder",
        '[0].as_py() == "crashed"',
        '[0].as_py() == ""',
        "a_crashed_program_is_tried_again",
    ),
    Mutant(
        "comparison of plans", "folder", "        if fields:\n", "        if False:\n", "another_plan_in_the_folder"
    ),
    Mutant(
        "comparison with a faster process",
        "folder",
        "            self._compare(path, manifest)  # another process was faster\n",
        "            pass\n",
        "two_plans_that_start_together",
    ),
    Mutant(
        "right to write",
        "folder",
        "            if not os.access(folder, os.W_OK | os.X_OK):\n",
        "            if False:\n",
        "a_read_only_place",
    ),
    Mutant(
        "linked folders inside a result",
        "folder",
        "            if folder.is_symlink():\n                raise",
        "            if False:\n                raise",
        LINKED,
    ),
    Mutant(
        "linked folders on the way",
        "folder",
        "        if folder.is_symlink():\n            raise",
        "        if False:\n            raise",
        LINKED,
    ),
    Mutant(
        "names of studies",
        "folder",
        "        if not _NAME.match(part):\n",
        "        if False:\n",
        "names_that_could_leave",
    ),
    Mutant(
        "names of programs", "folder", ' or not all(map(_is_key, found["programs"]))', "", "programs_that_are_no_names"
    ),
    Mutant(
        "form of a manifest",
        "folder",
        "    except (OSError, ValueError, TypeError, KeyError) as error:\n        remedy",
        "    except ZeroDivisionError as error:\n        remedy",
        "a_damaged_manifest_is_named",
    ),
    Mutant(
        "version of the schema",
        "folder",
        "    if schema > SCHEMA_VERSION:\n",
        "    if False:\n",
        "results_of_a_newer_version",
    ),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The store and its tests, somewhere else."""
    place = tmp_path_factory.mktemp("mutants")
    for name in ("bench", "tests/store"):
        shutil.copytree(
            ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "studies"), symlinks=True
        )
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def _fails(copy: Path, test: str) -> str:
    """The names of the tests that fail."""
    options = ["--noconftest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "-rf", "-k", test]
    command = [sys.executable, "-B", "-m", "pytest", *options, "tests/store/test_folder.py"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    failed = [line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return ", ".join(failed)


@pytest.mark.parametrize("mutant", MUTANTS if ALL else MUTANTS[::10], ids=lambda mutant: mutant.what.replace(" ", "_"))
def test_nothing_of_the_store_can_be_taken_out_unnoticed(mutant, copy, points, say):
    path = copy / "bench" / "store" / f"{mutant.file}.py"
    whole = path.read_text()
    assert whole.count(mutant.before) == 1, "the text of this mutant is not in the store"
    path.write_text(whole.replace(mutant.before, mutant.after))
    try:
        failed = _fails(copy, mutant.test)
    finally:
        path.write_text(whole)
    say(f"without {mutant.what}: {failed or 'NOTHING'} fails")
    points("F18", 1, int(bool(failed)))


def test_with_nothing_taken_out_no_test_fails(copy):
    tests = sorted({mutant.test for mutant in MUTANTS} - {FLIPPED})  # which takes seconds
    assert _fails(copy, " or ".join(tests)) == ""
