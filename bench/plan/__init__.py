"""From grids to programs: what is compiled, which runs share it, and what it will cost."""

from bench.plan.cost import TYPICAL, Constants, Cost, chunk_width, estimate, working_set
from bench.plan.lengths import checkpoint_steps
from bench.plan.memory import Room, memory_of
from bench.plan.planner import Description, plan
from bench.plan.shards import Shard, part_of, shard_of

__all__ = [
    "TYPICAL",
    "Constants",
    "Cost",
    "Description",
    "Room",
    "Shard",
    "checkpoint_steps",
    "chunk_width",
    "estimate",
    "memory_of",
    "part_of",
    "plan",
    "shard_of",
    "working_set",
]
