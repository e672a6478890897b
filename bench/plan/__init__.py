"""From grids to programs: what is compiled, which runs share it, and what it will cost."""

from bench.plan.cost import Cost, chunk_width, estimate, working_set
from bench.plan.planner import Description, checkpoint_steps, plan

__all__ = ["Cost", "Description", "checkpoint_steps", "chunk_width", "estimate", "plan", "working_set"]
