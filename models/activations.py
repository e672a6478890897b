"""Activation functions, exact definitions, with their constants as traced values."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Activation(NamedTuple):
    """`apply(z, constants) -> h`, elementwise; `learned` constants are parameters, one scalar per layer."""

    apply: Callable[[Array, Mapping[str, Array]], Array]
    constants: Mapping[str, float] = {}
    learned: bool = False


def _plain(function: Callable[[Array], Array]) -> Activation:
    return Activation(lambda z, _: function(z))


def _leaky(z: Array, constants: Mapping[str, Array]) -> Array:
    return jnp.where(z > 0, z, constants["slope"].astype(z.dtype) * z)


def _elu(z: Array, constants: Mapping[str, Array]) -> Array:
    # expm1 of the negative part only: the gradient of the branch not taken stays finite. The slope at 0 is alpha, that
    # from the left; minimum(z, 0) would halve it.
    return jnp.where(z > 0, z, constants["alpha"].astype(z.dtype) * jnp.expm1(jnp.where(z > 0, 0, z)))


@jax.custom_jvp
def _softplus(z: Array) -> Array:
    """ln(1 + e^z) = max(z, 0) + ln(1 + u), u = e^-|z|, to within 2 units in the last place.

    ln(1 + u) = 2 artanh(s), s = u / (2 + u) <= 1/3, by the series of artanh: a third of the time of XLA's log1p.
    """
    u = jnp.exp(-jnp.abs(z))
    s = u / (2 + u)
    terms = 17 if z.dtype == jnp.float64 else 8
    series = jnp.full_like(s, 1 / (2 * terms + 1))
    for k in reversed(range(terms)):
        series = series * s * s + 1 / (2 * k + 1)
    return jnp.maximum(z, 0) + 2 * s * series


_softplus.defjvps(lambda tangent, _, z: jax.nn.sigmoid(z) * tangent)


ACTIVATIONS = {
    "identity": _plain(lambda z: z),
    "sigmoid": _plain(jax.nn.sigmoid),
    "tanh": _plain(jnp.tanh),
    "softsign": _plain(lambda z: z / (1 + jnp.abs(z))),
    "relu": _plain(jax.nn.relu),  # gradient 0 at 0
    "leaky_relu": Activation(_leaky, {"slope": 0.01}),
    "prelu": Activation(_leaky, {"slope": 0.25}, learned=True),  # He et al. 2015, eq. 1
    "elu": Activation(_elu, {"alpha": 1.0}),  # Clevert et al. 2016, eq. 15
    "selu": _plain(jax.nn.selu),  # Klambauer et al. 2017, eq. 2
    "gelu": _plain(lambda z: jax.nn.gelu(z, approximate=False)),  # Hendrycks and Gimpel 2016, exact form
    "silu": _plain(jax.nn.silu),
    "softplus": _plain(_softplus),
    "hard_tanh": _plain(lambda z: jnp.clip(z, -1, 1)),
}
