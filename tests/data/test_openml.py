"""Data of OpenML: read like a file, fetched by scikit-learn, which these tests never let reach a network."""

import urllib.error
from types import SimpleNamespace

import pandas as pd
import pytest
import sklearn.datasets

from bench.data import openml, outside
from bench.errors import InputError

FRAME = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [4, 3, 2, 1], "kind": pd.Categorical(["x", "y", "x", "y"])})


@pytest.fixture
def fetched(monkeypatch):
    """What scikit-learn returns, and what it was asked for."""
    asked = []

    def fetch(**how):
        asked.append(how)
        return SimpleNamespace(frame=FRAME, target_names=["kind"])

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    return asked


def rows(name, **options):
    source = outside(name)
    return source.make(0, {**source.options, **options})


def test_a_data_set_is_fetched_once_and_has_its_own_target(fetched):
    source = outside("openml:61")
    for _ in range(2):
        raw = source.make(0, source.options)
    assert raw.x.tolist() == FRAME[["a", "b"]].to_numpy().tolist()
    assert raw.y.tolist() == [0, 1, 0, 1]
    assert raw.truth["labels"] == ("x", "y")
    assert [how["data_id"] for how in fetched] == [61]


def test_another_target_can_be_chosen(fetched):
    raw = rows("openml:61", **{"data.target": "b", "data.ignore": "kind", "data.task": "regression"})
    assert raw.y.tolist() == [4, 3, 2, 1]
    with pytest.raises(InputError, match="openml:61: column 'kind' holds text"):
        rows("openml:61", **{"data.target": "b", "data.task": "regression"})


def test_without_its_own_target_one_must_be_named(monkeypatch):
    monkeypatch.setattr(openml, "fetch", lambda number: (FRAME, []))
    with pytest.raises(InputError, match=r"openml:61: set data\.target to the column to predict, one of a, b, kind"):
        rows("openml:61")


@pytest.mark.parametrize("error", [urllib.error.URLError("no route"), ValueError("Dataset with data_id 9 not found.")])
def test_what_cannot_be_fetched_says_why(error, monkeypatch):
    def fetch(**how):
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    with pytest.raises(InputError, match=r"openml:9: cannot be fetched \(.*(no route|not found).*needs the network"):
        rows("openml:9")


@pytest.mark.parametrize("name", ["openml:", "openml:iris", "openml:0", "openml:-1", "openml:1.5"])
def test_only_numbers_name_data_of_openml(name):
    with pytest.raises(InputError, match="give the number of an OpenML data set"):
        outside(name)
