"""One matrix at a time gives what NumPy gives, mapped over lanes or not."""

import jax
import numpy as np
import pytest

from models import lapack


@pytest.mark.parametrize("lanes", [None, 5])
def test_routines_agree_with_numpy(lanes):
    shape = (4, 4) if lanes is None else (lanes, 4, 4)
    random = np.random.default_rng(0)
    general, right = random.standard_normal(shape), random.standard_normal(shape[:-1])
    symmetric = general + np.swapaxes(general, -1, -2)
    mapped = (lambda routine: routine) if lanes is None else jax.vmap
    solved = mapped(lapack.solve)(general, right)
    np.testing.assert_allclose(solved, np.linalg.solve(general, right[..., None])[..., 0], rtol=1e-10)
    np.testing.assert_allclose(mapped(lapack.eigenvalues)(symmetric), np.linalg.eigvalsh(symmetric), rtol=1e-10)
    q, r = mapped(lapack.qr)(general)
    np.testing.assert_allclose(q @ r, general, atol=1e-12)
    np.testing.assert_allclose(np.swapaxes(q, -1, -2) @ q, np.broadcast_to(np.eye(4), shape), atol=1e-12)
