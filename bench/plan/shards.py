"""The programs of a plan, split over the jobs of an array: each in exactly one part, the parts about equally long."""

import heapq
import re
from collections.abc import Sequence
from typing import NamedTuple

from bench.errors import InputError
from bench.spec import Plan, Program


class Shard(NamedTuple):
    """Part `index` of `count`, counted from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(text: str) -> Shard:
    """The shard that is written `i/n`.

    Raises:
        InputError: not of that form, or not one of 1/n to n/n.
    """
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if not found:
        raise InputError(f"--shard {text}: give i/n, such as 1/8 for the first of eight array jobs.")
    shard = Shard(int(found[1]), int(found[2]))
    if not 1 <= shard.index <= shard.count:
        first_to_last = f"1/{shard.count} to {shard.count}/{shard.count}" if shard.count else "such as 1/8"
        raise InputError(f"--shard {text}: shards are counted from 1; give {first_to_last}.")
    return shard


def part_of(plan: Plan, shard: Shard) -> Plan:
    """The programs of one shard, in the order of the plan.

    The longest programs are dealt first, each to the part that has least until then (Graham 1969, "Bounds on
    multiprocessing timing anomalies"): the longest part is at most 4/3 of the best. It depends on the plan alone, so
    that jobs which know nothing of one another agree.

    Args:
        plan: all programs; their estimated seconds decide.
        shard: which part.
    """
    mine = set(dealt([program.seconds for program in plan.programs], shard.count)[shard.index - 1])
    programs: Sequence[Program] = [program for place, program in enumerate(plan.programs) if place in mine]
    return Plan(tuple(programs), sum(program.width for program in programs))


def dealt(seconds: Sequence[float], parts: int) -> list[list[int]]:
    """Positions of the programs of each part, by longest processing time first; equal ones in their order."""
    hands: list[list[int]] = [[] for _ in range(parts)]
    heap = [(0.0, part) for part in range(parts)]
    for place in sorted(range(len(seconds)), key=lambda place: (-seconds[place], place)):
        load, part = heapq.heappop(heap)
        hands[part].append(place)
        heapq.heappush(heap, (load + seconds[place], part))
    return hands
