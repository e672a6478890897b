"""Minimisers found by independent implementations, scikit-learn and scipy, as the studies' parameter vectors.

Parameters are ordered as the suite records those of linear models: bias first, then the weights.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

Floats = NDArray[np.float64]


def linear_regression(x: Floats, y: Floats) -> Floats:
    """theta of least squares by `sklearn.linear_model.LinearRegression`: (m, d), (m,) -> (d + 1,)."""
    fitted = LinearRegression().fit(x, y)
    return np.concatenate([[fitted.intercept_], fitted.coef_])


def ridge(x: Floats, y: Floats, l2: float) -> Floats:
    """theta of J = 1/(2m) ||X theta - y||^2 + l2/(2m) ||w||^2 by `sklearn.linear_model.Ridge(alpha=l2)`, (d + 1,)."""
    fitted = Ridge(alpha=l2, solver="cholesky").fit(x, y)
    return np.concatenate([[fitted.intercept_], fitted.coef_])


def logistic_regression(x: Floats, y: NDArray[np.int64], l2: float) -> Floats:
    """theta of `bench.theory.logistic` by `sklearn.linear_model.LogisticRegression(C=1 / l2)`, (d + 1,).

    Its default tolerance is a percent off on real data.
    """
    fitted = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(x, y)
    return np.concatenate([fitted.intercept_, fitted.coef_[0]])


def maximum_margin(x: Floats, y: NDArray[np.int64]) -> Floats:
    """w of least norm with (2y - 1) x w >= 1 by `sklearn.svm.SVC`, no bias: (m, d), (m,) -> (d,).

    Each row also enters mirrored under the other label, which makes the machine's bias zero.
    """
    machine = SVC(C=1e10, kernel="linear", tol=1e-10).fit(np.concatenate([x, -x]), np.concatenate([y, 1 - y]))
    return np.asarray(machine.coef_[0], np.float64)


def one_vs_rest(x: Floats, y: NDArray[np.int64], l2: float) -> Floats:
    """thetas of K logistic regressions, class against rest, by `sklearn.multiclass.OneVsRestClassifier`, (d + 1, K)."""
    one = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    fitted: Any = OneVsRestClassifier(one).fit(x, y).estimators_
    return np.stack([np.concatenate([own.intercept_, own.coef_[0]]) for own in fitted], axis=1)
