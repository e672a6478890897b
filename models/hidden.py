"""What happens to a hidden layer's affine map: normalisation, activation, and a skip around it."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from models.activations import Activation
from models.base import Hyper, Params
from models.normalisation import Normalisation

Skip = Literal["none", "signal", "preactivation"]
"""What goes around a hidden layer: nothing; h_l = h_{l-1} + a phi(z_l), the activation inside the branch's end; or
z_l = z_{l-1} + a (h_{l-1} W_l + b_l), the pre-activation form of He et al. 2016 (Identity mappings, figure 4e)."""


class Hidden(NamedTuple):
    """Hidden layers of one kind, as pure functions of a layer's parameters.

    `apply(affine, carried, layer, hyper, scale, shift, fitted) -> (z, h, carried)`: from the affine map to the layer's
    pre-activation and signal and to what the next layer's skip adds; scale is a, None for a layer without a skip.
    `slope(z, layer, hyper)` is phi' where phi is applied.
    """

    parameters: Callable[[int, Array, Hyper], Params]  # further parameters: (units, draw, hyper) -> dict
    apply: Callable[..., tuple[Array, Array, Array | None]]
    slope: Callable[[Array, Params, Hyper], Array]
    bias_after: bool  # the bias is added after normalisation, which would undo it
    hyper: dict[str, float]


def hidden(activation: Activation, skip: Skip, normalisation: Normalisation | None) -> Hidden:
    """Hidden layers with this activation, skip and normalisation."""

    def parameters(units: int, draw: Array, hyper: Hyper) -> Params:
        scale = {"scale": jnp.ones_like(draw, shape=(units,))} if normalisation else {}
        learned = activation.constants if activation.learned else ()
        return scale | {name: hyper[f"activation.{name}"].astype(draw.dtype) for name in learned}

    def phi(layer: Params, hyper: Hyper) -> Callable[[Array], Array]:
        own = layer if activation.learned else {name: hyper[f"activation.{name}"] for name in activation.constants}
        return lambda u: activation.apply(u, own)

    def normalised(z: Array, layer: Params, hyper: Hyper, fitted: int | None) -> Array:
        if not normalisation:
            return z
        u = normalisation.apply(z, hyper["normalisation.epsilon"], z.shape[0] if fitted is None else fitted)
        u = layer["scale"][None, :] * u
        return u + layer["bias"][None, :] if "bias" in layer else u

    def apply(
        z: Array,
        carried: Any,
        layer: Params,
        hyper: Hyper,
        scale: Array | None,
        shift: Array | None,
        fitted: int | None,
    ) -> tuple[Array, Array, Array | None]:
        if scale is not None and skip == "preactivation":
            z = carried + scale.astype(z.dtype) * z
        if shift is not None:
            z = z + shift
        h = phi(layer, hyper)(normalised(z, layer, hyper, fitted))
        if scale is not None and skip == "signal":
            h = carried + scale.astype(h.dtype) * h
        return z, h, {"none": None, "signal": h, "preactivation": z}[skip]

    def slope(z: Array, layer: Params, hyper: Hyper) -> Array:
        u = normalised(z, layer, hyper, None)
        return jax.jvp(phi(layer, hyper), (u,), (jnp.ones_like(u),))[1]

    return Hidden(
        parameters,
        apply,
        slope,
        normalisation is not None,
        ({"residual.scale": 1.0, "residual.decay": 0.0} if skip != "none" else {})
        | ({"normalisation.epsilon": 1e-5} if normalisation else {})
        | {f"activation.{name}": value for name, value in activation.constants.items()},
    )
