"""The pictures of all cards: here where cards are few, by several processes where they are many."""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from bench.errors import named
from bench.report.cards import Card, Report
from bench.report.collect import card_of
from bench.report.pictures import Picture, pictures

MANY = 24
"""From so many cards on, further processes save more than the seconds in which they start."""


class Shown(NamedTuple):
    """What a card shows.

    Attributes:
        figures: those of its study.
        beside: its findings beside theory, on demand; None where there are none.
        broken: why nothing could be drawn, or nothing.
    """

    figures: list[Picture]
    beside: Picture | None
    broken: str = ""


def shown(report: Report, static: bool) -> Sequence[Shown]:
    """The pictures of the cards, in their order.

    Args:
        report: its cards lie in `report.out`.
        static: also draw the first figure of each as a still, for where no script runs.
    """
    if len(report.cards) < MANY:
        return [_or_why(functools.partial(_drawn, card, static)) for card in report.cards]
    # Spawned, not forked: a process in which JAX has started threads cannot be copied.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _single) as pool:
        jobs = [pool.submit(_read, report.out, card.study.name, card.profile, static) for card in report.cards]
        return [_or_why(job.result) for job in jobs]


def _single() -> None:
    threadpool_limits(limits=1, user_api="blas")


def _read(out: Path, name: str, profile: str, static: bool) -> Shown:
    return _drawn(card_of(out, name, profile), static)


def _drawn(card: Card, static: bool) -> Shown:
    return Shown(*pictures(card, static))


def _or_why(draw: Callable[[], Shown]) -> Shown:
    try:
        return draw()
    except Exception as error:  # the verdicts of this study, and all other studies, are still worth a page
        return Shown([], None, named(error))
