"""A model of one's own from two functions, whatever library its parameters come from."""

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from models.activations import Activation
from models.base import Architecture, Model, Shape
from models.inits import Init

AXES = ("depth", "width", "bias")


class Normals:
    """Hands out the standard normals of a seed in order: `normal(3, 4)` has shape (3, 4).

    All models of a seed read the same numbers, so that one which asks in the order of another starts where that does.
    """

    def __init__(self, draw: Array | None) -> None:
        self._draw, self.used = draw, 0

    def __call__(self, *shape: int) -> Array:
        """The next ones, in this shape."""
        start, self.used = self.used, self.used + math.prod(shape)
        return jnp.zeros(shape) if self._draw is None else self._draw[start : self.used].reshape(shape)

    def key(self) -> Array:
        """A key of `jax.random` made of the next two normals, for libraries that draw their own numbers."""
        bits = jax.lax.bitcast_convert_type(self(2).astype(jnp.float32), jnp.uint32)
        return jax.random.wrap_key_data(bits, impl="threefry2x32")


def lenient(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, in which arrays may be broadcast to more dimensions; the suite's own code must say so."""

    @functools.wraps(function)
    def called(*args: Any, **more: Any) -> Any:
        with jax.numpy_rank_promotion("allow"):
            return function(*args, **more)

    return called


def architecture(init: Callable[..., Any], apply: Callable[[Any, Array], Array]) -> Architecture:
    """A model of two functions.

    Args:
        init: `(normal, shape) -> parameters`, any pytree; `normal` is a `Normals`, `shape` has `inputs` and `outputs`.
            Where it also has parameters called depth, width or bias, it gets these axes of the grid. Leaves that are no
            arrays, such as the activation in a module of equinox, stay as they are.
        apply: `(parameters, x (rows, inputs)) -> outputs (rows, outputs)`.

    Returns:
        The architecture. The L2 penalty is on leaves of two dimensions and more.
    """
    init, apply = lenient(init), lenient(apply)
    axes = tuple(axis for axis in AXES if axis in inspect.signature(init).parameters)

    def make(shape: Shape, options: Mapping[str, Any], _: Init, __: Activation) -> Model:
        chosen = {axis: options[axis] for axis in axes}
        known: dict[str, Any] = {}

        def arrays(normal: Normals) -> list[Array]:
            leaves, structure = jax.tree.flatten(init(normal, shape, **chosen))
            known.update(leaves=[None if _is_array(leaf) else leaf for leaf in leaves], structure=structure)
            return [leaf for leaf in leaves if _is_array(leaf)]

        def rebuilt(own: list[Array]) -> Any:
            rest = iter(own)
            leaves = [next(rest) if leaf is None else leaf for leaf in known["leaves"]]
            return jax.tree.unflatten(known["structure"], leaves)

        counter = Normals(None)
        shapes = jax.eval_shape(lambda: arrays(counter))
        outputs = jax.eval_shape(lambda own, x: apply(rebuilt(own), x), shapes, jnp.zeros((2, shape.inputs)))
        _check(shapes, outputs, shape)
        weights = [leaf.shape for leaf in shapes if leaf.ndim > 1]
        return Model(
            draws=counter.used,
            init=lambda draw, hyper: [jnp.asarray(leaf, draw.dtype) for leaf in arrays(Normals(draw))],
            weights=lambda own: tuple(leaf for leaf in own if leaf.ndim > 1),
            apply=lambda own, x, hyper: apply(rebuilt(own), x),
            layers=len(weights),
            multiplications=sum(map(math.prod, weights)),
            activations=2 * sum(weight[-1] for weight in weights),
        )

    return Architecture(make, axes)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, (Array, np.ndarray))


def _check(shapes: list[Any], outputs: Any, shape: Shape) -> None:
    if not shapes:
        raise ValueError("init gave no arrays; give parameters.")
    for leaf in shapes:
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise ValueError(f"init gave parameters of type {leaf.dtype}; give floating-point numbers.")
    if getattr(outputs, "shape", None) != (2, shape.outputs):
        found = getattr(outputs, "shape", type(outputs).__name__)
        raise ValueError(f"apply gave {found} for 2 rows; give (rows, outputs), here (2, {shape.outputs}).")
