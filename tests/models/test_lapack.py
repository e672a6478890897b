"""One matrix at a time gives what NumPy gives, mapped over lanes or not."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from models import lapack


@pytest.mark.slow
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


ROUTINES = {"solve": (lapack.solve, 2), "eigenvalues": (lapack.eigenvalues, 1), "qr": (lapack.qr, 1),
            "singular_values": (lapack.singular_values, 1)}  # fmt: skip


def batched_calls(function, arguments):
    """Calls of LAPACK in the lowered function that take more than one matrix."""
    text = jax.jit(function).lower(*arguments).as_text()
    calls = re.findall(r"stablehlo\.custom_call @lapack_.*", text)
    assert calls, "no call of LAPACK at all"
    return [call for call in calls if re.search(r"tensor<\d+x\d+x\d+xf", call)]


@pytest.mark.parametrize("name", ROUTINES)
def test_no_program_hands_lapack_a_batch(name):
    routine, matrices = ROUTINES[name]
    arguments = [np.stack([np.eye(4)] * 5), np.ones((5, 4))][:matrices]
    assert not batched_calls(jax.vmap(routine), arguments)


def test_a_batch_would_be_noticed():
    assert batched_calls(jax.vmap(jnp.linalg.solve), [np.stack([np.eye(4)] * 5), np.ones((5, 4))])
