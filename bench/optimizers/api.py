"""Ranking optimizers from Python, one's own among them; the command does the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import train
from bench.cache import compile_cache
from bench.errors import InputError
from bench.events import Listener
from bench.optimizers.judge import Verdict, judge
from bench.optimizers.panel import Panel, chosen, train_panel
from bench.optimizers.workloads import CENTRES, SEEDS, STANDARD
from bench.own import with_installed, with_own
from bench.parts import default_parts
from bench.planning import Settings
from bench.spec import Grid, Parts


def rank_optimizers(
    optimizers: Sequence[str] = STANDARD,
    own: Mapping[str, Any] | None = None,
    workloads: Sequence[str] = (),
    quick: bool = False,
    seeds: int = SEEDS,
    centres: Mapping[str, float] = CENTRES,
    out: str | Path = "results",
    tell: Listener = lambda event: None,
) -> tuple[Verdict, Panel]:
    """Trains what is missing of a panel, and judges it.

    Args:
        optimizers: names of those of the suite, of installed packages, or of `own`.
        own: name -> one's own optimizer, `(learning_rate, **constants) -> optax.GradientTransformation`.
        workloads: names of those to take; all, or the quick ones, unless given.
        quick: fewer workloads, and no second look between the best learning rate and its neighbours.
        seeds: how many; every other one chooses the learning rates, the others judge.
        centres: optimizer -> the learning rate around which it is tuned, where the usual one is not wanted.
        out: folder of the results; these lie in its folder `optimizers`.
        tell: is told of every event.

    Returns:
        The answers, and the trials behind them.

    Raises:
        InputError: an unknown name, or too few seeds.
        Failed: a program crashed.
    """
    problems = chosen(workloads, quick)
    settings = Settings(
        "quick" if quick else "full", Path(out) / "optimizers", tuple(train.configure(cache=compile_cache()))
    )
    panel = train_panel(_with_parts(optimizers, own or {}), settings, problems, seeds, {**CENTRES, **centres}, tell)
    return judge(panel), panel


def _with_parts(names: Sequence[str], own: Mapping[str, Any]) -> dict[str, Parts]:
    """Each optimizer with the registries that have it: those of the suite's stay the same, whoever joins them."""
    if len(set(names)) < len(names) or not names:
        raise InputError(f"optimizers {', '.join(names) or '(none)'}: name each once, and at least one.")
    found, suite = {}, default_parts()
    for name in names:
        if name in own:
            found[name] = with_own(suite, optimizers={name: own[name]})
        else:
            found[name] = with_installed(suite, Grid({"optimizer": [name]}))
    return found
