"""Peers in PyTorch: an eager loop over the steps of one run, and an ensemble of all runs by `torch.func.vmap`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from bench.peers.work import Layers, Work

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "elu": functional.elu,
    "softplus": functional.softplus,
    "gelu": functional.gelu,
    "silu": functional.silu,
}


def _loss(task: str, outputs: Any, y: Any) -> Any:
    if task == "softmax":
        return functional.cross_entropy(outputs, y)
    if task == "logistic":
        return functional.binary_cross_entropy_with_logits(outputs[:, 0], y)
    return 0.5 * torch.mean((outputs[:, 0] - y) ** 2)


def _tensors(work: Work) -> tuple[Any, Any]:
    y = torch.as_tensor(work.y.astype(np.int64 if work.task == "softmax" else np.float32))
    return torch.as_tensor(np.ascontiguousarray(work.x)), y


def _network(layers: Layers, activation: str) -> torch.nn.Sequential:
    modules: list[Any] = []
    for index, (weight, bias) in enumerate(layers):
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.as_tensor(weight.T.copy()))
            linear.bias.copy_(torch.as_tensor(bias.copy()))
        modules += [linear] if index == len(layers) - 1 else [linear, _Activation(activation)]
    return torch.nn.Sequential(*modules)


class _Activation(torch.nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.function = ACTIVATIONS[name]

    def forward(self, z: Any) -> Any:
        return self.function(z)


def eager(work: Work) -> Callable[[Sequence[int], int], list[float]]:
    """One run after the other: module, `torch.optim.SGD`, zero_grad, backward, step; one thread.

    Args:
        work: the cell.

    Returns:
        `(runs, steps) -> train losses after the last step`.
    """
    torch.set_num_threads(1)
    x, y = _tensors(work)

    def train(runs: Sequence[int], steps: int) -> list[float]:
        losses = []
        for run in runs:
            network = _network(work.starts[work.seed[run]], work.activation)
            optimizer = torch.optim.SGD(network.parameters(), lr=float(work.rates[run]))
            for step in range(steps):
                rows = work.rows(run, step)
                optimizer.zero_grad()
                _loss(work.task, network(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                losses.append(float(_loss(work.task, network(x), y)))
        return losses

    return train


def ensemble(work: Work) -> Callable[[Sequence[int], int], list[float]]:
    """All given runs at once: `torch.func.vmap` of the gradient over stacked parameters, all threads.

    Args:
        work: the cell.

    Returns:
        `(runs, steps) -> train losses after the last step`.
    """
    x, y = _tensors(work)
    phi = ACTIVATIONS[work.activation]

    def loss(params: Any, x: Any, y: Any) -> Any:
        for index, (weight, bias) in enumerate(params):
            x = x @ weight + bias
            x = phi(x) if index < len(params) - 1 else x
        return _loss(work.task, x, y)

    gradient = torch.func.vmap(torch.func.grad(loss), in_dims=(0, None if work.full else 0, None if work.full else 0))
    final = torch.func.vmap(loss, in_dims=(0, None, None))

    def train(runs: Sequence[int], steps: int) -> list[float]:
        chosen = np.asarray(runs)
        rates = torch.as_tensor(work.rates[chosen], dtype=torch.float32)
        starts = [work.starts[seed] for seed in work.seed[chosen]]
        params = [
            tuple(torch.as_tensor(np.stack([start[layer][part] for start in starts])) for part in (0, 1))
            for layer in range(len(starts[0]))
        ]
        for step in range(steps):
            rows = slice(None) if work.full else torch.as_tensor(work.orders[work.seed[chosen], step], dtype=torch.long)
            slopes = gradient(params, x[rows], y[rows])
            params = [
                (weight - rates[:, None, None] * d_weight, bias - rates[:, None] * d_bias)
                for (weight, bias), (d_weight, d_bias) in zip(params, slopes, strict=True)
            ]
        return final(params, x, y).tolist()

    return train
