"""Commits: whole or not at all, first one wins, damage is noticed, set aside and computed again."""

import errno
import fcntl
import json
import os
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bench.errors import DamagedFile, InputError
from bench.store import Folder, study_folder
from bench.store.files import unpacked, unsealed
from bench.store.folder import SCHEMA_VERSION

NUMBERS = {"one": 1, "two": 2}
MANIFEST = {"study": "A02", "code": "abc", "programs": ["one", "two"], "runs": 4}


def tables(number, status="done"):
    runs = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), [f"{number}-0", f"{number}-1"])
    return {
        "runs": pa.table({"run": runs, "learning_rate": [0.1 * number, 0.2]}),
        "programs": pa.table({"program": [str(number)], "status": [status]}),
    }


@pytest.fixture
def folder(tmp_path):
    found = Folder(tmp_path / "study" / "quick")
    found.open(MANIFEST)
    return found


@pytest.mark.parametrize("name", ["..", "", "a/b", "a\n", "A", "-a", "_a", "a" * 65, "a.b", "a b", "é"])
def test_names_that_could_leave_the_root_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="use 1 to 64 small letters"):
        study_folder(tmp_path, name, "quick")
    with pytest.raises(InputError, match="use 1 to 64 small letters"):
        study_folder(tmp_path, "study", name)


def test_symbolic_links_are_refused(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root = tmp_path / "results"
    root.mkdir()
    (root / "linked").symlink_to(elsewhere)
    with pytest.raises(InputError, match="symbolic link"):
        study_folder(root, "linked", "quick")
    (root / "study").mkdir()
    (root / "study" / "quick").symlink_to(elsewhere)
    with pytest.raises(InputError, match="symbolic link"):
        study_folder(root, "study", "quick")
    assert study_folder(root, "study", "full") == root / "study" / "full"


def test_what_was_committed_is_read_back(folder):
    assert not folder.has("one")
    assert folder.commit("one", tables(1))
    assert folder.has("one")
    assert folder.merged(["one"], "runs")["learning_rate"].to_pylist() == [0.1, 0.2]
    assert folder.merged(["one"], "layers") is None


def test_the_first_commit_wins(folder):
    assert folder.commit("one", tables(1))
    assert not folder.commit("one", tables(2))
    assert folder.merged(["one"], "runs")["run"].to_pylist() == ["1-0", "1-1"]


def test_of_many_writers_at_once_exactly_one_wins(folder):
    won, start = [], threading.Barrier(8)

    def write(number):
        start.wait()
        won.append((folder.commit("one", tables(number)), number))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for first, number in won if first]
    assert folder.merged(["one"], "runs")["run"].to_pylist()[0] == f"{winner}-0"
    assert sorted(os.listdir(folder.programs)) == ["one.zip"]


def test_a_failed_write_leaves_nothing_behind(folder, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"one.zip \([\d,]+ bytes\): No space left.*make room"):
        folder.commit("one", tables(1))
    assert os.listdir(folder.programs) == []


def test_data_are_on_disk_before_they_have_their_name_and_the_name_before_success_is_reported(folder, monkeypatch):
    calls, sizes = [], []
    for name in ("fsync", "link"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda *a, name=name, real=real: (calls.append(name), sizes.append(os.stat(a[0]).st_size), real(*a))[2],
        )
    folder.commit("one", tables(1))
    assert calls == ["fsync", "link", "fsync"]
    whole = (folder.programs / "one.zip").stat().st_size
    assert sizes[:2] == [whole, whole]  # not in a buffer of this process


def test_a_crashed_program_is_tried_again(folder):
    folder.commit("one", tables(1, "crashed"))
    assert not folder.has("one")
    assert folder.commit("one", tables(2))
    assert folder.has("one")
    assert "one.crashed" in os.listdir(folder.programs)


def _damaged(folder, change):
    folder.commit("one", tables(1))
    path = folder.programs / "one.zip"
    data = bytearray(path.read_bytes())
    path.write_bytes(change(data))
    return path


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.95, 0.999])
def test_a_torn_file_is_set_aside_and_computed_again(folder, share):
    _damaged(folder, lambda data: data[: int(share * len(data))])
    with pytest.raises(DamagedFile, match=r"one\.zip"):
        folder.merged(["one"], "runs")
    with pytest.warns(UserWarning, match=r"one\.zip is damaged \(.+\): set aside as one\.damaged, and its runs are"):
        assert not folder.has("one")
    assert sorted(os.listdir(folder.programs)) == ["one.damaged"]
    assert folder.commit("one", tables(1))
    assert folder.has("one")


@pytest.mark.slow
def test_no_torn_file_is_read_as_data_wherever_it_ends(folder):
    """Every length, so that every section and every boundary between two of them is among them."""
    path = _damaged(folder, bytes)
    good = path.read_bytes()
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(DamagedFile):
            unpacked(path, ["runs", "programs"])


@pytest.mark.slow
def test_no_flipped_bit_is_read_as_data(folder):
    """Every bit of the file: a flip is noticed, or it sits where nothing is read and changes nothing."""
    path = _damaged(folder, bytes)
    good = path.read_bytes()
    want = {name: unpacked(path, [name])[name] for name in ("runs", "programs")}
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << (position % 8)
        path.write_bytes(bad)
        try:
            found = unpacked(path, ["runs", "programs"])
        except DamagedFile:
            continue
        assert found == want, position


def test_a_program_whose_curves_are_damaged_is_not_whole(folder):
    path = _damaged(folder, bytes)
    good = path.read_bytes()
    place = good.index(b"PAR1")  # the data of the first member, `runs`
    path.write_bytes(good[: place + 30] + bytes([good[place + 30] ^ 1]) + good[place + 31 :])
    with pytest.warns(UserWarning, match="a checksum is wrong"):
        assert not folder.has("one")
    assert sorted(os.listdir(folder.programs)) == ["one.damaged"]


def test_another_plan_in_the_folder_is_refused_naming_the_fields(folder):
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=r"different: code, runs\).*Choose another folder with --out, or remove these"):
        folder.open(MANIFEST | {"code": "xyz", "runs": 5})
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before
    assert folder.manifest() == MANIFEST


def test_of_two_plans_that_start_together_one_is_refused(folder, monkeypatch):
    (folder.path / "manifest-0.json").unlink()

    def other_first():
        Folder(folder.path).open(MANIFEST | {"runs": 5})

    real = folder._prepare
    monkeypatch.setattr(folder, "_prepare", lambda: (real(), other_first()))
    with pytest.raises(InputError, match=r"different: runs"):
        folder.open(MANIFEST)
    assert folder.manifest()["runs"] == 5


def test_the_same_plan_opens_again_and_each_round_has_its_own(folder):
    folder.open(MANIFEST)
    folder.open(MANIFEST | {"runs": 9}, completed=1)
    assert sorted(path.name for path in folder.path.glob("manifest-*")) == ["manifest-0.json", "manifest-1.json"]


@pytest.mark.parametrize("there", ["nothing", "results of the same plan"])
def test_a_read_only_place_is_refused_before_anything_is_compiled(there, tmp_path, monkeypatch):
    found = Folder(tmp_path / "study" / "quick")
    if there != "nothing":
        found.open(MANIFEST)
    before = sorted(tmp_path.rglob("*"))

    def mkdir(path, *_, **how):
        if not path.exists():
            raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("pathlib.Path.mkdir", mkdir)  # what an ordinary user sees; the tests may run as root
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"cannot write .* \(the folder\): Permission denied.*choose another folder"):
        found.open(MANIFEST)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["quick", "programs"])
def test_a_linked_folder_of_results_is_refused(name, tmp_path):
    (elsewhere := tmp_path / "elsewhere").mkdir()
    path = tmp_path / "study" / "quick"
    linked = path if name == "quick" else path / name
    linked.parent.mkdir(parents=True)
    linked.symlink_to(elsewhere)
    with pytest.raises(InputError, match=f"{name} is a symbolic link"):
        Folder(path).open(MANIFEST)
    assert not (elsewhere / "manifest-0.json").exists()


def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(folder):
    left = [folder.path / ".writing-0", folder.programs / ".writing-1"]
    for path in left:
        path.write_bytes(b"half of")
    handle = os.open(folder.programs, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)  # as a living writer holds it
    folder.open(MANIFEST)
    assert [path.exists() for path in left] == [False, True]
    os.close(handle)
    folder.open(MANIFEST)
    assert not left[1].exists()


def test_without_locks_everything_is_written_and_nothing_swept(folder, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", none)
    left = folder.programs / ".writing-1"
    left.write_bytes(b"half of")
    folder.open(MANIFEST)
    assert left.exists()
    assert folder.commit("one", tables(1))
    assert folder.has("one")


def test_files_can_be_read_by_whom_the_mask_lets(folder):
    before = os.umask(0o027)
    try:
        folder.commit("one", tables(1))
        folder.merged(["one"], "runs")
    finally:
        os.umask(before)
    files = [folder.programs / "one.zip", folder.path / "runs.parquet"]
    assert [oct(path.stat().st_mode & 0o777) for path in files] == ["0o640", "0o640"]


def test_results_of_a_newer_version_are_refused_with_the_way_out(folder):
    path = folder.path / "manifest-0.json"
    path.write_text(json.dumps(MANIFEST | {"schema": SCHEMA_VERSION + 1}))
    for read in (lambda: folder.open(MANIFEST), folder.saved, folder.manifest):
        with pytest.raises(InputError) as caught:
            read()
        assert str(caught.value) == (
            f"{path} is of schema {SCHEMA_VERSION + 1}, and this version of descentbench reads up to {SCHEMA_VERSION}:"
            " use the version that wrote it or a newer one, or choose another folder with --out."
        )


def test_a_file_in_the_way_is_bad_input(tmp_path):
    (tmp_path / "study").write_text("")
    with pytest.raises(InputError, match="cannot write "):
        Folder(tmp_path / "study" / "quick").open(MANIFEST)


def test_the_merged_table_is_the_parts_in_their_order(folder):
    folder.commit("one", tables(1))
    folder.commit("two", tables(2))
    assert folder.merged(["two", "one"], "runs")["run"].to_pylist() == ["2-0", "2-1", "1-0", "1-1"]
    assert folder.merged(["one", "two"], "runs")["run"].to_pylist() == ["1-0", "1-1", "2-0", "2-1"]
    np.testing.assert_allclose(folder.merged(["one", "two"], "runs")["learning_rate"], [0.1, 0.2, 0.2, 0.2])


def test_a_derived_table_is_used_only_for_exactly_its_programs(folder):
    folder.commit("one", tables(1))
    folder.merged(["one"], "runs")
    folder.commit("two", tables(2))
    assert len(folder.merged(["one", "two"], "runs")) == 4
    assert len(folder.merged(["one"], "runs")) == 2


def test_a_derived_table_that_another_process_replaces_is_never_taken_for_ones_own(folder):
    """As where one process is a round of refinement ahead of another."""
    folder.commit("one", tables(1))
    folder.commit("two", tables(2))
    asked = [["one"], ["two"], ["one", "two"]]
    wrong, start = [], threading.Barrier(len(asked))

    def read(keys):
        start.wait()
        for _ in range(60):
            found = folder.merged(keys, "runs")["run"].to_pylist()
            if found != [f"{NUMBERS[key]}-{lane}" for key in keys for lane in (0, 1)]:
                wrong.append((keys, found))

    threads = [threading.Thread(target=read, args=(keys,)) for keys in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_a_damaged_derived_table_is_rebuilt(folder, share):
    folder.commit("one", tables(1))
    want = folder.merged(["one"], "runs")
    path = folder.path / "runs.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert folder.merged(["one"], "runs") == want


def test_no_flipped_bit_of_a_derived_table_is_read_as_data(folder):
    folder.commit("one", tables(1))
    want = folder.merged(["one"], "runs")
    path = folder.path / "runs.parquet"
    good = path.read_bytes()
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << (position % 8)
        with pytest.raises(ValueError, match=r"a checksum is wrong|subsection not found"):
            unsealed(bytes(bad))
    path.write_bytes(bytes(bad))
    assert folder.merged(["one"], "runs") == want
    path.write_bytes(bytes(bad))
    with pytest.raises(DamagedFile, match=r"runs\.parquet is damaged"):
        folder.derived("runs")


def test_derived_tables_are_plain_parquet(folder):
    folder.commit("one", tables(1))
    folder.merged(["one"], "runs")
    assert pd.read_parquet(folder.path / "runs.parquet")["run"].tolist() == ["1-0", "1-1"]


def test_a_table_of_a_crashed_program_is_not_kept_when_it_was_trained_after_all(folder):
    folder.commit("one", tables(1, "crashed"))
    assert folder.merged(["one"], "programs")["status"].to_pylist() == ["crashed"]
    assert not folder.has("one")
    folder.commit("one", tables(1))
    assert folder.merged(["one"], "programs")["status"].to_pylist() == ["done"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"study": 1}', '{"programs": 3}', "\xff"])
@pytest.mark.parametrize("read", [lambda f: f.open(MANIFEST), lambda f: f.saved(), lambda f: f.manifest()])
def test_a_damaged_manifest_is_named_with_the_way_out(folder, text, read):
    path = folder.path / "manifest-0.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read(folder)
    message = str(caught.value)
    assert message.startswith(f"{path} is damaged (")
    assert message.endswith("): remove it and run the study again; the programs beside it are kept.")
    assert "\n" not in message


def test_a_manifest_that_was_removed_is_written_again(folder):
    folder.commit("one", tables(1))
    path = folder.path / "manifest-0.json"
    before = path.read_bytes()
    path.unlink()
    folder.open(MANIFEST)
    assert path.read_bytes() == before
    assert folder.saved() == ["one"]


def test_a_damaged_program_is_named_with_the_way_out(folder):
    path = _damaged(folder, lambda data: data[:100])
    with pytest.raises(InputError) as caught:
        folder.merged(["one"], "runs")
    assert str(caught.value) == (
        f"{path} is damaged (File is not a zip file): "
        "run the study again, which sets it aside and trains its runs anew."
    )


def test_a_damaged_or_absent_table_of_findings_is_named_with_the_way_out(folder):
    path = folder.path / "findings.parquet"
    with pytest.raises(InputError, match=r"findings\.parquet is not there: run the study to its end"):
        folder.derived("findings")
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match=r"findings\.parquet is damaged .*: run the study again, which writes it anew"):
        folder.derived("findings")


def test_a_column_that_one_program_lacks_is_null_there(folder):
    folder.commit("one", tables(1))
    more = tables(2)
    more["runs"] = more["runs"].append_column("l2", pa.array([1.0, 2.0])).append_column("note", pa.array(["a", "b"]))
    folder.commit("two", more)
    merged = folder.merged(["one", "two"], "runs")
    assert merged["l2"].to_pylist() == [None, None, 1.0, 2.0]
    assert merged["note"].to_pylist() == [None, None, "a", "b"]


def test_a_derived_table_is_replaced_in_one_step(folder, monkeypatch):
    folder.commit("one", tables(1))
    folder.merged(["one"], "runs")
    path = folder.path / "runs.parquet"
    before, inode, sizes, real = path.read_bytes(), path.stat().st_ino, [], os.replace
    monkeypatch.setattr(os, "replace", lambda *two: (sizes.append(os.stat(two[0]).st_size), real(*two)))
    folder.derive("runs", tables(2)["runs"])
    assert path.stat().st_ino != inode
    assert sizes == [path.stat().st_size]  # whole before it had the name

    def fails(*_):
        raise OSError(28, "No space left on device")

    path.write_bytes(before)
    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(InputError, match="No space left"):
        folder.derive("runs", tables(2)["runs"])
    assert path.read_bytes() == before
    assert not list(folder.path.glob(".writing-*"))


@pytest.mark.parametrize("programs", [[[]], [1], ["../../secret"], ["a/b"], [""], {}])
def test_programs_that_are_no_names_are_a_damaged_manifest(folder, programs):
    (folder.path / "manifest-0.json").write_text(json.dumps(MANIFEST | {"programs": programs}))
    with pytest.raises(DamagedFile, match="no list of programs"):
        folder.saved()


def test_no_temporary_file_remains(folder):
    folder.commit("one", tables(1))
    folder.commit("one", tables(1))
    folder.merged(["one"], "runs")
    assert not [path for path in folder.path.rglob("*") if ".writing" in path.name]


def test_cleaning_removes_the_folder_alone(folder):
    folder.clean()
    assert not folder.path.exists()
    assert folder.path.parent.exists()
