"""Bundled data: what scikit-learn's loaders return, without them."""

import numpy as np
import pytest
import sklearn.datasets

from bench.data import DATA


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_rows_and_labels_are_those_of_the_loaders(name):
    raw = DATA[name].make(0, DATA[name].options)
    more = {"scaled": False} if name == "diabetes" else {}
    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True, **more)
    np.testing.assert_array_equal(raw.x, x)
    np.testing.assert_array_equal(raw.y, y)
    assert raw.classes == (0 if name == "diabetes" else len(np.unique(y)))
    assert raw.x.flags.c_contiguous
    assert raw.x.dtype == np.float64
    assert raw.y.dtype == (np.float64 if name == "diabetes" else np.int64)
