"""Peers in JAX as most people write it: a loop over a jitted step, a scan per run, and `jit(vmap(train))`."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bench.peers.work import Work

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "silu": jax.nn.silu,
}


def _mean_loss(work: Work) -> Callable[[Any, Any, Any], Any]:
    phi = ACTIVATIONS[work.activation]

    def loss(params: Any, x: Any, y: Any) -> Any:
        for index, (weight, bias) in enumerate(params):
            x = x @ weight + bias[None, :]
            x = phi(x) if index < len(params) - 1 else x
        if work.task == "softmax":
            return optax.softmax_cross_entropy_with_integer_labels(x, y).mean()
        if work.task == "logistic":
            return optax.sigmoid_binary_cross_entropy(x[:, 0], y).mean()
        return 0.5 * jnp.mean((x[:, 0] - y) ** 2)

    return loss


def _arrays(work: Work) -> tuple[Any, Any]:
    return jnp.asarray(work.x), jnp.asarray(work.y, jnp.int32 if work.task == "softmax" else jnp.float32)


def _start(work: Work, run: int) -> Any:
    return [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in work.starts[work.seed[run]]]


def loop(work: Work) -> Callable[[Sequence[int], int], list[float]]:
    """One run after the other, one call of a jitted step after the other.

    Args:
        work: the cell.

    Returns:
        `(runs, steps) -> train losses after the last step`.
    """
    x, y = _arrays(work)
    loss = _mean_loss(work)

    @jax.jit
    def step(params: Any, rate: Any, x: Any, y: Any) -> Any:
        return jax.tree.map(lambda p, g: p - rate * g, params, jax.grad(loss)(params, x, y))

    take = jax.jit(lambda rows: (x[rows], y[rows]))
    final = jax.jit(loss)

    def train(runs: Sequence[int], steps: int) -> list[float]:
        losses = []
        for run in runs:
            params, rate = _start(work, run), np.float32(work.rates[run])
            for t in range(steps):
                params = step(params, rate, *((x, y) if work.full else take(work.rows(run, t))))
            losses.append(float(final(params, x, y)))
        return losses

    return train


def scan(work: Work) -> Callable[[Sequence[int], int], list[float]]:
    """One run after the other, each a jitted `lax.scan` over its steps, compiled once.

    Args:
        work: the cell.

    Returns:
        `(runs, steps) -> train losses after the last step`.
    """
    x, y = _arrays(work)
    loss = _mean_loss(work)

    def body(params: Any, rows: Any, rate: Any) -> Any:
        batch = (x, y) if work.full else (x[rows], y[rows])
        return jax.tree.map(lambda p, g: p - rate * g, params, jax.grad(loss)(params, *batch))

    @jax.jit
    def whole(params: Any, order: Any, rate: Any) -> Any:
        params, _ = jax.lax.scan(lambda p, rows: (body(p, rows, rate), None), params, order)
        return loss(params, x, y)

    def train(runs: Sequence[int], steps: int) -> list[float]:
        losses = []
        for run in runs:
            order = np.zeros((steps, 0)) if work.full else work.orders[work.seed[run], :steps]
            losses.append(float(whole(_start(work, run), order, np.float32(work.rates[run]))))
        return losses

    return train


def vmapped(work: Work) -> Callable[[Sequence[int], int], list[float]]:
    """All given runs in one `jit(vmap(train))` with the random numbers inside, in the manner of PureJaxRL (Lu 2022).

    Every run draws its own start and its own order of the rows, so that its losses equal the others' in distribution
    only.

    Args:
        work: the cell.

    Returns:
        `(runs, steps) -> train losses after the last step`.
    """
    x, y = _arrays(work)
    loss = _mean_loss(work)
    sizes = [weight.shape for weight, _ in work.starts[0]]
    convex = len(sizes) == 1

    def start(key: Any) -> Any:
        keys = jax.random.split(key, len(sizes))
        spread = [0.0 if convex else (2 / sum(shape)) ** 0.5 for shape in sizes]
        return [
            (scale * jax.random.normal(k, shape, jnp.float32), jnp.zeros(shape[1], jnp.float32))
            for k, shape, scale in zip(keys, sizes, spread, strict=True)
        ]

    def one(key: Any, rate: Any, steps: int) -> Any:
        first, second = jax.random.split(key)
        per_epoch = len(x) // work.batch

        def epoch(params: Any, key: Any) -> Any:
            order = jax.random.permutation(key, len(x))[: per_epoch * work.batch].reshape(per_epoch, work.batch)

            def body(params: Any, rows: Any) -> Any:
                batch = (x, y) if work.full else (x[rows], y[rows])
                return jax.tree.map(lambda p, g: p - rate * g, params, jax.grad(loss)(params, *batch)), None

            return jax.lax.scan(body, params, order)[0], None

        params, _ = jax.lax.scan(epoch, start(first), jax.random.split(second, max(1, steps // per_epoch)))
        return loss(params, x, y)

    whole = jax.jit(jax.vmap(one, in_axes=(0, 0, None)), static_argnums=2)

    def train(runs: Sequence[int], steps: int) -> list[float]:
        keys = jax.vmap(jax.random.key)(jnp.asarray(runs))
        return whole(keys, jnp.asarray(work.rates[np.asarray(runs)], jnp.float32), steps).tolist()

    return train
