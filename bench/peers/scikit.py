"""Peers in scikit-learn: SGDRegressor, SGDClassifier and MLPClassifier."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier

from bench.peers.work import Work


def estimators(work: Work) -> Callable[[Sequence[int], int], list[float]]:
    """One fit after the other, as many epochs as `steps` make; starts and orders are scikit-learn's own.

    Args:
        work: the cell.

    Returns:
        `(runs, steps) -> train losses after the last step`.
    """
    x = work.x.astype(np.float64)

    def train(runs: Sequence[int], steps: int) -> list[float]:
        losses = []
        epochs = max(1, steps // max(1, len(x) // work.batch))
        for run in runs:
            rate, seed = float(work.rates[run]), int(work.seed[run])
            common = {"learning_rate": "constant", "eta0": rate, "penalty": None, "max_iter": epochs, "tol": None}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                warnings.simplefilter("ignore", RuntimeWarning)
                if work.task == "linear":
                    model = SGDRegressor(**common, random_state=seed).fit(x, work.y)
                    losses.append(0.5 * mean_squared_error(work.y, model.predict(x)))
                elif work.task == "logistic":
                    model = SGDClassifier("log_loss", **common, random_state=seed).fit(x, work.y)
                    losses.append(log_loss(work.y, model.predict_proba(x)))
                else:
                    model = _network(work, rate, seed, epochs).fit(x, work.y)
                    losses.append(log_loss(work.y, model.predict_proba(x)))
        return losses

    return train


def _network(work: Work, rate: float, seed: int, epochs: int) -> MLPClassifier:
    return MLPClassifier(
        hidden_layer_sizes=[weight.shape[1] for weight, _ in work.starts[0][:-1]],
        activation=work.activation,
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        batch_size=work.batch,  # pyright: ignore[reportArgumentType] - its default is a word
        learning_rate_init=rate,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=10**9,
        random_state=seed,
    )
