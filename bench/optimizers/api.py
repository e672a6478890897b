"""Ranking optimizers from Python, one's own among them; the command does the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import train
from bench.cache import compile_cache
from bench.events import Listener
from bench.optimizers.judge import Verdict, judge
from bench.optimizers.panel import Panel, chosen, train_panel
from bench.optimizers.workloads import CENTRES, SEEDS, STANDARD
from bench.parts import default_parts
from bench.pipeline import Settings
from bench.spec import Parts


def rank_optimizers(
    optimizers: Sequence[str] = STANDARD,
    parts: Parts | None = None,
    workloads: Sequence[str] = (),
    quick: bool = False,
    seeds: int = SEEDS,
    centres: Mapping[str, float] = CENTRES,
    out: str | Path = "results",
    tell: Listener = lambda event: None,
) -> tuple[Verdict, Panel]:
    """Trains what is missing of a panel, and judges it.

    Args:
        optimizers: names of methods.
        parts: the registries; the suite's own unless given.
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
    own = {**CENTRES, **centres}
    panel = train_panel(optimizers, parts or default_parts(), settings, problems, seeds, own, tell)
    return judge(panel), panel
