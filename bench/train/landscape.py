"""Probes of the objective around the parameters: slopes along directions, curvature, and the rows one by one."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from bench.train import directions
from bench.train.curvature import largest_eigenvalue
from bench.train.snapshot import Snapshot, tree_norm
from models import Batch, lapack
from models.base import mean_loss

CHECK_STEPS = tuple(10.0**-e for e in range(1, 11))
"""Finite-difference steps h of the gradient check."""


def gradient_check(snapshot: Snapshot) -> dict[str, Array]:
    """Relative errors of forward and central differences of J along a fixed direction v, for each step h.

    The direction has entries +-1 / sqrt(n) in a fixed pattern; the derivative is <grad J, v> by automatic
    differentiation.
    """
    flat, unravel = ravel_pytree(snapshot.params)
    slope, _ = ravel_pytree(snapshot.model.ungroup(snapshot.gradients))
    index = jnp.arange(flat.size)
    direction = jnp.where((index * 7919 + 13) % 17 < 8, -1.0, 1.0).astype(flat.dtype) / jnp.sqrt(flat.size).astype(
        flat.dtype
    )
    exact = slope @ direction

    def value(h: Array) -> Array:
        return snapshot.objective(unravel(flat + h * direction), snapshot.batch, snapshot.hyper)

    steps = jnp.asarray(CHECK_STEPS, flat.dtype)
    here, ahead, behind = value(jnp.zeros((), flat.dtype)), jax.vmap(value)(steps), jax.vmap(value)(-steps)
    scale = jnp.abs(exact)
    return {
        "forward_difference_error": jnp.abs((ahead - here) / steps - exact) / scale,
        "central_difference_error": jnp.abs((ahead - behind) / (2 * steps) - exact) / scale,
    }


def hessian_spectrum(snapshot: Snapshot) -> dict[str, Array]:
    """Eigenvalues of the Hessian of J, ascending; dense, for models of at most some hundred parameters."""
    flat, unravel = ravel_pytree(snapshot.params)
    wide = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))  # LAPACK knows no half precision

    def value(point: Array) -> Array:
        return snapshot.objective(unravel(point.astype(flat.dtype)), snapshot.batch, snapshot.hyper).astype(wide.dtype)

    return {"hessian_eigenvalue": lapack.eigenvalues(jax.hessian(value)(wide)).astype(flat.dtype)}


def sharpness(snapshot: Snapshot) -> dict[str, Array]:
    """Largest eigenvalue of the Hessian of J on the probe rows, for models of any size."""
    flat, unravel = ravel_pytree(snapshot.params)
    wide = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))  # LAPACK knows no half precision

    def slope(point: Array) -> Array:
        found = jax.grad(snapshot.objective)(unravel(point.astype(flat.dtype)), snapshot.batch, snapshot.hyper)
        return ravel_pytree(found)[0].astype(wide.dtype)

    return {"sharpness": largest_eigenvalue(slope, wide).astype(flat.dtype)}


def gauss_newton(snapshot: Snapshot) -> dict[str, Array]:
    """Largest eigenvalue of the Gauss-Newton matrix, the Hessian of J of the network linearised where it stands."""
    apply, per_row, batch = snapshot.model.apply, snapshot.per_row, snapshot.batch
    if apply is None or per_row is None:
        return {}
    flat, unravel = ravel_pytree(snapshot.params)
    wide = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))

    def outputs(point: Array) -> Array:
        return apply(unravel(point.astype(flat.dtype)), batch.x, snapshot.hyper).astype(wide.dtype)

    def linearised(point: Array) -> Array:
        here, change = jax.jvp(outputs, (wide,), (point - wide,))
        return mean_loss(per_row, here + change, batch)

    return {"gauss_newton_largest": largest_eigenvalue(jax.grad(linearised), wide).astype(flat.dtype)}


def surroundings(snapshot: Snapshot) -> dict[str, Array]:
    """How J falls along the gradient and along other directions; see `bench.train.directions`."""
    flat, unravel = ravel_pytree(snapshot.params)
    slope, _ = ravel_pytree(snapshot.model.ungroup(snapshot.gradients))

    def value(point: Array) -> Array:
        return snapshot.objective(unravel(point), snapshot.batch, snapshot.hyper)

    return directions.surroundings(value, flat, slope)


def row_gradients(snapshot: Snapshot) -> dict[str, Array]:
    """Per row <g_i, G> and ||g_i||: the gradient g_i of the objective on that row alone, G that on all probe rows.

    A small step along -g_i raises J to first order where <g_i, G> < 0.
    """
    mean = snapshot.model.ungroup(snapshot.gradients)

    def row(x: Array, y: Array) -> tuple[Array, Array]:
        own = jax.grad(snapshot.objective)(snapshot.params, Batch(x[None], y[None]), snapshot.hyper)
        return ravel_pytree(own)[0] @ ravel_pytree(mean)[0], tree_norm(own)

    slope, norm = jax.vmap(row)(snapshot.batch.x, snapshot.batch.y)
    return {"row_slope": slope, "row_gradient_norm": norm}
