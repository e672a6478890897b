"""Probes: what a checkpoint records beyond the losses, per run, per layer, or as free values."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from bench.errors import unknown
from bench.train import jacobians, ranges, units, weights
from bench.train.averages import moments
from bench.train.curvature import largest_eigenvalue
from bench.train.directions import surroundings
from bench.train.memory import survival
from models import LOSSES, Batch, Model, Taps, lapack
from models.base import mean_loss


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

    The table says the shape: `curves` scalars, `layers` one number per layer, `values` any shape.
    """

    table: Literal["curves", "layers", "values"]
    measure: Callable[[Snapshot], dict[str, Array]]


def _norm(array: Array) -> Array:
    """Euclidean norm, the squares summed in a wider type, so that those of a vanishing gradient do not underflow."""
    wide = jnp.float32 if array.dtype == jnp.float16 else jnp.float64
    return jnp.sqrt(jnp.sum(jnp.square(array.astype(wide)))).astype(array.dtype)


def _per_layer(measure: Callable[[Array], Array], groups: tuple[Array, ...]) -> Array:
    """`measure` of each layer of each group, (layers,)."""
    return jnp.concatenate([jax.vmap(measure)(group) for group in groups])


def tree_norm(tree: Any) -> Array:
    """Euclidean norm of all leaves together."""
    leaves = jax.tree.leaves(tree)
    return _norm(jnp.concatenate([jax.vmap(_norm)(x) if x.ndim > 1 else jnp.atleast_1d(x) for x in leaves]))


def _gradient_norm(snapshot: Snapshot) -> dict[str, Array]:
    return {"gradient_norm": tree_norm(snapshot.gradients)}


def _layer_gradients(snapshot: Snapshot) -> dict[str, Array]:
    if not snapshot.deltas:
        return {}
    return {
        "delta_norm": _per_layer(_norm, snapshot.deltas),
        "weight_gradient_norm": _per_layer(_norm, snapshot.model.weights(snapshot.gradients)),
    }


def _mean_square(array: Array) -> Array:
    return jnp.mean(jnp.square(array))


def _layer_state(snapshot: Snapshot) -> dict[str, Array]:
    """Signal, death and saturation per layer; the output layer, which has no activation, is NaN where that is asked."""
    if not snapshot.deltas:
        return {}
    taps, weights = snapshot.taps, snapshot.model.weights(snapshot.groups)
    slopes = snapshot.model.slopes(snapshot.groups, taps.pre, snapshot.hyper)
    none = jnp.full((1,), jnp.nan, weights[0].dtype)

    def hidden(measure: Callable[[Array], Array]) -> Array:
        found = [_per_layer(measure, slopes).astype(none.dtype)] if slopes else []
        return jnp.concatenate([*found, none])

    norms = _per_layer(_norm, weights)
    return {
        "activation_mean_square": _per_layer(_mean_square, (*taps.post, taps.pre[-1])),
        "preactivation_mean_square": _per_layer(_mean_square, taps.pre),
        "dead_fraction": hidden(lambda slope: jnp.mean(jnp.all(slope == 0, axis=0))),
        "saturated_fraction": hidden(lambda slope: jnp.mean(jnp.abs(slope) < SATURATED_BELOW)),
        "weight_norm": norms,
        "update_ratio": _per_layer(_norm, snapshot.model.weights(snapshot.updates())) / norms,
    }


SATURATED_BELOW = 0.05
"""An entry counts as saturated where |phi'(z)| is below this."""


def _parameters(snapshot: Snapshot) -> dict[str, Array]:
    leaves = [jnp.ravel(leaf) for leaf in jax.tree.leaves(snapshot.params)]
    return {"parameter": jnp.concatenate(leaves)}


def _gradient(snapshot: Snapshot) -> dict[str, Array]:
    leaves = [jnp.ravel(leaf) for leaf in jax.tree.leaves(snapshot.model.ungroup(snapshot.gradients))]
    return {"gradient": jnp.concatenate(leaves)}


def _outputs(snapshot: Snapshot) -> dict[str, Array]:
    return {"output": snapshot.outputs}


def _output_gradient(snapshot: Snapshot) -> dict[str, Array]:
    """dL/dz of the output layer times the rows: the delta of each row's own loss."""
    return {"output_delta": snapshot.deltas[-1][0] * snapshot.deltas[-1].shape[1]}


def _unit_spread(snapshot: Snapshot) -> dict[str, Array]:
    """Largest distance of a first-layer unit's incoming weights from the first unit's, and their largest size."""
    first = snapshot.model.weights(snapshot.params)[0]
    return {"unit_spread": jnp.max(jnp.abs(first - first[:, :1])), "weight_size": jnp.max(jnp.abs(first))}


def _sizes(snapshot: Snapshot) -> dict[str, Array]:
    """Median and largest |theta| of each array of parameters."""
    sizes = [jnp.abs(leaf) for leaf in jax.tree.leaves(snapshot.params)]
    return {
        "median_size": jnp.stack([jnp.median(size) for size in sizes]),
        "largest_size": jnp.stack([jnp.max(size) for size in sizes]),
    }


CHECK_STEPS = tuple(10.0**-e for e in range(1, 11))
"""Finite-difference steps h of the gradient check."""


def _gradient_check(snapshot: Snapshot) -> dict[str, Array]:
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


def _hessian_spectrum(snapshot: Snapshot) -> dict[str, Array]:
    """Eigenvalues of the Hessian of J, ascending; dense, for models of at most some hundred parameters."""
    flat, unravel = ravel_pytree(snapshot.params)
    wide = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))  # LAPACK knows no half precision

    def value(point: Array) -> Array:
        return snapshot.objective(unravel(point.astype(flat.dtype)), snapshot.batch, snapshot.hyper).astype(wide.dtype)

    return {"hessian_eigenvalue": lapack.eigenvalues(jax.hessian(value)(wide)).astype(flat.dtype)}


def _sharpness(snapshot: Snapshot) -> dict[str, Array]:
    """Largest eigenvalue of the Hessian of J on the probe rows, for models of any size."""
    flat, unravel = ravel_pytree(snapshot.params)
    wide = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))  # LAPACK knows no half precision

    def slope(point: Array) -> Array:
        found = jax.grad(snapshot.objective)(unravel(point.astype(flat.dtype)), snapshot.batch, snapshot.hyper)
        return ravel_pytree(found)[0].astype(wide.dtype)

    return {"sharpness": largest_eigenvalue(slope, wide).astype(flat.dtype)}


def _gauss_newton(snapshot: Snapshot) -> dict[str, Array]:
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


def _surroundings(snapshot: Snapshot) -> dict[str, Array]:
    flat, unravel = ravel_pytree(snapshot.params)
    slope, _ = ravel_pytree(snapshot.model.ungroup(snapshot.gradients))
    return surroundings(lambda point: snapshot.objective(unravel(point), snapshot.batch, snapshot.hyper), flat, slope)


def _units(snapshot: Snapshot) -> dict[str, Array]:
    taps = snapshot.taps
    return units.signals(taps.pre, taps.post, snapshot.model.slopes(snapshot.groups, taps.pre, snapshot.hyper))


def _ranges(snapshot: Snapshot) -> dict[str, Array]:
    return ranges.signals(snapshot.taps.pre, snapshot.deltas)


def _vanished_updates(snapshot: Snapshot) -> dict[str, Array]:
    return ranges.updates(snapshot.model.weights(snapshot.updates())) if snapshot.deltas else {}


def _row_correlation(snapshot: Snapshot) -> dict[str, Array]:
    return units.correlations(snapshot.taps.pre)


def _jacobian(snapshot: Snapshot) -> dict[str, Array]:
    return jacobians.of_network(snapshot.model, snapshot.groups, snapshot.batch.x, snapshot.hyper)


def _layer_jacobians(snapshot: Snapshot) -> dict[str, Array]:
    return jacobians.of_layers(snapshot.model, snapshot.groups, snapshot.batch.x, snapshot.hyper)


def _weight_products(snapshot: Snapshot) -> dict[str, Array]:
    return weights.products(snapshot.model.weights(snapshot.groups), snapshot.model.weights(snapshot.gradients))


def _memory(snapshot: Snapshot) -> dict[str, Array]:
    return survival(snapshot.model, snapshot.params, snapshot.batch.x, snapshot.hyper)


def _sigmoid_error(snapshot: Snapshot) -> dict[str, Array]:
    """Mean over rows of ||sigmoid(outputs) - y||^2, whatever the loss."""
    return {
        "sigmoid_squared_error": jnp.mean(LOSSES["sigmoid_squared_error"].per_row(snapshot.outputs, snapshot.batch.y))
    }


def _row_gradients(snapshot: Snapshot) -> dict[str, Array]:
    """Per row <g_i, G> and ||g_i||: the gradient g_i of the objective on that row alone, G that on all probe rows.

    A small step along -g_i raises J to first order where <g_i, G> < 0.
    """
    mean = snapshot.model.ungroup(snapshot.gradients)

    def row(x: Array, y: Array) -> tuple[Array, Array]:
        own = jax.grad(snapshot.objective)(snapshot.params, Batch(x[None], y[None]), snapshot.hyper)
        return ravel_pytree(own)[0] @ ravel_pytree(mean)[0], tree_norm(own)

    slope, norm = jax.vmap(row)(snapshot.batch.x, snapshot.batch.y)
    return {"row_slope": slope, "row_gradient_norm": norm}


PROBES = {
    "gradient_norm": Probe("curves", _gradient_norm),
    "layer_gradients": Probe("layers", _layer_gradients),
    "layer_state": Probe("layers", _layer_state),
    "parameters": Probe("values", _parameters),
    "gradient": Probe("values", _gradient),
    "outputs": Probe("values", _outputs),
    "sigmoid_error": Probe("values", _sigmoid_error),
    "output_gradient": Probe("values", _output_gradient),
    "row_gradients": Probe("values", _row_gradients),
    "unit_spread": Probe("values", _unit_spread),
    "weight_products": Probe("values", _weight_products),
    "units": Probe("values", _units),
    "ranges": Probe("values", _ranges),
    "vanished_updates": Probe("values", _vanished_updates),
    "row_correlation": Probe("values", _row_correlation),
    "unit_gradients": Probe("values", lambda snapshot: units.gradients(snapshot.deltas)),
    "jacobian": Probe("values", _jacobian),
    "layer_jacobians": Probe("values", _layer_jacobians),
    "sizes": Probe("values", _sizes),
    "gradient_check": Probe("values", _gradient_check),
    "hessian_spectrum": Probe("values", _hessian_spectrum),
    "sharpness": Probe("curves", _sharpness),
    "gauss_newton": Probe("values", _gauss_newton),
    "surroundings": Probe("values", _surroundings),
    "memory": Probe("values", _memory),  # of recurrent networks
    "moments": Probe("values", lambda snapshot: moments(snapshot.state)),  # of averaged_sgd and frozen_sgd
}

LEVELS = {
    "off": (),
    "norms": ("gradient_norm", "layer_gradients"),
    "full": ("gradient_norm", "layer_gradients", "layer_state"),
}


def probe_names(asked: str | tuple[str, ...], probes: Mapping[str, Probe]) -> tuple[str, ...]:
    """The probes behind the axis `probes`: a level, a name, or several of either, in a fixed order.

    Args:
        asked: value of the axis.
        probes: the registry.

    Raises:
        InputError: no such level or probe.
    """
    names: list[str] = []
    for item in (asked,) if isinstance(asked, str) else asked:
        if item not in LEVELS and item not in probes:
            raise unknown("probe", item, [*LEVELS, *probes])
        names += LEVELS.get(item, (item,))
    return tuple(dict.fromkeys(names))
