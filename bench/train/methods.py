"""Optimizers and clipping from optax, every constant traced: a grid axis that costs no compilation."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import optax
from jax import Array

from bench.train import averages, line_search
from bench.train.acceleration import accelerated
from bench.train.loss_scale import loss_scaled_sgd
from bench.train.momentum import CONSTANTS, growing
from bench.train.newton import newton
from bench.train.projection import projected


class Method(NamedTuple):
    """`make(hyper) -> optax.GradientTransformation`; hyper holds `learning_rate` and the constants, as scalars.

    `constants` are the axes it reads, without their prefix `optimizer.`, and their defaults. A transformation with
    extra arguments also gets `value`, `grad` and `value_fn`, the batch loss as a function of the parameters.
    """

    make: Callable[[Mapping[str, Array]], optax.GradientTransformation]
    constants: Mapping[str, float] = {}


_ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def _adam(factory: Callable[..., optax.GradientTransformation]) -> Callable[..., optax.GradientTransformation]:
    return lambda h: factory(
        h["learning_rate"], b1=h["optimizer.beta1"], b2=h["optimizer.beta2"], eps=h["optimizer.epsilon"]
    )


def _accumulated(h: Mapping[str, Array]) -> optax.GradientTransformation:
    """Gradient accumulation: one step with the mean of the last `every` gradients, none in between."""
    rate, every = h["learning_rate"], h["optimizer.every"].astype("int32")
    steps = optax.MultiSteps(optax.sgd(rate), lambda _: every, accumulator_dtype=rate.dtype)  # float32 unless told
    return steps.gradient_transformation()


def _in_box(make: Callable[..., optax.GradientTransformation]) -> Callable[..., optax.GradientTransformation]:
    return lambda h: projected(make(h), h["optimizer.radius"])


METHODS = {
    "sgd": Method(lambda h: optax.sgd(h["learning_rate"])),
    "momentum": Method(lambda h: optax.sgd(h["learning_rate"], h["optimizer.momentum"]), {"momentum": 0.9}),
    "nesterov": Method(
        lambda h: optax.sgd(h["learning_rate"], h["optimizer.momentum"], nesterov=True), {"momentum": 0.9}
    ),
    "growing_momentum": Method(growing(nesterov=False), CONSTANTS),
    "growing_nesterov": Method(growing(nesterov=True), CONSTANTS),
    "adagrad": Method(
        lambda h: optax.adagrad(
            h["learning_rate"], initial_accumulator_value=h["optimizer.initial"], eps=h["optimizer.epsilon"]
        ),
        {"initial": 0.0, "epsilon": 1e-10},
    ),
    "rmsprop": Method(
        lambda h: optax.rmsprop(h["learning_rate"], decay=h["optimizer.decay"], eps=h["optimizer.epsilon"]),
        {"decay": 0.99, "epsilon": 1e-8},
    ),
    "adam": Method(_adam(optax.adam), _ADAM),
    "amsgrad": Method(_adam(optax.amsgrad), _ADAM),
    "nadam": Method(_adam(optax.nadam), _ADAM),
    "adamax": Method(_adam(optax.adamax), _ADAM),
    "adamw": Method(
        lambda h: optax.adamw(
            h["learning_rate"],
            b1=h["optimizer.beta1"],
            b2=h["optimizer.beta2"],
            eps=h["optimizer.epsilon"],
            weight_decay=h["optimizer.weight_decay"],
        ),
        _ADAM | {"weight_decay": 1e-2},
    ),
    "lion": Method(
        lambda h: optax.lion(h["learning_rate"], b1=h["optimizer.beta1"], b2=h["optimizer.beta2"], weight_decay=0.0),
        {"beta1": 0.9, "beta2": 0.99},
    ),
    "accumulated_sgd": Method(_accumulated, {"every": 1.0}),
    "averaged_sgd": Method(averages.averaged_sgd, {"burn_in": 0.0}),
    "frozen_sgd": Method(averages.frozen_sgd, {"moving": 1e9}),
    "loss_scaled_sgd": Method(loss_scaled_sgd, {"loss_scale": 1024.0}),
    "accelerated": Method(accelerated),
    "projected_sgd": Method(_in_box(lambda h: optax.sgd(h["learning_rate"])), {"radius": 1.0}),
    "projected_adam": Method(_in_box(_adam(optax.adam)), _ADAM | {"radius": 1.0}),
    "projected_amsgrad": Method(_in_box(_adam(optax.amsgrad)), _ADAM | {"radius": 1.0}),
    "newton": Method(newton, {"damping": 0.0}),
    "sign_sgd": Method(lambda h: optax.sign_sgd(h["learning_rate"])),
    "backtracking": Method(line_search.backtracking, {"first": 1.0, "factor": 0.5, "decrease": 1e-4}),
    "exact_line_search": Method(line_search.exact_line_search, {"relaxation": 1.0}),
    "conjugate_gradient": Method(line_search.conjugate_gradient, {"relaxation": 1.0}),
    "bfgs": Method(line_search.bfgs, {"relaxation": 1.0}),
    "lbfgs": Method(line_search.lbfgs, {"relaxation": 1.0}),
}

CLIPS = {
    "none": Method(lambda h: optax.identity()),
    "norm": Method(lambda h: optax.clip_by_global_norm(h["clip.threshold"]), {"threshold": 1.0}),  # type: ignore[arg-type]
    "value": Method(lambda h: optax.clip(h["clip.threshold"]), {"threshold": 1.0}),
}
"""Applied to the gradient before the optimizer; constants have the prefix `clip.`."""
