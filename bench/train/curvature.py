"""The largest curvature of a function of many variables, from products with its Hessian alone."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

LANCZOS_STEPS = 20
"""Hessian-vector products that one eigenvalue takes."""


def largest_eigenvalue(slope: Callable[[Array], Array], point: Array, steps: int = LANCZOS_STEPS) -> Array:
    """Largest eigenvalue of the Hessian, by Lanczos iteration, reorthogonalised twice.

    A lower bound that is exact once `steps` reaches the number of variables, and close long before where the largest
    eigenvalues stand apart (Golub and Van Loan 2013, section 10.1). A Krylov space that closes early adds rows of zeros
    to the tridiagonal matrix, which show only where no eigenvalue is positive.

    Args:
        slope: the gradient, (n,) -> (n,).
        point: where, (n,), of at least single precision.
        steps: products with the Hessian.
    """
    count, small = min(steps, point.size), 10 * jnp.finfo(point.dtype).eps

    def step(carry: tuple[Array, Array], index: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        basis, current = carry
        basis = basis.at[index].set(current)
        image = jax.jvp(slope, (point,), (current,))[1]
        rest = image - basis.T @ (basis @ image)
        rest = rest - basis.T @ (basis @ rest)
        length = jnp.linalg.norm(rest)
        closed = length <= small * jnp.linalg.norm(image)
        rest = jnp.where(closed, jnp.zeros_like(rest), rest / jnp.where(closed, jnp.ones_like(length), length))
        return (basis, rest), (current @ image, jnp.where(closed, jnp.zeros_like(length), length))

    angle = jnp.arange(1, point.size + 1, dtype=point.dtype)
    start = jnp.cos(angle * angle)  # fixed, and of no pattern that layers or units share
    empty = jnp.zeros((count, point.size), point.dtype)
    _, (diagonal, beside) = jax.lax.scan(step, (empty, start / jnp.linalg.norm(start)), jnp.arange(count))
    return _largest_of_tridiagonal(diagonal, beside[:-1])


def _largest_of_tridiagonal(diagonal: Array, beside: Array) -> Array:
    """By bisection between Gershgorin's bounds: an eigenvalue is above where a pivot is positive (ibid., section 8.4).

    No LAPACK: beside other loops on several host devices its calls were seen to wait for each other for ever.
    """
    squares = jnp.concatenate([jnp.zeros_like(diagonal[:1]), beside**2])
    sizes = jnp.abs(jnp.concatenate([jnp.zeros_like(diagonal[:1]), beside, jnp.zeros_like(diagonal[:1])]))
    radius = sizes[:-1] + sizes[1:]
    tiny = jnp.asarray(jnp.finfo(diagonal.dtype).tiny ** 0.5, diagonal.dtype)

    def above(middle: Array) -> Array:
        def pivot(before: Array, entry: tuple[Array, Array]) -> tuple[Array, Array]:
            found = entry[0] - middle - entry[1] / before
            found = jnp.where(jnp.abs(found) < tiny, tiny, found)
            return found, found > 0

        return jnp.any(jax.lax.scan(pivot, jnp.ones_like(middle), (diagonal, squares))[1])

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        up = above(middle)
        return jnp.where(up, middle, low), jnp.where(up, high, middle)

    ends = (jnp.min(diagonal - radius), jnp.max(diagonal + radius))
    low, high = jax.lax.fori_loop(0, 60, halve, ends)
    return (low + high) / 2
