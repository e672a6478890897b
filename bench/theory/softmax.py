"""The softmax and its negative log-likelihood: probabilities, gradient and Hessian in the logits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax

Floats = NDArray[np.float64]


def loss(logits: ArrayLike, y: NDArray[np.int64]) -> Floats:
    """-ln a_y per row, a = softmax(z) by `scipy.special.log_softmax`: (m, K), (m,) -> (m,)."""
    z = np.asarray(logits, np.float64)
    return -log_softmax(z, axis=-1)[np.arange(len(z)), y]


def gradient(logits: ArrayLike, y: NDArray[np.int64]) -> Floats:
    """a_j - 1[j = y] for every class j, a sum of zero (Bishop 2006, eq. 4.108): (m, K), (m,) -> (m, K)."""
    z = np.asarray(logits, np.float64)
    return softmax(z, axis=-1) - np.eye(z.shape[-1])[y]


def hessian(logits: ArrayLike) -> Floats:
    """diag(a) - a a^T of one row, norm at most 1/2 (Bishop 2006, eq. 4.110): (K,) -> (K, K)."""
    a = softmax(np.asarray(logits, np.float64))
    return np.diag(a) - np.outer(a, a)
