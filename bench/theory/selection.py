"""Choosing columns for least squares."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def forward(x: Floats, y: Floats, most: int) -> list[int]:
    """Forward selection: the column that lowers the residual sum of squares most, again and again (Efroymson 1960).

    Of the models on the way, the one with the least m ln(RSS / m) + p ln m is taken (Schwarz 1978).

    Args:
        x: rows, (m, d); a constant is always in the model.
        y: targets, (m,).
        most: how many columns to try.

    Returns:
        The chosen columns, in the order of their choice.
    """
    rows, columns = len(x), x - x.mean(axis=0)
    left, chosen = y - y.mean(), []
    scores = [rows * np.log(np.mean(left**2)) + np.log(rows)]
    for count in range(min(most, x.shape[1], rows - 2)):
        norms = np.sum(columns**2, axis=0)
        gains = np.where(norms > 1e-9 * rows, (columns.T @ left) ** 2 / np.where(norms > 0, norms, 1), 0)
        gains[chosen] = 0
        chosen.append(int(np.argmax(gains)))
        unit = columns[:, chosen[-1]] / np.sqrt(norms[chosen[-1]])
        left, columns = left - unit * (unit @ left), columns - np.outer(unit, unit @ columns)
        scores.append(rows * np.log(np.mean(left**2)) + (count + 2) * np.log(rows))
    return chosen[: int(np.argmin(scores))]
