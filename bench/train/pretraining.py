"""Pretraining: phases before the first step, each with an objective and parameters of its own, then a hand-over."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from bench.errors import InputError
from models import LOSSES, Batch, Loss, Model
from models.base import Hyper, Params, mean_loss

NOISE_ROWS = 8191
"""Rows of noise of a seed, used in turn; a prime, so that no number of rows in a batch divides it."""


class Phase(NamedTuple):
    """Training of a part of the parameters, while the rest stays.

    `start(params) -> own` is what it trains, any pytree; `objective(own, params, batch, hyper) -> scalar` what it
    minimises, params those of the model when the phase began; `finish(own, params) -> params` hands over what it has
    learned.
    """

    start: Callable[[Params], Any]
    objective: Callable[[Any, Params, Batch, Hyper], Array]
    finish: Callable[[Any, Params], Params]


class Pretraining(NamedTuple):
    """`phases(model, static)`, in their order; all take as many steps, with the optimizer of the run.

    `static` are the run's static axes, from which a part sees that it does not apply, and says so with an `InputError`.
    `constants` are the axes that it reads, without their prefix `pretraining.`, and their defaults; where there are
    phases, `learning_rate` is among them, which is that of every phase.
    """

    phases: Callable[[Model, Mapping[str, Any]], tuple[Phase, ...]]
    constants: Mapping[str, float] = {}


def layerwise(inputs: Loss, signals: Loss, activations: tuple[str, ...] = ()) -> Callable[..., tuple[Phase, ...]]:
    """Every hidden layer, from the input on, as encoder of a denoising autoencoder (Vincent et al. 2008, section 2.3).

    Layer l sees h, the signals of the layers below, with a share `pretraining.noise` of its entries set to 0, and is to
    rebuild h itself: code = layer(corrupted h), rebuilt = code W^T + c. The decoder has the encoder's weights, W^T, and
    a bias c of its own that starts at 0 and is dropped at the end. Without noise it is the greedy training of
    autoencoders of Bengio et al. (2007, section 4).

    Args:
        inputs: loss of what is rebuilt, (rows, fan-in), and h in the first layer.
        signals: the same in the layers above.
        activations: whose values `signals` can be asked of; any unless given.

    Returns:
        `(model, static) -> phases`, which raises an `InputError` for a model whose layers cannot be trained one by one.
    """

    def phases(model: Model, static: Mapping[str, Any]) -> tuple[Phase, ...]:
        here = f"pretraining = {static['pretraining']!r}"
        if model.layer is None:
            raise InputError(
                f"{here}: model {static['model']!r} cannot be trained layer by layer; give 'mlp' or a normalised one."
            )
        if activations and model.layers > 2 and static["activation"] not in activations:
            raise InputError(
                f"{here} takes hidden signals for probabilities, which those of {static['activation']!r} are not; give"
                f" activation {' or '.join(map(repr, activations))}, or another pretraining."
            )
        return tuple(_autoencoder(model, index, signals if index else inputs) for index in range(model.layers - 1))

    return phases


def _autoencoder(model: Model, index: int, loss: Loss) -> Phase:
    layer = model.layer
    assert layer is not None

    def start(params: Params) -> Any:
        weight = params[index]["weight"]
        return {"layer": params[index], "decoder_bias": jnp.zeros(weight.shape[:1], weight.dtype)}

    def objective(own: Any, params: Params, batch: Batch, hyper: Hyper) -> Array:
        assert batch.noise is not None
        h = batch.x
        for below in range(index):
            h = layer(params[below], h, hyper, below)
        kept = batch.noise[:, : h.shape[1]] >= hyper["pretraining.noise"]
        code = layer(own["layer"], jnp.where(kept, h, jnp.zeros_like(h)), hyper, index)
        rebuilt = code @ own["layer"]["weight"].T + own["decoder_bias"][None, :]
        return mean_loss(loss.per_row, rebuilt, batch._replace(y=h))

    def finish(own: Any, params: Params) -> Params:
        return [*params[:index], own["layer"], *params[index + 1 :]]

    return Phase(start, objective, finish)


def noise_rows(random: np.random.Generator, width: int) -> NDArray[np.float32]:
    """The noise of one seed, (NOISE_ROWS, width), uniform on [0, 1)."""
    return random.random((NOISE_ROWS, width), np.float32)


def noise_at(noise: Array, step: Array, rows: int) -> Array:
    """What the rows of a step see, (seeds, rows, width): the noise after that of the step before, in a circle.

    Args:
        noise: of the seeds, (seeds, NOISE_ROWS, width).
        step: counted over all phases.
        rows: rows of a batch.
    """
    first = step % NOISE_ROWS * (rows % NOISE_ROWS)
    return noise[:, (first + jnp.arange(rows, dtype=first.dtype)) % NOISE_ROWS]


_SQUARES, _CROSS_ENTROPY = LOSSES["half_squared_error"], LOSSES["bernoulli_cross_entropy"]
_DENOISING = {"learning_rate": 0.03, "noise": 0.2}

PRETRAININGS = {
    "none": Pretraining(lambda model, static: ()),
    "denoising": Pretraining(layerwise(_SQUARES, _SQUARES), _DENOISING),
    "denoising_probabilities": Pretraining(layerwise(_SQUARES, _CROSS_ENTROPY, ("sigmoid",)), _DENOISING),
}
