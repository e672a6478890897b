"""The cards of a page and their pictures: made here where cards are few, by several processes where they are many."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, cast

from altair.utils.schemapi import debug_mode
from threadpoolctl import threadpool_limits

from bench.errors import named
from bench.report.cards import Card, Report, Tables
from bench.report.collect import card_of, read
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


def read_and_drawn(out: Path, found: Mapping[str, str], static: bool) -> tuple[Report, Sequence[Shown]]:
    """A report and the pictures of its cards, in their order.

    Args:
        out: folder of the results.
        found: the names of its cards and their profiles.
        static: also draw the first figure of each as a still, for where no script runs.
    """
    if len(found) < MANY:
        report = read(out, found)
        return report, shown(report, static)
    # Spawned, not forked: a process in which JAX has started threads cannot be copied.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _single) as pool:
        jobs = [pool.submit(_read, out, name, profile, static) for name, profile in found.items()]
        done = [_answer(job) for job in jobs]
    tables, drawn = zip(*done, strict=True)
    return read(out, found, dict(zip(found, tables, strict=True))), drawn


def shown(report: Report, static: bool) -> Sequence[Shown]:
    """The pictures of the cards, in their order, drawn in this process."""
    return [_drawn(card, static) for card in report.cards]


def _single() -> None:
    threadpool_limits(limits=1, user_api="blas")


def _read(out: Path, name: str, profile: str, static: bool) -> tuple[Tables | None, Shown]:
    """The tables of a card, unless they are damaged, and its pictures."""
    card = card_of(out, name, profile)
    return None if card.note else cast(Tables, card.tables), _drawn(card, static)


def _answer(job: "Future[tuple[Tables | None, Shown]]") -> tuple[Tables | None, Shown]:
    try:
        return job.result()
    except Exception as error:  # of the process: it died
        return None, Shown([], None, named(error))


def _drawn(card: Card, static: bool) -> Shown:
    try:
        with debug_mode(False):  # tests see to it that charts are right
            return Shown(*pictures(card, static))
    except Exception as error:  # the verdicts of this study, and all other studies, are still worth a page
        return Shown([], None, named(error))
