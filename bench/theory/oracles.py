"""Minimisers found by independent implementations, scikit-learn and scipy, as the studies' parameter vectors.

Parameters are ordered as the suite records those of linear models: bias first, then the weights.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression

Floats = NDArray[np.float64]


def linear_regression(x: Floats, y: Floats) -> Floats:
    """theta of least squares by `sklearn.linear_model.LinearRegression`: (m, d), (m,) -> (d + 1,)."""
    fitted = LinearRegression().fit(x, y)
    return np.concatenate([[fitted.intercept_], fitted.coef_])
