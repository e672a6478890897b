"""Moments of iterates and of gradients against the same moments of a recorded path."""

import numpy as np
import pytest

from bench.train import METHODS

ROWS = {"data": "pool", "data.rows": 12, "data.features": 3, "split": "own", "scaling": "raw", "bias": False}
RUN = ROWS | {
    "model": "linear",
    "init": "normal",
    "dtype": "float64",
    "batch_size": 2,
    "learning_rate": 0.1,
    "seed": [0, 3],
}
SKIPPED, STEPS = 4, 10


@pytest.fixture(scope="module")
def path(train):
    """Iterates of plain stochastic descent, (seeds, steps + 1, 3)."""
    return train(RUN | {"steps": STEPS, "checkpoints": 1, "probes": "parameters"}).value("parameter")


@pytest.mark.slow
def test_averages_are_those_of_the_iterates_after_the_first_steps(train, path):
    own = {"optimizer": "averaged_sgd", "optimizer.burn_in": SKIPPED, "probes": [("parameters", "moments")]}
    found = train(RUN | own | {"steps": STEPS, "checkpoints": "end"})
    np.testing.assert_allclose(found.value("parameter")[:, -1], path[:, -1], rtol=1e-13)
    kept = path[:, SKIPPED + 1 :]
    np.testing.assert_allclose(found.value("mean")[:, -1], kept.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.value("mean_square")[:, -1], (kept**2).mean(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found.value("mean")[:, 0], 0)


@pytest.mark.slow
def test_frozen_descent_stays_and_gathers_the_gradients_of_its_batches(train, path):
    own = {"optimizer": "frozen_sgd", "optimizer.moving": SKIPPED, "order": "sequential"}
    probes = {"probes": [("parameters", "moments", "gradient")], "probe_rows": "all"}
    found = train(RUN | own | probes | {"steps": SKIPPED + 6, "checkpoints": 1})  # an epoch of six batches
    theta = found.value("parameter")
    assert len(np.unique(theta[0, : SKIPPED + 1, 0])) == SKIPPED + 1
    np.testing.assert_array_equal(theta[:, SKIPPED:], np.broadcast_to(theta[:, [SKIPPED]], theta[:, SKIPPED:].shape))
    np.testing.assert_allclose(found.value("mean")[:, -1], found.value("gradient")[:, -1], rtol=1e-11)
    table = found.tables[0]
    rows = np.roll(np.arange(12).reshape(6, 2), -SKIPPED, axis=0)
    slopes = [table.x[own].T @ (table.x[own] @ theta[0, -1] - table.y[own]) / 2 for own in rows]
    np.testing.assert_allclose(found.value("mean_square")[0, -1], np.mean(np.square(slopes), axis=0), rtol=1e-11)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_an_optimizer_without_moments_has_none_to_show(train, name):
    found = train(RUN | {"optimizer": name, "steps": 1, "checkpoints": "end", "probes": "moments"})
    assert "mean" not in found.outcome.values
    assert {"averaged_sgd", "frozen_sgd"} <= set(METHODS)
