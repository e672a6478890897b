"""Rows in table order, and gradients accumulated before a step."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from bench.train import METHODS, ORDERS


def test_sequential_rows_repeat_the_table_and_pad_its_end() -> None:
    random = np.random.default_rng(0)
    found = ORDERS["sequential"](random, 5, 2, 6, "pad")
    np.testing.assert_array_equal(found, [[0, 1], [2, 3], [4, -1]] * 2)
    np.testing.assert_array_equal(ORDERS["sequential"](random, 5, 2, 2, "drop"), [[0, 1], [2, 3]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_only_every_kth_gradient_moves_and_by_the_mean_of_the_last_k(dtype: str, devices: list[Any]) -> None:
    hyper = {"learning_rate": jnp.asarray(0.5, dtype), "optimizer.every": jnp.asarray(3.0, dtype)}
    method, params = METHODS["accumulated_sgd"].make(hyper), jnp.zeros(2, dtype)
    gradients, moves, state = np.random.default_rng(0).standard_normal((6, 2)), [], method.init(params)
    for gradient in gradients:
        update, state = method.update(jnp.asarray(gradient, dtype), state, params)
        moves.append(np.asarray(update))
    np.testing.assert_array_equal(np.delete(moves, [2, 5], axis=0), 0)
    rounding = 1e-5 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(moves[2], -0.5 * gradients[:3].mean(axis=0), rtol=rounding)
    np.testing.assert_allclose(moves[5], -0.5 * gradients[3:].mean(axis=0), rtol=rounding)
