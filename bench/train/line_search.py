"""Methods that search along a line: they need no learning rate, but the batch loss as a function of the parameters."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.flatten_util import ravel_pytree

Hyper = Mapping[str, Array]
Make = Callable[[Hyper], optax.GradientTransformation]

SUFFICIENT_DECREASE = 1e-4
MOST_HALVINGS = 40
MEMORY = 10


def _dot(a: Any, b: Any) -> Array:
    return ravel_pytree(a)[0] @ ravel_pytree(b)[0]


def _along(params: Any, length: Array, direction: Any) -> Any:
    return jax.tree.map(lambda p, d: p + length.astype(p.dtype) * d, params, direction)


def step_length(
    value_fn: Callable[[Any], Array], params: Any, value: Array, gradient: Any, direction: Any
) -> tuple[Array, Array]:
    """The Newton step along a line, -g^T d / d^T H d, halved until J falls by Armijo's condition.

    It is the exact minimiser along the line where J is quadratic, and 1 where J is not convex along it (Nocedal and
    Wright 2006, section 3.5 and algorithm 3.1). What the rounding of J hides is let pass.

    Args:
        value_fn: J.
        params: where the line starts.
        value, gradient: J and its gradient there.
        direction: d, a direction of descent.

    Returns:
        The length t, and the number of halvings.
    """
    slope = _dot(gradient, direction)
    curvature = _dot(direction, jax.jvp(jax.grad(value_fn), (params,), (direction,))[1])
    first = jnp.where(curvature > 0, -slope / jnp.where(curvature > 0, curvature, 1), 1)
    rounding = 10 * jnp.finfo(value.dtype).eps * jnp.abs(value)

    def too_long(carry: tuple[Array, Array]) -> Array:
        length, halvings = carry
        enough = value + SUFFICIENT_DECREASE * length * slope + rounding
        return ~(value_fn(_along(params, length, direction)) <= enough) & (halvings < MOST_HALVINGS)

    start = (first.astype(value.dtype), jnp.zeros((), jnp.int32))
    return lax.while_loop(too_long, lambda carry: (carry[0] / 2, carry[1] + 1), start)


def searching(precondition: Callable[[], optax.GradientTransformation]) -> Make:
    """Goes along minus the preconditioned gradient for `step_length`, times `optimizer.relaxation` (1: all of it)."""

    def make(hyper: Hyper) -> optax.GradientTransformation:
        inner = _in_own_precision(precondition())

        def update(gradient: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
            value_fn, value = extra["value_fn"], extra["value"]
            found, state = inner.update(gradient, state, params)
            ascent = _dot(gradient, found) > 0  # else forget the past and go along the gradient
            direction = jax.tree.map(lambda f, g: -jnp.where(ascent, f, g), found, gradient)
            length, _ = step_length(value_fn, params, value, gradient, direction)
            length = length * hyper["optimizer.relaxation"].astype(length.dtype)
            return jax.tree.map(lambda d: length.astype(d.dtype) * d, direction), state

        return optax.GradientTransformationExtraArgs(inner.init, update)  # type: ignore[arg-type]

    return make


class ConjugateState(NamedTuple):
    """The last gradient and the last direction, upward."""

    gradient: Any
    direction: Any


def _conjugate_gradient() -> optax.GradientTransformation:
    """d = g + beta d, beta = max(0, g^T (g - g_) / g_^T g_) (Polak and Ribiere 1969; Nocedal and Wright 2006, 5.45)."""

    def init(params: Any) -> ConjugateState:
        return ConjugateState(jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params))

    def update(gradient: Any, state: ConjugateState, params: Any = None) -> tuple[Any, ConjugateState]:
        before = _dot(state.gradient, state.gradient)
        change = _dot(gradient, jax.tree.map(jnp.subtract, gradient, state.gradient))
        beta = jnp.where(before > 0, jnp.maximum(change / jnp.where(before > 0, before, 1), 0), 0)
        direction = _along(gradient, beta, state.direction)
        return direction, ConjugateState(gradient, direction)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


class QuasiNewtonState(NamedTuple):
    """The last parameters and gradient, flat, the inverse Hessian as known so far, and the steps taken."""

    params: Array
    gradient: Array
    inverse: Array
    count: Array


def _bfgs() -> optax.GradientTransformation:
    """H <- (I - r s y^T) H (I - r y s^T) + r s s^T, r = 1 / y^T s, from H = I (Nocedal and Wright 2006, eq. 6.17).

    A pair with y^T s <= 0 is left out.
    """

    def init(params: Any) -> QuasiNewtonState:
        flat, _ = ravel_pytree(params)
        nothing = jnp.zeros_like(flat)
        return QuasiNewtonState(nothing, nothing, jnp.eye(flat.size, dtype=flat.dtype), jnp.zeros((), jnp.int32))

    def update(gradient: Any, state: QuasiNewtonState, params: Any = None) -> tuple[Any, QuasiNewtonState]:
        g, unravel = ravel_pytree(gradient)
        theta, _ = ravel_pytree(params)
        s, y = theta - state.params, g - state.gradient
        usable = (y @ s > 0) & (state.count > 0)
        r = jnp.where(usable, 1 / jnp.where(usable, y @ s, 1), 0)
        left = jnp.eye(g.size, dtype=g.dtype) - r * jnp.outer(s, y)
        inverse = jnp.where(usable, left @ state.inverse @ left.T + r * jnp.outer(s, s), state.inverse)
        return unravel(inverse @ g), QuasiNewtonState(theta, g, inverse, state.count + 1)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


def _in_own_precision(inner: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """optax keeps some memory in the widest type; here all of it is in that of the parameters."""
    wide = optax.with_extra_args_support(inner)

    def narrowed(tree: Any, dtype: Any) -> Any:
        floating = lambda a: jnp.issubdtype(jnp.asarray(a).dtype, jnp.floating)  # noqa: E731
        return jax.tree.map(lambda a: a.astype(dtype) if floating(a) else a, tree)

    def init(params: Any) -> Any:
        return narrowed(wide.init(params), jax.tree.leaves(params)[0].dtype)

    def update(gradient: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        return narrowed(wide.update(gradient, state, params, **extra), jax.tree.leaves(gradient)[0].dtype)

    return optax.GradientTransformationExtraArgs(init, update)  # type: ignore[arg-type]


exact_line_search = searching(optax.identity)
"""Steepest descent (Cauchy 1847)."""

conjugate_gradient = searching(_conjugate_gradient)
"""Non-linear conjugate gradients; on quadratics those of Hestenes and Stiefel (1952)."""

bfgs = searching(_bfgs)
"""Broyden, Fletcher, Goldfarb, Shanno (1970), with the dense inverse Hessian."""

lbfgs = searching(lambda: optax.scale_by_lbfgs(MEMORY))
"""BFGS from the last ten pairs (Liu and Nocedal 1989), the direction by optax."""


def backtracking(hyper: Hyper) -> optax.GradientTransformation:
    """Gradient descent from the step `optimizer.first`, cut by `factor` until J falls by `decrease` t ||g||^2.

    Armijo 1966; Nocedal and Wright 2006, algorithm 3.1; by optax.
    """
    search = optax.scale_by_backtracking_linesearch(
        max_backtracking_steps=MOST_HALVINGS,
        slope_rtol=hyper["optimizer.decrease"],
        decrease_factor=hyper["optimizer.factor"],
        increase_factor=float("inf"),  # every search starts from the first step again
        max_learning_rate=hyper["optimizer.first"],
        atol=0.0,
    )
    return _in_own_precision(optax.chain(optax.scale(-1.0), search))
