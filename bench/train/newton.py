"""Newton's method with the dense Hessian, for models of at most some hundred parameters."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from models import lapack


def newton(hyper: Mapping[str, Array]) -> optax.GradientTransformationExtraArgs:
    """theta <- theta - eta (H + damping I)^-1 grad J, H the Hessian of J (Nocedal and Wright 2006, eq. 2.14).

    On a quadratic with eta = 1 and no damping one step is the normal equation. A singular H gives infinite or
    meaningless parameters: nothing repairs it.
    """

    def update(gradients: Any, state: Any, params: Any = None, *, value_fn: Any, **extra: Any) -> tuple[Any, Any]:
        del extra
        flat, unravel = ravel_pytree(params)
        slope, _ = ravel_pytree(gradients)
        wide = jnp.promote_types(flat.dtype, jnp.float32)  # LAPACK knows no half precision
        hessian = jax.hessian(lambda point: value_fn(unravel(point)))(flat).astype(wide)
        damping = hyper["optimizer.damping"].astype(wide) * jnp.eye(flat.size, dtype=wide)
        direction = lapack.solve(hessian + damping, slope.astype(wide)).astype(flat.dtype)
        return unravel(-hyper["learning_rate"].astype(flat.dtype) * direction), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)  # type: ignore[arg-type]
