"""Probes: what a checkpoint records beyond the losses, per run, per layer, or as free values."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jax import Array

from bench.errors import unknown
from bench.train import jacobians, landscape, ranges, units, weights
from bench.train.averages import moments
from bench.train.memory import survival
from bench.train.snapshot import Probe, Snapshot, norm, per_layer, tree_norm
from models import LOSSES


def _gradient_norm(snapshot: Snapshot) -> dict[str, Array]:
    return {"gradient_norm": tree_norm(snapshot.gradients)}


def _layer_gradients(snapshot: Snapshot) -> dict[str, Array]:
    if not snapshot.deltas:
        return {}
    return {
        "delta_norm": per_layer(norm, snapshot.deltas),
        "weight_gradient_norm": per_layer(norm, snapshot.model.weights(snapshot.gradients)),
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
        found = [per_layer(measure, slopes).astype(none.dtype)] if slopes else []
        return jnp.concatenate([*found, none])

    norms = per_layer(norm, weights)
    return {
        "activation_mean_square": per_layer(_mean_square, (*taps.post, taps.pre[-1])),
        "preactivation_mean_square": per_layer(_mean_square, taps.pre),
        "dead_fraction": hidden(lambda slope: jnp.mean(jnp.all(slope == 0, axis=0))),
        "saturated_fraction": hidden(lambda slope: jnp.mean(jnp.abs(slope) < SATURATED_BELOW)),
        "weight_norm": norms,
        "update_ratio": per_layer(norm, snapshot.model.weights(snapshot.updates())) / norms,
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


PROBES = {
    "gradient_norm": Probe("curves", _gradient_norm),
    "layer_gradients": Probe("layers", _layer_gradients),
    "layer_state": Probe("layers", _layer_state, reads_optimizer=True),
    "parameters": Probe("values", _parameters),
    "gradient": Probe("values", _gradient),
    "outputs": Probe("values", _outputs),
    "sigmoid_error": Probe("values", _sigmoid_error),
    "output_gradient": Probe("values", _output_gradient),
    "row_gradients": Probe("values", landscape.row_gradients),
    "unit_spread": Probe("values", _unit_spread),
    "weight_products": Probe("values", _weight_products),
    "units": Probe("values", _units),
    "ranges": Probe("values", _ranges),
    "vanished_updates": Probe("values", _vanished_updates, reads_optimizer=True),
    "row_correlation": Probe("values", _row_correlation),
    "unit_gradients": Probe("values", lambda snapshot: units.gradients(snapshot.deltas)),
    "jacobian": Probe("values", _jacobian),
    "layer_jacobians": Probe("values", _layer_jacobians),
    "sizes": Probe("values", _sizes),
    "gradient_check": Probe("values", landscape.gradient_check),
    "hessian_spectrum": Probe("values", landscape.hessian_spectrum),
    "sharpness": Probe("curves", landscape.sharpness),
    "gauss_newton": Probe("values", landscape.gauss_newton),
    "surroundings": Probe("values", landscape.surroundings),
    "memory": Probe("values", _memory),  # of recurrent networks
    "moments": Probe("values", lambda snapshot: moments(snapshot.state), True),  # of averaged_sgd and frozen_sgd
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
