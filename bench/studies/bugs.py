"""Deliberate bugs that several studies must catch, as changes of parts; see `Mutant`."""

from collections.abc import Callable
from typing import Any

from bench.spec import Parts


def replace(registry: str, name: str, change: Callable[[Any], Any]) -> Callable[[Parts], Parts]:
    """The parts with one of them changed, for `Mutant(parts=...)`."""
    return lambda parts: parts.replaced(registry, name, change)


def swapped(registry: str, name: str, other: str) -> Callable[[Parts], Parts]:
    """The parts with another one under a name, for `Mutant(parts=...)`."""
    return lambda parts: parts.replaced(registry, name, lambda _: parts.get(registry, other))


def summed(loss: Any) -> Any:
    """A loss whose mean over m rows is their sum: the gradient is not divided by m."""
    return loss._replace(per_row=lambda outputs, y: y.shape[0] * loss.per_row(outputs, y))


def on_gradient(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An optimizer that sees `change(gradient)` instead of the gradient."""

    def broken(method: Any) -> Any:
        def make(hyper: Any) -> Any:
            right = method.make(hyper)
            return right._replace(
                update=lambda g, state, params=None, **more: right.update(
                    change(g), state, params, **_known(right, more)
                )
            )

        return method._replace(make=make)

    return broken


def on_model(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An architecture that makes `change(model)` of each of its models."""
    return lambda architecture: architecture._replace(make=lambda *given: change(architecture.make(*given)))


def leafwise(change: Callable[..., Any]) -> Callable[..., Any]:
    """`change` of one array or several, on whole parameter trees."""

    def each(*trees: Any) -> Any:
        from jax import tree  # noqa: PLC0415 - listing the studies must not start JAX

        return tree.map(change, *trees)

    return each


def on_rate(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An optimizer whose learning rate is `change(learning rate)`."""
    return lambda method: method._replace(
        make=lambda hyper: method.make({**hyper, "learning_rate": change(hyper["learning_rate"])})
    )


def _known(transformation: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Extra arguments, for transformations that take them."""
    return more if "ExtraArgs" in type(transformation).__name__ else {}


def without_derivative(activation: Any) -> Any:
    """An activation whose backward pass forgets phi': the value is right, the derivative is 1."""

    def apply(z: Any, constants: Any) -> Any:
        from jax.lax import stop_gradient  # noqa: PLC0415 - listing the studies must not start JAX

        return z + stop_gradient(activation.apply(z, constants) - z)

    return activation._replace(apply=apply)


def penalised_bias(architecture: Any) -> Any:
    """A linear model whose L2 penalty includes the bias."""
    return architecture._replace(
        make=lambda *given: architecture.make(*given)._replace(weights=lambda params: tuple(params[0].values()))
    )


def detached_statistics(architecture: Any) -> Any:
    """A batch-normalised model whose backward pass takes mean and variance of the batch for constants."""
    right = architecture.make.keywords["normalisation"]

    def apply(z: Any, epsilon: Any, fitted: int) -> Any:
        from jax.lax import stop_gradient  # noqa: PLC0415 - listing the studies must not start JAX

        deviation = stop_gradient((z[:fitted].var(axis=0, keepdims=True) + epsilon.astype(z.dtype)) ** 0.5)
        return stop_gradient(right.apply(z, epsilon, fitted)) + (z - stop_gradient(z)) / deviation

    def make(*given: Any) -> Any:
        return architecture.make(*given, normalisation=right._replace(apply=apply))

    return architecture._replace(make=make)


def scaled_init(factor: float) -> Callable[[Any], Any]:
    """An initialisation whose weights are `factor` times as large."""
    return lambda init: init._replace(weight=lambda draw: init.weight(draw) * factor)


def by_fan_in(init: Any) -> Any:
    """An initialisation that divides its weights by the fan-in, not by its root."""
    return init._replace(weight=lambda draw: init.weight(draw) / draw.shape[0] ** 0.5)
