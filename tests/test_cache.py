"""What is kept between runs."""

import warnings
import zlib
from pathlib import Path

import pytest

from bench.cache import compile_cache, kept, mended
from bench.events import warnings_told


def test_a_text_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("DESCENTBENCH_CACHE", str(tmp_path))
    made = []
    assert [kept("x.js", lambda: made.append(1) or "text") for _ in range(2)] == ["text", "text"]
    assert made == [1]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.js"]


def test_without_a_cache_it_is_made_every_time(tmp_path, monkeypatch):
    made = []
    for chosen in ("off", str(tmp_path / "file" / "below")):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("DESCENTBENCH_CACHE", chosen)
        assert [kept("x.js", lambda: made.append(1) or "text") for _ in range(2)] == ["text", "text"]
    assert len(made) == 4


@pytest.fixture
def entries(tmp_path, monkeypatch):
    """A compile cache of a whole entry, one that a kill left half-written, and one with a flipped bit."""
    monkeypatch.setenv("DESCENTBENCH_CACHE", str(tmp_path))
    folder = Path(compile_cache())
    folder.mkdir(parents=True)
    whole = zlib.compress(b"code" * 1000)
    (folder / "jit_f-1-cache").write_bytes(whole)
    (folder / "jit_f-2-cache").write_bytes(whole[:20])
    (folder / "jit_f-3-cache").write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    (folder / "jit_f-4-cache").write_bytes(b"\x28\xb5\x2f\xfd half of an entry")
    (folder / "jit_f-1-atime").write_bytes(b"no entry")
    return folder


def test_damaged_entries_are_removed_and_the_others_stay(entries):
    assert mended() == 3
    assert sorted(path.name for path in entries.iterdir()) == ["jit_f-1-atime", "jit_f-1-cache"]
    assert mended() == 0


def test_without_a_cache_there_is_nothing_to_mend(monkeypatch):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    assert mended() == 0


def test_what_jax_says_of_a_damaged_entry_becomes_one_sentence_and_the_entry_goes(entries):
    told = []
    with warnings_told(told.append):
        warnings.simplefilter("always")
        for name in ("jit_f", "jit_g"):
            warnings.warn(f"Error reading persistent compilation cache entry for '{name}': error: -5", stacklevel=1)
    first, second = (event.facts["message"] for event in told)
    assert first == "the compile cache had 3 damaged entries, which are removed and compiled anew."
    assert "'jit_g'" in second  # whatever else is wrong with one is said as it is
