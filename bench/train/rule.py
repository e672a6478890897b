"""How one lane of a program trains: its step, and the phases before its first step."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import optax
from jax import Array, lax

from bench.spec import Parts, Table
from bench.train.methods import Method
from bench.train.pretraining import Phase, noise_at
from bench.train.snapshot import tree_norm
from bench.train.stops import Stop
from models import Batch, Model, Shape, objective


class Rule(NamedTuple):
    """How one lane of a program trains: the static choices as functions."""

    model: Model
    objective: Callable[..., Any]
    per_row: Callable[[Array, Array], Array] | None
    method: Callable[[Mapping[str, Array]], optax.GradientTransformation]
    rate: Callable[[Mapping[str, Array], Array], Array]
    stop: Stop | None
    phases: tuple[Phase, ...] = ()


def rule_of(static: Mapping[str, Any], parts: Parts, table: Table) -> Rule:
    """The parts that the static axes of a program name, put together for its data."""
    loss = parts.get("losses", static["loss"]) if static["loss"] else None
    shape = Shape(table.x.shape[1], max(loss.outputs(table.classes), table.targets) if loss else 1)
    activation = parts.get("activations", static["activation"] or "identity")
    model = parts.get("models", static["model"]).make(shape, static, parts.get("inits", static["init"]), activation)
    clip: Method = parts.get("clips", static["clip"])
    method: Method = parts.get("methods", static["optimizer"])
    return Rule(
        model,
        objective(model, loss.per_row if loss else None, table.rows),
        loss.per_row if loss else None,
        method.make if static["clip"] == "none" else lambda hyper: optax.chain(clip.make(hyper), method.make(hyper)),
        parts.get("schedules", static["schedule"]).rate,
        parts.get("stops", static["stop"]),
        parts.get("pretrainings", static["pretraining"]).phases(model, static),
    )


def over(function: Callable[..., Any], *scopes: str) -> Callable[..., Any]:
    """Maps over seeds and their lanes; each argument belongs to a `lane` (S, K), to a `seed` (S,), or to `all`."""
    lanes = jax.vmap(function, in_axes=tuple(0 if scope == "lane" else None for scope in scopes))
    return jax.vmap(lanes, in_axes=tuple(None if scope == "all" else 0 for scope in scopes))


def step_of(rule: Rule) -> Callable[..., Any]:
    """One optimizer step of one lane: `(params, state, hyper, batch, t) -> (params, state, what it saw before)`."""

    def step(params: Any, state: Any, hyper: dict[str, Array], batch: Batch, t: Array) -> Any:
        def value_fn(params: Any) -> Array:
            return rule.objective(params, batch, hyper)

        value, gradients = jax.value_and_grad(value_fn)(params)
        method = optax.with_extra_args_support(rule.method({**hyper, "learning_rate": rule.rate(hyper, t)}))
        updates, state = method.update(gradients, state, params, value=value, grad=gradients, value_fn=value_fn)
        seen = {"loss": value}
        if rule.stop and rule.stop.series == "gradient_norm":
            seen["gradient_norm"] = tree_norm(gradients).astype(value.dtype)
        if rule.stop and rule.stop.series == "update_norm":
            seen["update_norm"] = tree_norm(updates).astype(value.dtype)
        return optax.apply_updates(params, updates), state, seen

    return step


def pretrained(
    rule: Rule,
    steps: int,
    params: Any,
    hyper: dict[str, Array],
    batch: Callable[[Array | int], Batch],
    batch_scope: str,
    noise: Array,
) -> Any:
    """Parameters after the phases of a pretraining, each of `steps` steps with a new state of the optimizer."""
    hyper = {**hyper, "learning_rate": hyper["pretraining.learning_rate"]}
    for number, phase in enumerate(rule.phases):

        def step(own: Any, state: Any, rest: Any, hyper: Any, batch: Batch, noise: Array, t: Array, phase=phase) -> Any:
            def objective(own: Any, batch: Batch, hyper: Any) -> Array:
                return phase.objective(own, rest, batch, hyper)

            plain = rule._replace(objective=objective, rate=lambda hyper, _: hyper["learning_rate"], stop=None)
            return step_of(plain)(own, state, hyper, batch._replace(noise=noise), t)[:2]

        take = over(step, "lane", "lane", "lane", "lane", batch_scope, "seed", "all")
        own = over(phase.start, "lane")(params)
        state = over(lambda p, h: rule.method(h).init(p), "lane", "lane")(own, hyper)

        def body(t: Array, carry: Any, params=params, take=take, first=number * steps) -> Any:
            now = batch(first + t)
            rows = now.x.shape[-2]
            return take(*carry, params, hyper, now, noise_at(noise, first + t, rows), t)

        own, _ = lax.fori_loop(0, steps, body, (own, state))
        params = over(phase.finish, "lane", "lane")(own, params)
    return params
