"""What a probe sees of one lane at one checkpoint, what a probe is, and the norms that several of them take."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from models import Batch, Model, Taps


class Snapshot(NamedTuple):
    """One lane at one checkpoint, seen on the probe rows.

    Everything is computed once and shared by the probes; what no probe reads, the compiler drops. Groups stack layers
    of equal shape on a leading axis (see `Model`).
    """

    model: Model
    params: Any
    batch: Batch
    hyper: Mapping[str, Array]
    objective: Callable[[Any, Batch, Mapping[str, Array]], Array]  # J(params, batch, hyper)
    outputs: Array  # (rows, outputs)
    taps: Taps
    groups: Any  # params, grouped
    gradients: Any  # dL/d params, grouped
    deltas: tuple[Array, ...]  # dL/dz_l by group, (layers, rows, fan_out), the output layer included
    updates: Callable[[], Any]  # what the optimizer would add to params for these gradients, grouped
    state: Any  # of the optimizer
    per_row: Callable[[Array, Array], Array] | None  # loss of outputs (rows, outputs) and y (rows,), None for surfaces


class Probe(NamedTuple):
    """`measure(snapshot) -> {quantity: array}`.

    The table says the shape: `curves` scalars, `layers` one number per layer, `values` any shape. One that asks for the
    optimizer's update or state says so, because the others are compiled once for all optimizers.
    """

    table: Literal["curves", "layers", "values"]
    measure: Callable[[Snapshot], dict[str, Array]]
    reads_optimizer: bool = False


def norm(array: Array) -> Array:
    """Euclidean norm, the squares summed in a wider type, so that those of a vanishing gradient do not underflow."""
    wide = jnp.float32 if array.dtype == jnp.float16 else jnp.float64
    return jnp.sqrt(jnp.sum(jnp.square(array.astype(wide)))).astype(array.dtype)


def per_layer(measure: Callable[[Array], Array], groups: tuple[Array, ...]) -> Array:
    """`measure` of each layer of each group, (layers,)."""
    return jnp.concatenate([jax.vmap(measure)(group) for group in groups])


def tree_norm(tree: Any) -> Array:
    """Euclidean norm of all leaves together."""
    leaves = jax.tree.leaves(tree)
    return norm(jnp.concatenate([jax.vmap(norm)(x) if x.ndim > 1 else jnp.atleast_1d(x) for x in leaves]))
