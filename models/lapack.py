"""LAPACK's routines for one matrix after the other, however many lanes are mapped over.

For a batch of matrices jaxlib hands each to its thread pool and waits for them on a thread that may itself belong to
that pool: as soon as every thread of the pool waits, as two programs side by side make happen on two cores, none is
left to do the work, and the process hangs. A single matrix is done on the spot.
"""

import jax
import jax.numpy as jnp
from jax import Array


@jax.custom_batching.sequential_vmap
def solve(matrix: Array, right: Array) -> Array:
    """x with matrix x = right, for shapes (n, n) and (n,); not finite where the matrix is singular."""
    return jnp.linalg.solve(matrix, right)


@jax.custom_batching.sequential_vmap
def eigenvalues(matrix: Array) -> Array:
    """Eigenvalues of a symmetric matrix (n, n) in ascending order, (n,)."""
    return jnp.linalg.eigvalsh(matrix)


@jax.custom_batching.sequential_vmap
def qr(matrix: Array) -> tuple[Array, Array]:
    """Q (m, n) with orthonormal columns and upper triangular R (n, n) of a matrix (m, n), m >= n."""
    q, r = jnp.linalg.qr(matrix)
    return q, r


@jax.custom_batching.sequential_vmap
def singular_values(matrix: Array) -> Array:
    """Singular values of a matrix (m, n) in descending order, (min(m, n),)."""
    return jnp.linalg.svd(matrix, compute_uv=False)
