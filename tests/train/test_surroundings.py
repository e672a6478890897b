"""The probe of random directions: what it says of a bowl whose slopes are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bench.train import directions


@pytest.mark.slow
@pytest.mark.usefixtures("devices")
def test_falls_on_a_bowl_follow_from_slope_and_curvature() -> None:
    point = jnp.asarray([3.0, 4.0, 0.0], jnp.float64)
    seen = jax.jit(lambda x: directions.surroundings(lambda z: z @ z / 2, x, x))(point)
    lengths = np.array(directions.LENGTHS)
    np.testing.assert_allclose(seen["steepest_fall"], 1 - lengths / 10, rtol=1e-10)
    np.testing.assert_allclose(seen["random_fall"], seen["largest_cosine"] - lengths / 10, rtol=1e-10)
    np.testing.assert_allclose(seen["slope_error"], lengths / 10, rtol=1e-8)
    assert 0.99 < seen["largest_cosine"] <= 1


@pytest.mark.slow
@pytest.mark.usefixtures("devices")
def test_hashed_numbers_look_normal_and_unrelated() -> None:
    index = jnp.arange(4096, dtype=jnp.int32)
    drawn = np.asarray(jax.vmap(lambda i: directions._normals(i, 12, jnp.dtype("float64")))(index)) * np.sqrt(2)
    assert abs(drawn.mean()) < 0.02
    assert abs(np.var(drawn) - 1) < 0.03
    assert abs(np.mean(drawn**4) - 3) < 0.2
    assert np.abs(np.corrcoef(drawn.T) - np.eye(12)).max() < 0.08
