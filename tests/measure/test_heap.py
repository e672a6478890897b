"""When cycles are looked for, and what the C library keeps: only what Dask has set is changed."""

import gc
import threading

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
    class Knot:
        def __init__(self):
            self.own = self

    collected = []
    with heap.uncollected():
        Knot.__del__ = lambda _: collected.append(1)
        Knot()
        assert not collected
        heap.give_back()
    assert collected == [1]
    assert calls == [("malloc_trim", 0)]


def test_cycles_wait_until_the_last_thread_has_traced():
    inside, leave = threading.Event(), threading.Event()

    def trace():
        with heap.uncollected():
            inside.set()
            leave.wait()

    other = threading.Thread(target=trace)
    with heap.uncollected():
        other.start()
        inside.wait()
        assert not gc.isenabled()
    assert not gc.isenabled()
    leave.set()
    other.join()
    assert gc.isenabled()


def test_who_looks_for_no_cycles_at_all_goes_on_so():
    gc.disable()
    try:
        with heap.uncollected(), heap.uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_fails_leaves_it_as_it_was():
    with pytest.raises(KeyError), heap.uncollected():
        raise KeyError
    assert gc.isenabled()


def test_programs_are_traced_without_looking_for_cycles(train_all, parts):
    seen, sgd = [], parts.methods["sgd"]

    def make(hyper):
        seen.append(gc.isenabled())
        return sgd.make(hyper)

    axes = {"data": "iris", "model": "softmax", "steps": 2, "optimizer": "watched"}
    train_all(axes, parts=parts.added("methods", "watched", sgd._replace(make=make)))
    assert len(seen) > 1
    assert not any(seen[1:])  # what carries which shapes is known before
    assert gc.isenabled()
