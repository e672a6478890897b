"""What hidden units do: their signals and slopes row by row, the gradient of each, and how alike they make two rows."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array


def signals(pre: Sequence[Array], post: Sequence[Array], slopes: Sequence[Array]) -> dict[str, Array]:
    """z, phi(z) and phi'(z) of every hidden unit on every probe row, layer by layer, row by row.

    Args:
        pre: z_l by group, (layers, rows, units), the output layer included.
        post, slopes: phi(z_l) and phi'(z_l) by group, hidden layers only.
    """
    if not post:
        return {}
    groups = {"unit_preactivation": pre[: len(post)], "unit_activation": post, "unit_slope": slopes}
    return {name: jnp.concatenate([jnp.ravel(group) for group in own]) for name, own in groups.items()}


def gradients(deltas: Sequence[Array]) -> dict[str, Array]:
    """sum over rows of |dL/dz| of every hidden unit: where it is 0, weights and bias of the unit have gradient 0.

    Args:
        deltas: dL/dz_l by group, (layers, rows, units), the output layer included.
    """
    sums = [jnp.ravel(jnp.sum(jnp.abs(group), axis=1)) for group in deltas[:-1]]
    return {"unit_delta": jnp.concatenate(sums)} if sums else {}


def correlations(pre: Sequence[Array]) -> dict[str, Array]:
    """z^T z' / (||z|| ||z'||) of the pre-activations of the first two probe rows, layer by layer, (layers,).

    Args:
        pre: z_l by group, (layers, rows, units), the output layer included.
    """
    if not pre or pre[0].shape[1] < 2:
        return {}
    sums = [jnp.sum(group[:, :1] * group[:, :2], axis=2) for group in pre]
    other = [jnp.sum(jnp.square(group[:, 1]), axis=1) for group in pre]
    own, both = jnp.concatenate(sums).T
    return {"row_correlation": both / jnp.sqrt(own * jnp.concatenate(other))}
