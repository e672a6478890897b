"""How near training comes to what the machine can do: its matrix products alone, and its weights' way through memory.

A step of a network needs per layer z = h W, dL/dW = h^T dL/dz and, but for the first layer, dL/dh = dL/dz W^T. The
products of the same shapes, in the same number, by XLA's batched product or by BLAS, whichever is faster, are the
limit for many rows. With single rows the products are small beside the weights, each of which must be read and
written once per step: the limit is then the traffic at the measured bandwidth of a working set of that size.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec
from threadpoolctl import threadpool_limits

from bench.peers.work import Cell, Ours, layer_sizes
from bench.stats import pairs

STEPS = 300  # products are timed for so many steps and scaled to the length of the cell
FLOPS = 2e10  # and for fewer where these take long


class Limit(NamedTuple):
    """A row of the result: how large a part of our seconds the machine's limit is."""

    cell: str
    limit: str  # "products by XLA", "products by BLAS" or "traffic"
    fraction: float
    fraction_low: float
    fraction_high: float
    ours_seconds: float
    limit_seconds: float
    rate: float  # of the limit: floating-point operations, or bytes, per second


class Shapes(NamedTuple):
    """Products of one step: `sizes` are (fan_in, fan_out) per layer; chunks are divided among the devices."""

    chunks: int
    lanes: int
    rows: int
    sizes: tuple[tuple[int, int], ...]

    @property
    def flops(self) -> float:
        """Of one step of all chunks."""
        forward = sum(fan_in * fan_out for fan_in, fan_out in self.sizes)
        back = forward - self.sizes[0][0] * self.sizes[0][1]
        return 2.0 * self.chunks * self.lanes * self.rows * (2 * forward + back)

    @property
    def weights(self) -> int:
        """Numbers of one lane."""
        return sum(fan_in * fan_out for fan_in, fan_out in self.sizes)


def shapes(ours: Ours) -> Shapes:
    """The products of a cell's steps."""
    static, table = ours.program.static, ours.tables[0]
    chunks, seeds, lanes = ours.prepared.layout.lane.shape
    rows = table.rows if static["batch_size"] == "full" else static["batch_size"]
    return Shapes(chunks, seeds * lanes, rows, tuple(itertools.pairwise(layer_sizes(static, table))))


def _operands(one: Shapes) -> list[tuple[Any, Any]]:
    """h (chunks, lanes, rows, fan_in) and W (chunks, lanes, fan_in, fan_out) of each layer.

    The smaller side of h is orthonormal: W <- h^T (h W), which makes every step depend on the one before, then neither
    grows nor dies out.
    """
    random, found = np.random.default_rng(0), []
    for fan_in, fan_out in one.sizes:
        tall = np.linalg.qr(random.standard_normal((max(one.rows, fan_in), min(one.rows, fan_in))))[0]
        h = tall if one.rows >= fan_in else tall.T
        lead = (one.chunks, one.lanes)
        w = random.standard_normal((*lead, fan_in, fan_out)) * fan_in**-0.5
        found.append((np.broadcast_to(h, (*lead, *h.shape)).astype(np.float32), w.astype(np.float32)))
    return found


def products_by_xla(one: Shapes, steps: int, devices: Sequence[Any]) -> Callable[[], float]:
    """Times the products of so many steps, in the engine's arrangement; returns seconds."""
    operands = _operands(one)

    def chunk(own: list[tuple[Array, Array]]) -> list[tuple[Array, Array]]:
        hs = [h for h, _ in own]

        def step(_: Any, carry: list[tuple[Array, Array]]) -> list[tuple[Array, Array]]:
            found = []
            for layer, (h, (w, _)) in enumerate(zip(hs, carry, strict=True)):
                z = h @ w
                back = z @ jnp.swapaxes(w, -1, -2) if layer else h
                found.append((jnp.swapaxes(h, -1, -2) @ z, back))
            return found

        return lax.fori_loop(0, steps, step, [(w, h) for h, w in own])

    mesh, spread = Mesh(np.asarray(devices), ("lanes",)), PartitionSpec("lanes")
    every = jax.shard_map(
        lambda all_chunks: lax.map(chunk, all_chunks), mesh=mesh, in_specs=(spread,), out_specs=spread, check_vma=False
    )
    inputs = jax.device_put(operands, jax.sharding.NamedSharding(mesh, spread))
    compiled = jax.jit(every).lower(inputs).compile()
    return _timer(lambda: jax.block_until_ready(compiled(inputs)))


def products_by_blas(one: Shapes, steps: int, workers: int) -> Callable[[], float]:
    """The same by NumPy's BLAS, one thread per core, each with its share of the chunks; returns seconds."""
    operands = _operands(one)

    def share(first: int) -> None:
        for index in range(first, one.chunks, workers):
            own = [(h[index], w[index].copy()) for h, w in operands]
            made = [(np.empty_like(h @ w), np.empty_like(h)) for h, w in own]
            for _ in range(steps):
                for layer, ((h, w), (z, back)) in enumerate(zip(own, made, strict=True)):
                    np.matmul(h, w, out=z)
                    if layer:
                        np.matmul(z, np.swapaxes(w, -1, -2), out=back)
                    np.matmul(np.swapaxes(h, -1, -2), z, out=w)

    def everything() -> None:
        with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
            list(pool.map(share, range(workers)))

    return _timer(everything)


def traffic(one: Shapes, steps: int, devices: Sequence[Any]) -> Callable[[], float]:
    """Reads and writes all weights of a chunk once per step, chunk after chunk; returns seconds."""

    def chunk(weights: Array) -> Array:
        return lax.fori_loop(0, steps, _fade, weights)

    mesh, spread = Mesh(np.asarray(devices), ("lanes",)), PartitionSpec("lanes")
    every = jax.shard_map(
        lambda all_chunks: lax.map(chunk, all_chunks), mesh=mesh, in_specs=(spread,), out_specs=spread, check_vma=False
    )
    weights = np.ones((one.chunks, one.lanes * one.weights), np.float32)
    inputs = jax.device_put(weights, jax.sharding.NamedSharding(mesh, spread))
    compiled = jax.jit(every).lower(inputs).compile()
    return _timer(lambda: jax.block_until_ready(compiled(inputs)))


def _fade(_: Any, weights: Array) -> Array:
    return weights * jnp.float32(0.999999)


def _timer(work: Callable[[], Any]) -> Callable[[], float]:
    def seconds() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return seconds


def limits(cell: Cell, devices: Sequence[Any], repeats: int = 5) -> Iterator[Limit]:
    """Our seconds of a network's cell beside its limits, timed in turn.

    Args:
        cell: a cell whose model is the MLP.
        devices: of the suite.
        repeats: timings of each.

    Yields:
        The faster of the two ways to the products, and with single rows the traffic.
    """
    ours = Ours(cell, devices)
    one, length = shapes(ours), ours.program.steps
    steps = int(min(length, STEPS, max(3, FLOPS / one.flops)))
    ways = {
        "products by XLA": products_by_xla(one, steps, devices),
        "products by BLAS": products_by_blas(one, steps, len(devices)),
    }
    if one.rows == 1:
        ways["traffic"] = traffic(one, steps, devices)
    for seconds in (ours.run, *ways.values()):
        seconds()
    taken = [(ours.run(), {way: seconds() * length / steps for way, seconds in ways.items()}) for _ in range(repeats)]
    medians = {way: float(np.median([found[way] for _, found in taken])) for way in ways}
    faster = min((way for way in ways if way != "traffic"), key=medians.__getitem__)
    for way in (faster, *(["traffic"] if one.rows == 1 else [])):
        mine = [seconds for seconds, _ in taken]
        middle, low, high, _ = pairs.ratio(mine, [found[way] for _, found in taken])
        amount = one.flops if way != "traffic" else 8.0 * one.chunks * one.lanes * one.weights
        rate = amount * length / medians[way]
        yield Limit(cell.name, way, middle, low, high, float(np.median(mine)), medians[way], rate)
