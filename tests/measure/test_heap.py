"""Memory that the C library keeps: only what Dask has set is changed."""

import pytest

from bench.measure import heap


@pytest.fixture
def calls(monkeypatch):
    """What the C library is asked for."""
    found = []
    monkeypatch.setattr(heap, "_function", lambda name: lambda *given: found.append((name, *given)))
    return found


def test_what_dask_has_set_is_set_as_high_as_it_grows_by_itself(calls, monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    heap.keep()
    assert calls == [("mallopt", -3, 32 << 20), ("mallopt", -1, 64 << 20)]


@pytest.mark.parametrize("value", [None, "131072"])
def test_what_a_user_has_set_stays(value, calls, monkeypatch):
    if value is None:
        monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    else:
        monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", value)
    heap.keep()
    assert calls == []


def test_free_memory_is_given_back(calls):
    heap.give_back()
    assert calls == [("malloc_trim", 0)]
